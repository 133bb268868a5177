"""What is done to the pages of a zram device every so often, in time of the trace: the stops, and who acts at them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from zswap_replay.replay.listener import Listener, Stop
from zswap_replay.replay.zram import ZramControls
from zswap_replay.settings import Settings
from zswap_replay.trace.batch import Batch

DEFAULT_UPKEEP_NS: Final = 60 * 10**9
"""From one upkeep to the next, where nothing says it."""

_UPKEEP: Final = "upkeep"


class Upkeep:
    """A listener before another one: it lets the device be looked after, and the other look at the counters."""

    def __init__(self, listener: Listener, zram: ZramControls, every_ns: int) -> None:
        self._listener = listener
        self._zram = zram
        self._every_ns = every_ns

    def stops(self, batch: Batch, rows: int) -> Sequence[Stop]:
        """Stop before the first row of each interval that has one, and where the other listener does."""
        zram = self._zram
        if not batch.first_row:
            zram.first_ns = int(batch.time_ns[0])
        passed = (batch.time_ns[:rows] - np.uint64(zram.first_ns)) // np.uint64(self._every_ns)
        before = np.concatenate((np.array([zram.upkeeps], np.uint64), passed[:-1]))
        zram.upkeeps = int(passed[-1])
        own = [
            Stop(row, _UPKEEP, zram.first_ns + int(passed[row]) * self._every_ns)
            for row in np.flatnonzero(passed > before).tolist()
        ]
        return sorted([*own, *self._listener.stops(batch, rows)], key=lambda stop: stop.row)

    def reached(self, stop: Stop) -> None:
        """Look after the device, or let the other listener look."""
        if stop.label == _UPKEEP:
            self._zram.upkeep()
        else:
            self._listener.reached(stop)

    def snapshot(self, label: str, time_ns: int) -> None:
        """Let the other listener look."""
        self._listener.snapshot(label, time_ns)


def with_upkeep(listener: Listener, zram: ZramControls | None, settings: Settings) -> Listener:
    """Return a listener, behind one that looks after the device where there is one and the settings ask for it."""
    if zram is None or not settings.has_upkeep:
        return listener
    return Upkeep(listener, zram, settings.upkeep or DEFAULT_UPKEEP_NS)
