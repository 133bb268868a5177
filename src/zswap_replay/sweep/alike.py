"""Points that cannot differ: limits of a pool that no store found full change nothing, and one replay stands for all.

A replay in which the pool was never full says how many pages stores found it to have at most. Under any limit above
that the same replay would take the same way, whatever the threshold: the limit and its threshold are looked at in
zswap_check_limits() alone, until it finds the pool full.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from zswap_replay.result.result import TIMING_PARTS
from zswap_replay.settings import Settings
from zswap_replay.sweep.point import Outcome


class Alike:
    """What came of points whose pool was never full."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[Hashable, Outcome] = {}

    def add(self, settings: Settings, outcome: Outcome, trace: int = 0) -> None:
        """Take in what came of a replay of a trace, by its place; not the seconds that it took, nor what it learned."""
        if outcome.most_pages is not None:
            plain = replace(outcome, timing=dict.fromkeys(TIMING_PARTS, 0.0), pages_compressed=0, learned={})
            self._known.setdefault((trace, _without_limits(settings)), plain)

    def find(self, settings: Settings, trace: int = 0) -> Outcome | None:
        """Return what a replay would find; None where it must be made."""
        known = self._known.get((trace, _without_limits(settings))) if self._known else None
        if known is None or known.most_pages is None:
            return None
        # as zswap_max_pages(), mm/zswap.c; of a sampled trace the machine has a part of the RAM in ``settings``
        max_pages = known.totalram_pages * settings.max_pool_percent // 100
        return known if known.most_pages < max_pages else None


def _without_limits(settings: Settings) -> Settings:
    return replace(settings, max_pool_percent=0, accept_threshold_percent=0)
