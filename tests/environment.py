"""The environments of processes that tests start."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.paths import ROOT

if TYPE_CHECKING:
    import pytest

MEASURES = "COVERAGE_PROCESS_START"
"""The variable by which coverage measures a process: the file with its settings."""


def measured(config: pytest.Config) -> dict[str, str]:
    """Return what is added to an environment to have coverage measured, nothing where pytest measures none."""
    if not config.pluginmanager.hasplugin("_cov") or config.getoption("no_cov"):
        return {}
    return {MEASURES: str(ROOT / "tests" / "covered.ini"), "COVERAGE_ROOT": str(ROOT)}


def unmeasured(**more: str) -> dict[str, str]:
    """This process's environment, without what has coverage measured in the processes that it is given to."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")} | more


def interpreted() -> dict[str, str]:
    """An environment in which the core runs interpreted, unmeasured: that would take four times as long."""
    return unmeasured(ZSWAP_REPLAY_PURE="1")
