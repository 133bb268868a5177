"""Settings given as a share of what is known when the trace is there: ``0.5ws`` of a working set, ``20%`` of RAM."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zswap_replay.errors import SettingsError
from zswap_replay.settings import DEFAULT_TOTALRAM, Settings
from zswap_replay.trace.scaled import whole_size
from zswap_replay.units import PAGE_SIZE, RamShare, Share

if TYPE_CHECKING:
    from fractions import Fraction

    from zswap_replay.trace.info import TraceInfo
    from zswap_replay.trace.metadata import TraceMetadata
    from zswap_replay.trace.reader import TraceReader

_MOST_BYTES = (1 << 64) - 1


class WorkingSets:
    """The distinct pages of each memcg over a whole trace, those of its descendants included."""

    def __init__(self, info: TraceInfo, rate: Fraction | None = None) -> None:
        """Take what a trace has; that of a sample of ``rate`` of the pages stands for the whole's."""
        self._rate = rate
        self._pages = {memcg.path: memcg.pages for memcg in info.memcgs}

    def size(self, memcg: str) -> int:
        """Return the bytes of a memcg's working set; 0 for a memcg that the trace does not have."""
        below = "/" if memcg == "/" else f"{memcg}/"
        pages = sum(own for path, own in self._pages.items() if path == memcg or path.startswith(below))
        return whole_size(pages * PAGE_SIZE, self._rate)

    def resolve(self, share: Share, option: str, text: str) -> int:
        """Return the bytes of a share, down to a whole page.

        Raises SettingsError: the trace has no such memcg, or touches no page of it; ``option`` and ``text`` say where.
        """
        whole = self.size(share.memcg)
        if not whole:
            what = "no memcg" if share.memcg not in (*self._pages, "/") else "no page in memcg"
            raise SettingsError(
                f"{option} {text}: the trace has {what} {share.memcg}, of whose working set this is a share"
            )
        return whole_pages(share.factor, whole)


def whole_pages(factor: Fraction, whole: int) -> int:
    """Return the bytes of a share of ``whole`` bytes, down to a whole page; at most what 64 bits hold."""
    return min(int(factor * whole), _MOST_BYTES) // PAGE_SIZE * PAGE_SIZE


def totalram_of(totalram: int | None, metadata: TraceMetadata) -> int:
    """Return the bytes of RAM: as set, else the trace's, else the default; of a sample, those of the whole."""
    of_trace = (metadata.totalram_pages or 0) * PAGE_SIZE
    return totalram or whole_size(of_trace, metadata.sample_rate) or DEFAULT_TOTALRAM


def resolved(settings: Settings, reader: TraceReader) -> Settings:
    """Put bytes in the place of shares. The trace is read for them, once, where a share of a working set is among them.

    Raises SettingsError: a share of what the trace does not touch. TraceError: the trace cannot be read.
    """
    values = [settings.totalram_share, *(write.value for write in settings.knobs)]
    if not any(isinstance(value, Share | RamShare) for value in values):
        return settings
    sets: WorkingSets | None = None
    if any(isinstance(value, Share) for value in values):
        from zswap_replay.trace.info import describe

        sets = WorkingSets(describe(reader.again()), reader.metadata.sample_rate)
    if settings.totalram_share is not None:
        assert sets is not None
        totalram = sets.resolve(settings.totalram_share, "totalram", str(settings.totalram_share))
        settings = replace(settings, totalram=totalram, totalram_share=None)
    ram = totalram_of(settings.totalram, reader.metadata)
    knobs = []
    for write in settings.knobs:
        if isinstance(write.value, RamShare):
            write = replace(write, value=whole_pages(write.value.factor, ram))
        elif isinstance(write.value, Share):
            assert sets is not None
            value = sets.resolve(write.value, f"{write.memcg}:{write.key}", str(write.value))
            write = replace(write, value=value)
        knobs.append(write)
    return replace(settings, knobs=tuple(knobs))
