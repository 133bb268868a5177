"""The cases would notice: a model with one rule broken fails them."""

from __future__ import annotations

import subprocess
import sys

from tests.environment import interpreted
from tests.paths import ROOT


def test_each_broken_rule_is_noticed() -> None:
    # a process of its own: rules are broken in the interpreted core, and this one may run the compiled
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance.mutate", "--first-case", "--one-kernel"],
        cwd=ROOT,
        env=interpreted(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
