"""The loop: batches of a trace into the machine, counters out of it, a Result at the end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Unpack

import numpy as np

from zswap_replay.codec.contents import Timing as CodecTiming
from zswap_replay.codec.workers import Farm, shared_farm
from zswap_replay.errors import SettingsError
from zswap_replay.machine.events import Events
from zswap_replay.machine.machine import Machine
from zswap_replay.mm.releases import RELEASES, Release
from zswap_replay.replay.counter_sources import take_snapshot
from zswap_replay.replay.keywords import SettingsOptions, settings_of
from zswap_replay.replay.lookahead import Foreseen, Foresight
from zswap_replay.replay.page_data import LengthMemo, Outside
from zswap_replay.result.manifest import Manifest, versions
from zswap_replay.result.result import Result, Timing
from zswap_replay.result.snapshot import Snapshot, difference
from zswap_replay.settings import DEFAULT_TOTALRAM, Settings
from zswap_replay.trace.batch import Batch, Control, cut
from zswap_replay.trace.reader import TraceReader, open_trace
from zswap_replay.trace.schema import Event
from zswap_replay.units import PAGE_SIZE, parse_duration

Progress = Callable[[int, int], None]
Notes = Callable[[str], None]

_FORESEEN_ROWS = 1 << 14
"""Rows that are looked at ahead in one go: few, so that what other processes compress is soon waited for in part."""
_KNOBS_WITH_POOL = ("compressor", "zpool")


def replay(
    trace: str | os.PathLike[str],
    settings: Settings | None = None,
    *,
    strict: bool = False,
    interval: str | None = None,
    interval_ns: int = 0,
    batch_rows: int | None = None,
    memo: LengthMemo | None = None,
    jobs: int | None = None,
    farm: Farm | None = None,
    progress: Progress | None = None,
    notes: Notes | None = None,
    **options: Unpack[SettingsOptions],
) -> Result:
    """Replay a trace under some settings, given as Settings or by keyword.

    >>> import zswap_replay as zr
    >>> r = zr.replay("traces/story.parquet", max_pool_percent=10)
    >>> r.counters["zswpout"], r.memcg["/web"]["zswpout"]
    (1660, 200)

    ``trace`` is a Parquet file, a folder of them or a pyarrow.fs URI. With ``strict`` a memcg must be created
    before it is named. ``interval`` (``"50ms"``) or ``interval_ns`` takes a snapshot each time so much of the trace
    has passed, besides those that the trace asks for. ``batch_rows`` bounds the rows in memory at once; no counter
    depends on it. ``memo`` carries lengths from one replay to the next. With ``jobs`` so many processes, this
    one included, compress ahead of the replay, or those of ``farm``, if they are there already: each content is then
    compressed and compared once, and not at each store and load. No counter depends on that either.
    ``progress`` is told the events done and the events in all, ``notes`` gets remarks for people, a line each. The
    settings' keywords are those of ``SettingsOptions``.

    Raises TraceError, SettingsError, RecipeError, CodecError: bad input. VerificationError: a page came back from the
    pool with other bytes than went in. TypeError: an unknown keyword.
    """
    settings = settings_of(settings, options)
    if interval is not None:
        if interval_ns:
            raise SettingsError(
                f"interval {interval!r} and interval_ns {interval_ns}: expected one of the two"
            )
        interval_ns = parse_duration(interval)
    path = os.fspath(trace)
    run = Replay(open_trace(path, strict=strict), path, settings, notes or _ignore, memo)
    with shared_farm(jobs if farm is None else None, notes or _ignore) as own:
        result = run.result(interval_ns, batch_rows, progress or _ignore, farm or own)
    if memo is not None:
        memo.settle()
    return result


def _ignore(*_: object) -> None:
    """What a caller does with remarks and progress that it did not ask for."""


class Replay:
    """One replay on its way: a reader, a machine, and the snapshots taken so far."""

    def __init__(
        self,
        reader: TraceReader,
        path: str,
        settings: Settings,
        notes: Notes,
        memo: LengthMemo | None = None,
        outside: Outside | None = None,
    ) -> None:
        metadata = reader.metadata
        totalram = settings.totalram or (metadata.totalram_pages or 0) * PAGE_SIZE or DEFAULT_TOTALRAM
        nodes = settings.nodes or metadata.nodes or 1
        if metadata.nodes is not None and nodes < metadata.nodes:
            raise SettingsError(f"nodes {nodes}: the trace has {metadata.nodes}")
        self.reader = reader
        self.path = path
        self.settings = replace(settings, totalram=totalram, nodes=nodes)
        self.nodes = nodes
        self.notes = notes
        self.noted: set[str] = set()
        self.release: Release = RELEASES[settings.kernel]
        self.outside = outside or Outside.of(settings, metadata.recipe, memo)
        self.compressor = self.outside.canonical(settings.compressor)
        self.settings = replace(self.settings, compressor=self.compressor)
        self.zpool = settings.zpool
        self.machine = Machine(
            self.release,
            totalram // PAGE_SIZE,
            nodes,
            settings.writeback_ns,
            synchronous_swap=settings.swap_device == "ram",
            exact_lru=settings.reclaim == "lru",
            shrink_delay=settings.shrink_delay,
        )
        # the paths of the memcgs by the machine's index, None for one that was removed
        self.memcg_path: list[str | None] = ["/"]
        self.run_events: Callable[[Events, int, int], int] = self.machine.run
        self.extra_paths: dict[str, int] = {}
        self.snapshots: list[Snapshot] = []
        self.baseline: Snapshot | None = None
        self.stored_in_warmup = np.zeros(PAGE_SIZE + 1, np.int64)
        self.events = 0
        self.now = 0
        self.interval_ns = 0
        self.watch: Callable[[Snapshot], None] = _ignore
        """Called with each snapshot that the trace asks for, when it is taken."""

    # ---- settings ----

    def apply_settings(self) -> None:
        """Write the settings that the kernel has as module parameters, and the memcg knobs given as flags."""
        settings = self.settings
        if self.zpool not in self.release.zpools:
            raise SettingsError(
                f"zpool {self.zpool}: {self.release.name} has {', '.join(self.release.zpools)}"
            )
        for param in (
            "enabled",
            "max_pool_percent",
            "accept_threshold_percent",
            "shrinker_enabled",
            "exclusive_loads",
            "same_filled_pages_enabled",
            "non_same_filled_pages_enabled",
        ):
            if param in settings.fixed and param not in self.release.params:
                raise SettingsError(f"{param}: {self.release.name} has no such parameter")
            self.machine.set_param(param, int(getattr(settings, param)))
        self.set_pool()
        for write in settings.knobs:
            self.check_memcg_knob(write.key, write.memcg)

    def set_pool(self) -> None:
        """Make the pool of the compressor and allocator that are set the current one."""
        contents, lengths, learned = self.outside.pool(self.compressor)
        try:
            self.machine.set_pool(self.zpool, self.compressor, contents, lengths, learned)
        except OverflowError as error:
            raise SettingsError(str(error)) from None

    def check_memcg_knob(self, key: str, memcg: str) -> None:
        """Refuse a knob given as a flag that the release or the memcg does not have."""
        if key == "memory.zswap.writeback" and self.release.writeback_switch == "none":
            raise SettingsError(f"{memcg}:{key}: {self.release.name} has no such file")
        if memcg == "/" and key != "memory.zswap.writeback":
            raise SettingsError(f"{memcg}:{key}: the root memcg has no such file")

    def note_once(self, text: str) -> None:
        """Make a remark, the first time only."""
        if text not in self.noted:
            self.noted.add(text)
            self.notes(text)

    # ---- the loop ----

    def result(
        self, interval_ns: int, batch_rows: int | None, progress: Progress, farm: Farm | None = None
    ) -> Result:
        """Replay to the end of the trace; with a farm lengths are found ahead of it."""
        started = perf_counter()
        self.interval_ns = interval_ns
        self.apply_settings()
        reading = 0.0
        total = self.reader.num_rows
        if self.settings.max_events is not None:
            total = min(total, self.settings.max_events)
        batches = self.reader.batches(batch_rows)
        foresight = self.foresight(farm) if farm is not None else None
        if foresight is not None:
            batches = foresight.batches(cut(batches, _FORESEEN_ROWS), total)
        next_interval = interval_ns
        while self.events < total:
            before = perf_counter()
            batch = next(batches, None)
            reading += perf_counter() - before
            if batch is None:
                break
            next_interval = self.replay_batch(
                batch, min(len(batch), total - self.events), interval_ns, next_interval
            )
            del batch  # it need not be there while the next one is made
            progress(self.events, total)
        before = perf_counter()
        next(batches, None)  # the reader's digest is there when it has come to the end
        reading += perf_counter() - before
        if 0 < self.events <= self.settings.warmup:
            self.end_warmup()
        self.machine.advance(self.now)
        self.snapshots.append(self.take_snapshot("end"))
        return self.finish(reading, perf_counter() - started, foresight.spent if foresight else None)

    def foresight(self, farm: Farm) -> Foresight | None:
        """What runs ahead of this replay; None where no codec is called."""
        if self.outside.source is None:
            return None
        foreseen = Foreseen(self.outside)
        scout = _Scout(self.reader, self.path, self.settings, _ignore, outside=foreseen)
        scout.apply_settings()
        return Foresight(self.outside, foreseen, scout, farm)

    def replay_batch(self, batch: Batch, rows: int, interval_ns: int, next_interval: int) -> int:
        """Replay the first ``rows`` rows of a batch; when the next interval ends."""
        events = Events(
            batch.time_ns.data,
            batch.event.data,
            batch.memcg.data,
            batch.page.data,
            batch.count.data,
            batch.node.data,
            batch.content.data,
            batch.has_content.data,
        )
        self.check_nodes(batch, rows)
        controls = iter(batch.controls)
        for stop, label in self.stops(batch, rows, interval_ns, next_interval):
            row = self.events - batch.first_row
            while True:
                row = self.run_events(events, row, stop)
                if row == stop:
                    break
                if batch.event[row] < Event.SNAPSHOT:
                    self.create_memcg(int(batch.memcg[row]))
                    continue
                self.machine.advance(int(batch.time_ns[row]))
                self.control(next(control for control in controls if control.row == row))
                row += 1
            self.events = batch.first_row + stop
            if label is not None:
                if interval_ns and label != "warmup":
                    self.machine.advance(next_interval)
                    self.snapshots.append(self.take_snapshot(label, next_interval))
                    next_interval += interval_ns
                else:
                    self.end_warmup()
        self.now = int(batch.time_ns[rows - 1])
        return next_interval

    def check_nodes(self, batch: Batch, rows: int) -> None:
        """Refuse a page on a node that the machine does not have."""
        beyond = np.flatnonzero(batch.node[:rows] >= self.nodes)
        if beyond.size:
            row = int(beyond[0])
            raise SettingsError(
                f"{self.path}: row {batch.first_row + row}, column node: found {batch.node[row]}; "
                f"expected a node below {self.nodes} (--nodes, or the trace's metadata)"
            )

    def stops(
        self, batch: Batch, rows: int, interval_ns: int, next_interval: int
    ) -> Iterator[tuple[int, str | None]]:
        """Where a batch is to be halted, and the label of the snapshot that is due there; its end comes last."""
        due: list[tuple[int, int, str]] = []
        warmup = self.settings.warmup - batch.first_row
        if 0 < warmup < rows or (warmup == 0 and batch.first_row):
            due.append((warmup, 0, "warmup"))
        if interval_ns:
            last = int(batch.time_ns[rows - 1])
            ends = np.arange(next_interval, last + 1, interval_ns, dtype=np.uint64)
            rows_at = np.searchsorted(batch.time_ns[:rows], ends, side="left")
            due.extend(
                (int(row), 1 + place, f"interval {int(end) // interval_ns}")
                for place, (row, end) in enumerate(zip(rows_at, ends, strict=True))
            )
        for row, _, label in sorted(due):
            yield row, label
        yield rows, None

    # ---- control events ----

    def control(self, control: Control) -> None:
        """Do what an event asks for that is more than an access."""
        if control.event is Event.SNAPSHOT:
            assert control.key is not None
            self.snapshots.append(self.take_snapshot(control.key, control.time_ns))
            self.watch(self.snapshots[-1])
        elif control.event is Event.PARAM:
            self.write_param(str(control.key), control.value)
        elif control.event is Event.MEMCG_CREATE:
            self.create_memcg(control.memcg, anew=True)
        elif control.event is Event.MEMCG_OFFLINE:
            self.memcg_path[self.machine.memcgs.memcg_of_path(control.memcg)] = None
            self.machine.memcg_offline(control.memcg)
        else:
            if self.machine.memcgs.memcg_of_path(control.memcg) < 0:
                self.create_memcg(control.memcg)
            assert isinstance(control.value, int)
            if control.event is Event.MEMCG_RECLAIM:
                self.machine.memcg_reclaim(control.memcg, control.value)
            else:
                self.write_memcg_knob(control.memcg, str(control.key), control.value)

    def write_param(self, key: str, value: int | str | None) -> None:
        """Write a module parameter as the trace asks, unless a flag has fixed it or the release lacks it."""
        if key in self.settings.fixed:
            self.note_once(f"{key} was given as a flag: the trace's own writes to it are ignored")
        elif key not in self.release.params and not (key == "zpool" and value in self.release.zpools):
            self.note_once(
                f"{self.release.name} has no parameter {key}: the trace's writes to it are ignored"
            )
        elif key in _KNOBS_WITH_POOL:
            if key == "compressor":
                self.compressor = self.outside.canonical(str(value))
            elif value in self.release.zpools:
                self.zpool = str(value)
            else:
                raise SettingsError(
                    f"the trace asks for zpool {value}; modelled are {', '.join(self.release.zpools)}"
                )
            self.set_pool()
        else:
            assert isinstance(value, int)
            self.machine.set_param(key, value)

    def write_memcg_knob(self, path: int, key: str, value: int) -> None:
        """Write to a memcg's file as the trace asks, unless a flag has fixed it or the release lacks it."""
        memcg = self.reader.paths[path]
        if any(write.memcg == memcg and write.key == key for write in self.settings.knobs):
            self.note_once(f"{memcg}:{key} was given as a flag: the trace's own writes to it are ignored")
        elif key == "memory.zswap.writeback" and self.release.writeback_switch == "none":
            self.note_once(f"{self.release.name} has no {key}: the trace's writes to it are ignored")
        else:
            self.machine.memcg_set(path, key, value)

    def create_memcg(self, path: int, *, anew: bool = False) -> None:
        """Make the memcg of a path, with those of its ancestors that are not there yet, and write its flags."""
        if not anew and self.machine.memcgs.memcg_of_path(path) >= 0:
            return
        name = self.reader.paths[path]
        parent = self.reader.paths.index(name.rpartition("/")[0] or "/")
        self.create_memcg(parent)
        seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
        self.machine.memcg_create(path, parent, seed, self.outside.recipe.group(name))
        self.memcg_path.append(name)
        for write in self.settings.knobs:
            if write.memcg == name:
                self.machine.memcg_set(path, write.key, write.value)

    # ---- what comes out ----

    def take_snapshot(self, label: str, time_ns: int | None = None) -> Snapshot:
        """All counters now; after a warm-up, counted from its end."""
        taken = take_snapshot(
            self.machine, self.memcg_path, label, self.now if time_ns is None else time_ns, self.mismatches
        )
        return taken if self.baseline is None else difference(taken, self.baseline)

    def end_warmup(self) -> None:
        """Count from here on."""
        self.baseline = self.take_snapshot("warmup")
        self.stored_in_warmup = np.array(self.machine.zswap.stored_at_length)

    def compressed_lengths(self) -> dict[int, int]:
        """Pages stored since the end of the warm-up, by compressed length; same-filled ones have none."""
        stored = np.array(self.machine.zswap.stored_at_length) - self.stored_in_warmup
        return {length: int(stored[length]) for length in range(1, len(stored)) if stored[length]}

    def where(self, memcg: str, first_page: int, count: int) -> str:
        """Where pages are now, a letter each: see Machine.where()."""
        return self.machine.where(self.reader.paths.index(memcg), first_page, count)

    @property
    def mismatches(self) -> int:
        """Pages that came back with other bytes."""
        return sum(contents.mismatches for contents in self.outside.contents.values())

    def finish(self, reading: float, total: float, farmed: CodecTiming | None) -> Result:
        """Put the result together, with a warning where it says little.

        ``farmed`` is what other processes spent, which is no part of ``reading`` and ``total``.
        """
        inline = [contents.timing for contents in self.outside.contents.values()]
        timings = [*inline, farmed] if farmed else inline
        payload, compress, decompress = (
            sum(getattr(timing, part) for timing in timings) / 1e9
            for part in ("payload_ns", "compress_ns", "decompress_ns")
        )
        here = sum(timing.payload_ns + timing.compress_ns + timing.decompress_ns for timing in inline) / 1e9
        timing = Timing(
            read=reading,
            payload=payload,
            compress=compress,
            decompress=decompress,
            model=total - reading - here,
            total=total,
            events=self.events,
            pages_compressed=sum(timing.compress_calls for timing in timings),
        )
        manifest = Manifest(
            trace={
                "path": self.path,
                "sha256": self.reader.digest if self.events == self.reader.num_rows else None,
                "events": self.events,
            },
            settings=self.settings.as_json(),
            interval_ns=self.interval_ns,
            strict=self.reader.strict,
            inputs=self.outside.inputs(),
            kernel=self.settings.kernel,
            seed=self.settings.seed,
            recipe=self.outside.recipe.as_json(),
            versions=versions(self.outside.versions()),
            lengths={name: f"not the kernel's: {text}" for name, text in self.outside.deviations().items()},
        )
        return Result(
            manifest=manifest,
            snapshots=tuple(self.snapshots),
            classes=self.outside.class_ratios(self.machine.zswap.pools.class_tally),
            timing=timing,
            warnings=self.warnings(),
            compressed_lengths=self.compressed_lengths(),
        )

    def warnings(self) -> tuple[str, ...]:
        """What a reader of the counters has to know first."""
        end = self.snapshots[-1]
        found = [
            f"{name}: lengths are not the kernel's: {text}"
            for name, text in self.outside.deviations().items()
        ]
        if not self.reader.page_events:
            found.append("the trace has no page event: nothing was replayed")
        elif not self.machine.zswap.zswpout:
            found.append(f"nothing was stored in zswap: {self.why_nothing()}")
        if end.replay["oom"]:
            found.append(
                f"{end.replay['oom']} pages were charged over a limit since nothing could be reclaimed; "
                "a kernel would have killed the program"
            )
        return tuple(found)

    def why_nothing(self) -> str:
        """The reason why zswap took no page, and what would change it."""
        zswap, ours = self.machine.zswap, self.snapshots[-1].replay
        if zswap.disabled_reject:
            return "enabled is 0"
        if zswap.pool_limit_reject:
            return (
                f"the pool's limit is {zswap.pools.max_pages} pages; raise --max-pool-percent or --totalram"
            )
        if zswap.memcg_limit_reject:
            return "every store was refused at a memory.zswap.max"
        if zswap.compress_reject:
            return "no page compressed below 4096 bytes"
        if self.machine.page_io.swpout_zero:
            return "all pages that went out were zero pages, which never reach it"
        resident = ours["resident_pages"]
        return (
            f"there was no pressure, the {resident} resident pages fit in memory; set a memory.max "
            f"below that (--set /MEMCG:memory.max={max(resident // 2, 1) * PAGE_SIZE}) or less --totalram"
        )


class _Scout(Replay):
    """A replay that counts for nobody: it takes no snapshot."""

    def stops(
        self, batch: Batch, rows: int, interval_ns: int, next_interval: int
    ) -> Iterator[tuple[int, str | None]]:
        """The end of the batch alone."""
        yield rows, None

    def control(self, control: Control) -> None:
        """Do what an event asks for, but for snapshots."""
        if control.event is not Event.SNAPSHOT:
            super().control(control)
