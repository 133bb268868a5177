"""The machine that settings describe."""

from __future__ import annotations

from zswap_replay.machine.machine import Machine
from zswap_replay.mm.release_changes import release_of
from zswap_replay.settings import Settings
from zswap_replay.units import PAGE_SIZE


def make_machine(settings: Settings) -> Machine:
    """Make the machine that settings describe, as check_settings() gives them."""
    assert settings.totalram is not None
    assert settings.nodes is not None
    return Machine(
        release_of(settings.kernel),
        settings.totalram // PAGE_SIZE,
        settings.nodes,
        settings.writeback_ns,
        synchronous_swap=settings.swap_device == "ram",
        reclaim=settings.reclaim,
        shrink_delay=settings.shrink_delay,
        stat_flush=settings.stat_flush,
        page_cluster=settings.page_cluster,
        zram=settings.has_zram,
        rotational=settings.swap_device == "rotational",
    )
