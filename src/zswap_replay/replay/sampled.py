"""What a replay of a sample does to its settings, which are those of the whole."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.scaled import SIZES, scaled_size
from zswap_replay.units import PAGE_SIZE


def of_sample(settings: Settings, rate: Fraction | None) -> Settings:
    """Return the settings of the machine that a sample of `rate` of the pages is replayed on.

    They are as check_settings() gives them. Limits and RAM are at the rate. A page that is written back stands for as
    many as it was chosen from, so that its write takes as much longer; and accesses come as much more seldom, so that
    the statistics of a memcg are flushed after as many fewer of them.
    """
    if rate is None:
        return settings
    assert settings.totalram is not None
    stat_flush = settings.stat_flush and max(1, round(settings.stat_flush * rate))
    return replace(
        settings,
        totalram=scaled_size(settings.totalram, rate),
        writeback_ns=min(round(settings.writeback_ns / rate), 1 << 62),
        stat_flush=stat_flush,
        knobs=tuple(_scaled(write, rate) for write in settings.knobs),
        disksize=settings.disksize and scaled_size(settings.disksize, rate),
        mem_limit=settings.mem_limit and scaled_size(settings.mem_limit, rate),
        backing_dev=settings.backing_dev and max(scaled_size(settings.backing_dev, rate), 2 * PAGE_SIZE),
        writeback_limit=settings.writeback_limit and max(1, round(settings.writeback_limit * rate)),
    )


def told(rate: Fraction) -> str:
    """Say how a sample is replayed, in a line."""
    return (
        f"the trace is a sample of {rate} of the pages: limits and RAM given as flags are those of the whole, and are "
        f"replayed at {rate}; the counters are the sample's"
    )


def _scaled(write: KnobWrite, rate: Fraction) -> KnobWrite:
    return replace(write, value=scaled_size(write.bytes, rate)) if write.key in SIZES else write
