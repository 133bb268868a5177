"""What becomes of a replay: snapshots while it runs, and a Result with timing and warnings at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.contents import Timing as CodecTiming
from zswap_replay.errors import SettingsError
from zswap_replay.files import shown
from zswap_replay.lib.host_memory import available_memory
from zswap_replay.machine.machine import Machine
from zswap_replay.mm.held import Held
from zswap_replay.mm.memcg_savings import LOW_BITS
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.replay.controls import ignore
from zswap_replay.replay.counter_sources import CounterReader
from zswap_replay.replay.listener import Stop
from zswap_replay.replay.nothing_stored import why_nothing_stored
from zswap_replay.replay.page_data import PageData
from zswap_replay.replay.settings_check import kernel_rules
from zswap_replay.replay.shortages import shortage_warnings
from zswap_replay.replay.zram import zram_warnings
from zswap_replay.result.manifest import Manifest, versions
from zswap_replay.result.numbers import Numbers
from zswap_replay.result.over_time import Amounts, Number, Peaks, over_time, saved_over_time
from zswap_replay.result.packed import PackedSnapshots
from zswap_replay.result.ranges import SCHEDULING
from zswap_replay.result.result import Result, Timing
from zswap_replay.settings import Settings
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.reader import TraceReader
from zswap_replay.trace.schema import Event
from zswap_replay.units import PAGE_SIZE, counted, format_size

_SNAPSHOT_BYTES = 1 << 10
"""Memory that a snapshot takes at least."""

_SMALL = 16 << 20
"""Bytes of snapshots in a batch that are not worth a look."""

MGLRU_RECORDED = "6.12"
"""The release under which runs with MGLRU were recorded."""


class Snapshots:
    """The listener that keeps counters: where the trace asks for it, at intervals, and at the end.

    Counters are counted from the end of the warm-up on.
    """

    def __init__(
        self,
        machine: Machine,
        memcg_path: Sequence[str | None],
        warmup: int,
        mismatches: Callable[[], int],
    ) -> None:
        """Take ``memcg_path``, the paths of memcgs by the machine's index, and ``warmup``, a number of events."""
        self.taken = PackedSnapshots()
        self.interval_ns = 0
        """Nanoseconds of the trace from one snapshot to the next; 0 for those alone that the trace asks for."""
        self.watch: Callable[[Numbers], None] = ignore
        """Called with each snapshot that the trace asks for, when it is taken."""
        self.follow: Callable[[PackedSnapshots], None] = ignore
        """Called with all snapshots so far when one more was taken, whoever asked for it."""
        self.total_rows = 0
        """Rows that will be replayed."""
        self._machine = machine
        self._counters = CounterReader(machine)
        self._memcg_path = memcg_path
        self._warmup = warmup
        self._mismatches = mismatches
        self._intervals = 0
        """Whole intervals before the last row that was seen."""
        self._first_ns = 0
        self._baseline: Numbers | None = None
        self._stored_in_warmup = np.zeros(PAGE_SIZE + 1, np.int64)

    def state(self) -> dict[str, Any]:
        """Return what was taken so far, as plain data."""
        return {
            "taken": self.taken.state(),
            "intervals": self._intervals,
            "first_ns": self._first_ns,
            "baseline": None if self._baseline is None else self._baseline.as_json(),
            "stored_in_warmup": self._stored_in_warmup.tolist() if self._baseline is not None else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what ``state`` returned. Raises LookupError, TypeError, ValueError, AttributeError."""
        self.taken.restore(state["taken"])
        self._intervals = int(state["intervals"])
        self._first_ns = int(state["first_ns"])
        if state["baseline"] is not None:
            self._baseline = Numbers.from_json(state["baseline"])
            self._stored_in_warmup = np.array(state["stored_in_warmup"], np.int64).reshape(PAGE_SIZE + 1)

    def stops(self, batch: Batch, rows: int) -> list[Stop]:
        """Tell where the warm-up and intervals end among the first ``rows`` rows of a batch.

        Raises SettingsError: there would be more snapshots than memory holds.

        An interval ends before the first event of a later one. Intervals in which nothing happens end together, where
        the last of them does: a stretch without events costs one snapshot, however long it is.
        """
        found: list[Stop] = []
        warmup = self._warmup - batch.first_row
        if 0 < warmup < rows or (warmup == 0 and batch.first_row):
            found.append(Stop(warmup, "warmup"))
        if self.interval_ns:
            found.extend(self._ends(batch, rows))
        asked = sum(control.event is Event.SNAPSHOT for control in batch.controls if control.row < rows)
        self._check_room(len(found) + asked, batch.first_row, rows)
        return sorted(
            found, key=lambda stop: stop.row
        )  # at one row the warm-up, which is first here, stays first

    def _check_room(self, coming: int, first_row: int, rows: int) -> None:
        """Refuse snapshots that memory does not hold: those coming in a batch, and as many a row up to the end."""
        size = max(_SNAPSHOT_BYTES, self.taken.bytes_each)
        if coming * size < _SMALL:
            return
        coming = max(coming, coming * (self.total_rows - first_row) // rows)
        free = available_memory()
        if coming * size > free:
            memcgs = sum(path is not None for path in self._memcg_path)
            raise SettingsError(
                f"{len(self.taken) + coming:,} snapshots of {counted(memcgs, 'memcg')} would be taken, of about "
                f"{format_size(size)} each; expected what fits in memory, of which {format_size(free)} are free"
                + (" (a longer --interval takes fewer)" if self.interval_ns else "")
            )

    def _ends(self, batch: Batch, rows: int) -> Iterator[Stop]:
        """Yield the ends of intervals among the first ``rows`` rows of a batch."""
        if not batch.first_row:
            self._first_ns = int(batch.time_ns[0])
        passed = (batch.time_ns[:rows] - np.uint64(self._first_ns)) // np.uint64(self.interval_ns)
        before = np.concatenate((np.array([self._intervals], np.uint64), passed[:-1]))
        for row in np.flatnonzero(passed > before).tolist():
            ended, last = int(before[row]) + 1, int(passed[row])
            for number in (ended, last) if last > ended else (ended,):
                yield Stop(row, f"interval {number}", self._first_ns + number * self.interval_ns)
        self._intervals = int(passed[-1])

    def reached(self, stop: Stop) -> None:
        """End the warm-up, or take the snapshot of an interval."""
        if stop.time_ns is None:
            self._end_warmup()
        else:
            self._take(stop.label, stop.time_ns)

    def snapshot(self, label: str, time_ns: int) -> None:
        """Take the snapshot that the trace asks for."""
        taken = self._take(label, time_ns)
        self.watch(taken)

    def end(self, events: int, time_ns: int) -> None:
        """Take the last snapshot, after ``events`` events, at the time of the last one."""
        if 0 < events <= self._warmup:
            self._end_warmup()
        self._machine.zswap.held.pass_time(self._machine.zswap.worker.now)
        self._take("end", time_ns)

    def _take(self, label: str, time_ns: int) -> Numbers:
        numbers = self._now(label, time_ns)
        self.taken.append(numbers)
        self.follow(self.taken)
        return numbers

    def _now(self, label: str, time_ns: int) -> Numbers:
        """Copy all counters as they are now; after the warm-up, counted from its end."""
        taken = self._counters.numbers(self._memcg_path, label, time_ns, self._mismatches())
        return taken if self._baseline is None else taken.since(self._baseline)

    def _end_warmup(self) -> None:
        self._machine.zswap.held.restart(self._machine.zswap.worker.now)
        self._machine.memcgs.restart_savings()
        self._machine.vmscan.shortages.found.clear()
        self._baseline = self._now("warmup", 0)
        self._stored_in_warmup = self._stored_at_length()

    def _stored_at_length(self) -> npt.NDArray[np.int64]:
        """Return how many pages were stored at each length so far, in zswap and in zram."""
        stored = np.array(self._machine.zswap.stored_at_length)
        zram = self._machine.zram
        return stored if zram is None else stored + np.array(zram.stored_at_length)

    def compressed_lengths(self) -> dict[int, int]:
        """Count the pages stored since the end of the warm-up by compressed length; same-filled ones have none."""
        stored = self._stored_at_length() - self._stored_in_warmup
        return {length: int(stored[length]) for length in np.flatnonzero(stored).tolist() if length}


def held_over_time(held: Held) -> dict[str, Number | None]:
    """Compute the means and peaks of what zswap and the swap device held, up to the time accounted for last."""
    return over_time(
        held.since - held.began,
        Amounts(held.pool_sum, held.stored_sum, held.same_filled_sum, held.zero_sum, held.bytes_sum),
        Peaks(held.pool_peak, held.stored_peak, held.saved_peak, held.entries_at_peak, held.bytes_at_peak),
        Amounts(*held.amounts()),
    )


def saved_by_memcg(memcgs: MemCgroups, names: Sequence[str]) -> dict[str, dict[str, Number | None]]:
    """Compute the mean and the peak of what each memcg below the root saved, up to the same time.

    ``names`` are the paths of all memcgs that there were, by the machine's index; those that were removed are left out.
    """
    fields = ("parent", "online", "saved_peak", "saved_low", "saved_high")
    parent, online, peak, low, high = (memcgs.values(field).tolist() for field in fields)
    changes = [(upper << LOW_BITS) + lower for lower, upper in zip(low, high, strict=True)]
    for memcg in range(len(names) - 1, 0, -1):  # a child is always younger than its parent
        changes[parent[memcg]] += changes[memcg]
    return {
        name: saved_over_time(memcgs.savings.passed, changes[memcg], peak[memcg], memcgs.saved(memcg))
        for memcg, name in enumerate(names)
        if memcg and online[memcg]
    }


@dataclass(frozen=True, slots=True)
class Spent:
    """What a replay took: events, and seconds of the wall clock."""

    events: int
    reading: float
    total: float
    ahead: CodecTiming | None
    """What other processes spent on codecs, which is no part of the seconds above; None where there are none."""


def assemble(
    trace: str,
    reader: TraceReader,
    settings: Settings,
    page_data: PageData,
    machine: Machine,
    memcg_names: Sequence[str],
    snapshots: Snapshots,
    spent: Spent,
    origin: int,
    unmet: Sequence[str] = (),
) -> Result:
    """Make the Result of a replay that has ended; ``settings`` are as check_settings() gives them.

    ``memcg_names`` are the paths of all memcgs that there were, by the machine's index; ``origin`` is the time of the
    trace's first row, in ns; ``unmet`` says which memcgs that settings are for never came.
    """
    rate = reader.metadata.sample_rate
    digest = reader.digest if spent.events == reader.num_rows else None
    manifest = Manifest(
        trace={
            "path": shown(trace),
            "sha256": digest.sha256 if digest else None,
            "xxh3": digest.xxh3 if digest else None,
            "events": spent.events,
            **({} if rate is None else {"sample_rate": str(rate)}),
        },
        settings=settings.as_json(),
        interval_ns=snapshots.interval_ns,
        strict=reader.strict,
        inputs=page_data.inputs(),
        kernel=settings.kernel,
        kernel_asked=settings.kernel_asked,
        kernel_rules=kernel_rules(settings),
        seed=settings.seed,
        recipe=page_data.recipe.as_json(),
        versions=versions(page_data.versions()),
        lengths={name: f"not the kernel's: {text}" for name, text in page_data.deviations().items()},
    )
    return Result(
        manifest=manifest,
        snapshots=snapshots.taken,
        classes=page_data.class_ratios(
            machine.zswap.pools.class_counts.counts,
            *([machine.zram.class_counts.counts] if machine.zram else []),
        ),
        timing=_timing(page_data, spent),
        warnings=(
            *unmet,
            *_warnings(reader, machine, page_data, settings, spent.events),
            *_of_warmup(settings, spent.events, reader.metadata.prologue_rows or 0),
            *shortage_warnings(machine, memcg_names, origin, rate),
        ),
        compressed_lengths=snapshots.compressed_lengths(),
        over_time=held_over_time(machine.zswap.held),
        over_time_by_memcg=saved_by_memcg(machine.memcgs, memcg_names),
        duration_ns=machine.zswap.held.since - machine.zswap.held.began,
    )


def _timing(page_data: PageData, spent: Spent) -> Timing:
    """Tell where the seconds went; what reading and codecs did not take here, the model took."""
    inline = [contents.timing for contents in page_data.contents.values()]
    timings = [*inline, spent.ahead] if spent.ahead else inline
    payload, compress, decompress = (
        sum(getattr(timing, part) for timing in timings) / 1e9
        for part in ("payload_ns", "compress_ns", "decompress_ns")
    )
    here = sum(timing.payload_ns + timing.compress_ns + timing.decompress_ns for timing in inline) / 1e9
    return Timing(
        read=spent.reading,
        payload=payload,
        compress=compress,
        decompress=decompress,
        model=spent.total - spent.reading - here,
        total=spent.total,
        events=spent.events,
        pages_compressed=sum(timing.compress_calls for timing in timings),
    )


def _of_warmup(settings: Settings, events: int, prologue: int) -> Iterator[str]:
    """Say where nothing is counted, since all events were those of the warm-up."""
    if settings.warmup and 0 < events - prologue <= settings.warmup:
        yield (
            f"warmup is {settings.warmup:,} events, and {events - prologue:,} were replayed: nothing is counted"
        )


def _warnings(
    reader: TraceReader, machine: Machine, page_data: PageData, settings: Settings, events: int
) -> tuple[str, ...]:
    """Say what a reader of the counters of so many events has to know first."""
    found = [*page_data.faults(), *page_data.remarks()]
    rules = kernel_rules(settings)
    if rules:
        found.append(f"kernel {rules}")
    found += [
        f"{name}: lengths are not the kernel's: {text}" for name, text in page_data.deviations().items()
    ]
    if settings.lengths:
        given = {"seed": settings.seed != 0, "recipe": settings.recipe != "default"}
        found += [
            f"{name}: not looked at, since {settings.lengths} says how long pages are compressed"
            for name, is_given in given.items()
            if is_given
        ]
    rate = reader.metadata.sample_rate
    if settings.reclaim == "mglru" and settings.kernel != MGLRU_RECORDED:
        found.append(
            f"MGLRU was recorded on {MGLRU_RECORDED}: under {settings.kernel} its rules are read, not recorded"
        )
    if settings.page_cluster:
        found.append("swap readahead (page_cluster) is read in the kernel's sources, not compared with a run")
    if not machine.memcgs.uses.has_counted():
        # the reader may be ahead of the replay: what it has seen counts where that came to the end
        whole = events == reader.num_rows and not reader.page_events
        none = "the trace has no page event" if whole else f"none of the {events:,} events accesses a page"
        found.append(f"{none}: nothing was replayed")
    elif "zswap" in settings.tier and not machine.zswap.zswpout:
        found.append(
            f"nothing was stored in zswap: {why_nothing_stored(machine, reader.paths, settings, rate)}"
        )
    found += zram_warnings(machine, settings)
    if machine.vmscan.worker_waited:
        found.append(SCHEDULING)
    return tuple(found)
