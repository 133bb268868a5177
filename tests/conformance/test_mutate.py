"""The cases would notice: a model with one rule broken fails them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.environment import interpreted, unmeasured
from tests.paths import ROOT


@pytest.mark.parametrize(
    ("rules", "environment"),
    # rules that are no flags are broken in the interpreted core, and this process may run the compiled
    [("--flags", unmeasured), ("--no-flags", interpreted)],
    ids=["flags", "others"],
)
def test_each_broken_rule_is_noticed(rules: str, environment: Callable[[], dict[str, str]]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance.mutate", "--first-case", "--one-kernel", rules],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
