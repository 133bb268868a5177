"""The environments of processes that tests start."""

from __future__ import annotations

import os


def unmeasured(**more: str) -> dict[str, str]:
    """This process's environment, without what has coverage measured in the processes that it is given to."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")} | more


def interpreted() -> dict[str, str]:
    """An environment in which the core runs interpreted, unmeasured: that would take four times as long."""
    return unmeasured(ZSWAP_REPLAY_PURE="1")
