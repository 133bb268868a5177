"""Running the command line as a user does."""

from __future__ import annotations

import os
import subprocess
import sys

from tests import warm
from tests.environment import interpreted
from tests.paths import ROOT


def command(*arguments: str, pure: bool = False, cold: bool = False) -> subprocess.CompletedProcess[str]:
    """``zswap-replay`` with some arguments, from the repository's root.

    Interpreted where ``pure``; a process that starts from nothing where ``cold``, as with ``pure`` it always does.
    """
    program = (sys.executable, "-m", "zswap_replay") if pure or cold else warm.program()
    environment = interpreted() if pure else {**os.environ, "ZSWAP_REPLAY_PURE": "0"}
    return subprocess.run(
        [*program, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=ROOT,
        env=environment,
    )


def output(*arguments: str, pure: bool = False, cold: bool = False) -> str:
    """What a command that ends well prints."""
    done = command(*arguments, pure=pure, cold=cold)
    assert 0 == done.returncode, done.stderr
    return done.stdout
