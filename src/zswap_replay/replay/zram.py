"""The zram device of a replay: how it is set up, by settings and by the trace, and what is written to its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from errno import errorcode
from typing import Any, Final, Protocol

from zswap_replay.codec.base import ZRAM, parse_spec
from zswap_replay.errors import CodecError, SettingsError
from zswap_replay.lib.length_index import Lengths
from zswap_replay.machine.machine import Machine
from zswap_replay.mm.contents import Contents
from zswap_replay.mm.swap_slots import DeviceSlots
from zswap_replay.mm.zcomp import Zcomp
from zswap_replay.mm.zram_drv import NO_END, Zram
from zswap_replay.mm.zram_walks import idle_store, recompress_store, writeback_store
from zswap_replay.settings import Settings
from zswap_replay.trace import zram_files
from zswap_replay.trace.zram_files import MAX_COMPS, Algorithm
from zswap_replay.units import PAGE_SIZE, format_size, parse_size

LARGEST_DISKSIZE: Final = 8 << 30
"""The size of a device where nothing says it: as much as RAM, and no more than this, as Fedora has it."""

RECORDED: Final = "6.12"
"""The release under which runs with zram were recorded."""

_SETUP: Final = ("comp_algorithm", "algorithm_params", "recomp_algorithm", "backing_dev", "disksize")
"""The files that are written before the device is in use; afterwards the kernel refuses them (EBUSY)."""


class Pools(Protocol):
    """Where the device gets its compressors from: page_data.PageData."""

    def canonical(self, compressor: str) -> str:
        """Give a compressor its one spelling. Raises CodecError."""

    def pool(self, compressor: str) -> tuple[Contents, Lengths, Lengths | None]:
        """Give what a compressor asks for lengths, those known already, and where to note others."""

    def header_length(self, compressor: str, pages: int) -> int:
        """Return what the header of a swap device of ``pages`` pages is compressed to, in bytes."""


class ZramControls:
    """Writes to the files of the zram device: at the start what the settings say, then what the trace asks for.

    A device that the trace sets up takes the place of the one at the start, which nothing was swapped to. What was
    given as a setting holds: the trace's own writes to it are ignored, with a note.
    """

    def __init__(
        self, machine: Machine, settings: Settings, pools: Pools, note: Callable[[str], None]
    ) -> None:
        self._machine = machine
        self._settings = settings
        self._pools = pools
        self._note = note
        self.set_by_trace = False
        """Whether the trace has begun to set the device up."""
        self._algorithms: dict[int, str] = {}
        self._levels: list[Algorithm] = []
        self._backing = 0
        self.first_ns = 0
        """Time of the trace's first row, from which upkeep is counted."""
        self.upkeeps = 0
        """Upkeeps before the last row that was seen."""

    def state(self) -> dict[str, Any]:
        """Return what was set so far beside the machine, as plain data."""
        return {
            "set_by_trace": self.set_by_trace,
            "algorithms": sorted(self._algorithms.items()),
            "backing": self._backing,
            "first_ns": self.first_ns,
            "upkeeps": self.upkeeps,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what ``state`` returned. Raises LookupError, TypeError, ValueError."""
        self.set_by_trace = bool(state["set_by_trace"])
        self._algorithms = {int(priority): str(name) for priority, name in state["algorithms"]}
        self._backing = int(state["backing"])
        self.first_ns, self.upkeeps = int(state["first_ns"]), int(state["upkeeps"])

    # ---- set up ----

    def begin(self) -> None:
        """Make the device of the settings, and swap to it."""
        settings = self._settings
        self._algorithms = {0: settings.comp_algorithm or settings.compressor}
        for asked in settings.recomp_algorithms():
            assert asked.priority is not None
            self._algorithms[asked.priority] = str(asked.name)
        self._backing = (settings.backing_dev or 0) // PAGE_SIZE
        assert settings.totalram is not None
        self._make(settings.disksize or min(settings.totalram, LARGEST_DISKSIZE))
        self._swapon(once=False, pages=False)

    def _make(self, disksize: int) -> None:
        """Set a device up as a write to ``disksize`` does, its other files written before."""
        zram = self._zram()
        for priority, name in sorted(self._algorithms.items()):
            spec = self._spec(self._leveled(name, priority))
            contents, lengths, learned = self._pools.pool(spec)
            header = self._pools.header_length(spec, disksize // PAGE_SIZE)
            zram.set_algorithm(priority, Zcomp(spec, contents, lengths, learned, header))
        zram.backing_pages = self._backing
        zram.memcgs = self._machine.memcgs if self._settings.charge_zram else None
        zram.disksize_store(disksize)
        if self._settings.mem_limit is not None:
            zram.mem_limit_store(self._settings.mem_limit)
        if self._settings.writeback_limit is not None:
            zram.bd_wb_limit = self._settings.writeback_limit
            zram.wb_limit_enable = True

    def _leveled(self, name: str, priority: int) -> str:
        """Return a compressor with the level that algorithm_params gave it, if any."""
        levels = [
            each.level
            for each in self._levels
            if each.level is not None
            and (each.name == name if each.name else (each.priority or 0) == priority)
        ]
        return f"{name.partition(':')[0]}:{levels[-1]}" if levels else name

    def _spec(self, name: str) -> str:
        """Return the spec of a compressor of zram's."""
        try:
            return parse_spec(f"{ZRAM}{name}")
        except CodecError:
            self._pools.canonical(name)  # refused too, unless any name will do
            return f"{ZRAM}{name}"

    def _zram(self) -> Zram:
        assert self._machine.zram is not None
        return self._machine.zram

    def _slots(self) -> DeviceSlots:
        assert self._machine.slots is not None
        return self._machine.slots

    @contextmanager
    def _change(self) -> Iterator[Zram]:
        """Give the device to change what it holds, which is accounted for before and after."""
        self._machine.zswap.held.pass_time(self._machine.zswap.worker.now)
        yield self._zram()
        self._machine.zswap.held.note_peaks()

    def _swapon(self, *, once: bool, pages: bool) -> None:
        """Write the swap header, and swap to the device from here on; discard it now, and clusters that become free."""
        with self._change() as zram:
            zram.swap_header(self._machine.zswap.worker.now)
        self._slots().swapon(zram.nr_pages, once, pages)

    def _unused(self) -> bool:
        """Tell whether nothing was swapped to the device so far."""
        slots = self._slots()
        return slots.nr_swap_pages == slots.total_swap_pages

    # ---- the trace's writes ----

    def write(self, file: str, text: str) -> None:
        """Write to a file of the device as the trace asks.

        Raises SettingsError, CodecError: the device cannot be set up so.
        """
        given = getattr(self._settings, file, None) if file in _SETUP or file == "mem_limit" else None
        if given is not None:
            self._note(f"zram.{file} was given as a flag: the trace's own writes to it are ignored")
            if file != "disksize":
                return
        if file in _SETUP or file == "swapon":
            self._set_up(file, text)
        else:
            self._use(file, text)

    def _set_up(self, file: str, text: str) -> None:
        """Write a file that comes before the device is in use."""
        zram = self._zram()
        if not self.set_by_trace:
            if not self._unused():
                self._note(
                    f"zram.{file} comes after pages were swapped out: ignored, as the kernel does (EBUSY)"
                )
                return
            self._forget()
        if file == "swapon":
            if not zram.nr_pages:
                raise SettingsError("zram.swapon: expected zram.disksize before it")
            self._swapon(once=text in ("discard", "discard_once"), pages=text in ("discard", "discard_pages"))
        elif zram.nr_pages:
            self._note(f"zram.{file} comes after zram.disksize: ignored, as the kernel does (EBUSY)")
        elif file == "comp_algorithm":
            self._algorithms[0] = text.strip()
        elif file == "algorithm_params":
            self._levels.append(zram_files.parse_algorithm_params(text))
        elif file == "recomp_algorithm":
            asked = zram_files.parse_recomp_algorithm(text)
            self._algorithms[asked.priority or 1] = str(asked.name)
        elif file == "backing_dev":
            self._backing = NO_END
        else:
            self._make(self._settings.disksize or zram_files.parse_disksize(text))

    def _forget(self) -> None:
        """Take the device away that the settings made; what they name holds for the trace's too."""
        settings = self._settings
        self.set_by_trace = True
        with self._change() as zram:
            zram.reset_store()
        self._slots().swapon(0, False, False)
        kept = {0: settings.comp_algorithm} if settings.comp_algorithm else {0: settings.compressor}
        if settings.recomp_algorithm is not None:
            kept |= {priority: name for priority, name in self._algorithms.items() if priority}
        self._algorithms = kept
        self._backing = (settings.backing_dev or 0) // PAGE_SIZE
        self._levels = []

    def _use(self, file: str, text: str) -> None:
        """Write a file of a device that is in use."""
        zram = self._zram()
        error = 0
        match file:
            case "mem_limit":
                self._limit(parse_size(text))
            case "mem_used_max":
                zram.mem_used_max_store()
            case "idle":
                idle_store(zram, self._machine.zswap.worker.now, zram_files.parse_idle(text))
            case "writeback":
                with self._change():
                    error = writeback_store(zram, *zram_files.parse_writeback(text))
            case "writeback_limit":
                zram.bd_wb_limit = int(text)
            case "writeback_limit_enable":
                zram.wb_limit_enable = text.strip() == "1"
            case "recompress":
                error = self.recompress(text)
            case "compact":
                with self._change():
                    zram.compact_store()
            case "reset":
                self._note("zram.reset: a device in use cannot be reset (EBUSY): ignored")
        if error:
            self._note(f"zram.{file} {text.strip()!r} ended early ({errorcode[-error]})")

    def upkeep(self) -> None:
        """Do what the settings ask for every so often: mark idle pages, recompress, write back."""
        settings = self._settings
        if settings.idle is not None:
            idle_store(self._zram(), self._machine.zswap.worker.now, settings.idle * 10**9)
        if settings.recompress is not None:
            self.recompress(settings.recompress)
        for text in (settings.writeback or "").split(",") if settings.writeback is not None else ():
            with self._change() as zram:
                writeback_store(zram, *zram_files.parse_writeback(text))

    def _limit(self, size: int) -> None:
        """Write mem_limit; one below what the pool has keeps out all but same-filled pages."""
        zram = self._zram()
        zram.mem_limit_store(size)
        used = zram.counters()["mem_used_total"]
        if 0 < zram.limit_pages * PAGE_SIZE < used:
            self._note(
                f"zram.mem_limit {size} is below the {format_size(used)} that the pool has: no page is taken from "
                "here on, but for same-filled ones"
            )

    def recompress(self, text: str) -> int:
        """Let pages be recompressed; return 0 or a negative error."""
        asked = zram_files.parse_recompress(text)
        first, end = 1, MAX_COMPS
        if asked.priority is not None:
            first = max(asked.priority, 1)
            end = first + 1
        if asked.name is not None:
            having = [
                priority
                for priority, name in self._algorithms.items()
                if name == asked.name and priority >= first
            ]
            if not having:
                self._note(f"zram.recompress {text.strip()!r}: no such algorithm (EINVAL): ignored")
                return 0
            first = min(having)
            end = first + 1
        if not text.strip():
            return 0
        with self._change() as zram:
            return recompress_store(zram, asked.mode, asked.threshold, asked.max_pages, first, end)


def zram_warnings(machine: Machine, settings: Settings) -> list[str]:
    """Say what of a replay with a zram device a reader of its counters has to know first."""
    zram = machine.zram
    if zram is None:
        return []
    found = []
    if settings.kernel != RECORDED:
        found.append(
            f"zram was recorded on {RECORDED}: under {settings.kernel} its rules are read, not recorded"
        )
    if zram.failed_writes:
        limit = (
            f"its mem_limit of {format_size(zram.limit_pages * PAGE_SIZE)}"
            if zram.limit_pages
            else "a mem_limit"
        )
        found.append(
            f"zram refused {zram.failed_writes:,} writes at {limit}: each page stayed in memory and kept its slot; "
            "nothing falls back to a disk"
        )
    return found
