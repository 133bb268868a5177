"""Running the command line as a user does."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.environment import interpreted
from tests.paths import ROOT


def command(*arguments: str, pure: bool = False) -> subprocess.CompletedProcess[str]:
    """``zswap-replay`` with some arguments, from the repository's root; interpreted where ``pure``."""
    environment = interpreted() if pure else {**os.environ, "ZSWAP_REPLAY_PURE": "0"}
    return subprocess.run(
        [sys.executable, "-m", "zswap_replay", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=ROOT,
        env=environment,
    )


def output(*arguments: str, pure: bool = False) -> str:
    """What a command that ends well prints."""
    done = command(*arguments, pure=pure)
    assert 0 == done.returncode, done.stderr
    return done.stdout
