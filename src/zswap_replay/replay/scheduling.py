"""Whether counters depend on when the shrink worker gets the processor, which a trace does not say."""

from __future__ import annotations

from typing import Final

from zswap_replay.machine.machine import Machine

SCHEDULING: Final = (
    "the pool's limit was hit in reclaim: written_back_pages, pool_limit_hit, zswpout, zswpin and what goes to the "
    "swap device depend on scheduling, by up to a factor of 7 from one machine to another; "
    "run --range tells by how much here"
)
"""What is said where no range was asked for: the factor is that of docs/reclaim.md."""


def depends_on_scheduling(machine: Machine) -> bool:
    """Tell whether a replay had stores refused at a full pool while reclaim is modelled as the kernel's.

    Between events the worker keeps to the trace's clock, and under a plain LRU too; within reclaim that clock stands.
    """
    return bool(not machine.exact_lru and machine.zswap.pool_limit_reject and machine.vmscan.pgsteal)
