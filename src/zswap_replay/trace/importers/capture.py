"""Traces from a capture of a live kernel's zswap: the events of its probes, as ftrace, perf or bpftrace print them.

Stores, loads, invalidations, refusals and the shrink worker's turns are the kernel's own, and so are lengths: the trace
replays to the counters of the kernel that was captured. What pages held is not captured.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.files import PARQUET_SUFFIXES, check_distinct, check_output, replacing, shown
from zswap_replay.inputs.parquet import created
from zswap_replay.trace.capture.besides import charged_besides
from zswap_replay.trace.capture.books import Books, is_large, node_of, pages_of
from zswap_replay.trace.capture.cgroups import Cgroups, CgroupsFromBefore
from zswap_replay.trace.capture.contents import LENGTHS_SCHEMA, TABLE_ROWS, Contents
from zswap_replay.trace.capture.imported import ImportedCapture
from zswap_replay.trace.capture.prologue import EarlierPages, Prologue
from zswap_replay.trace.capture.record import Record
from zswap_replay.trace.capture.record_spool import RecordSpool
from zswap_replay.trace.capture.rows import Rows
from zswap_replay.trace.capture.saved import (
    CaptureFiles,
    SavedSnapshot,
    find_files,
    read_cgroups,
    read_counters,
    read_environment,
    read_manifest,
    read_missed,
    read_overruns,
)
from zswap_replay.trace.capture.sums import Sums
from zswap_replay.trace.capture.text import PROBED, read_text
from zswap_replay.trace.capture.worker import ObservedWorker
from zswap_replay.trace.events import PARAMS, parse_knob
from zswap_replay.trace.importing.job import Progress
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.schema import ROOT, ROOT_KNOBS, Event
from zswap_replay.trace.writer import TraceWriter

_KNOBS = ("memory.zswap.max", "memory.zswap.writeback")
"""The knobs that go into the trace; the effect of memory.max and others is in the page-outs already."""

_LIMIT = "memory.zswap.max"

_DEFAULTS = {"enabled": "Y", "max_pool_percent": "20"}
"""The parameters that stand in the way of the pages from before, where nothing tells what they are."""

_SETTING_UP = frozenset({"cgroup_mkdir", "cgroup_rmdir", "knob", "param"})
"""Events that may come before the pages from before."""

_MOST_NODES = 256


def lengths_path(output: str | os.PathLike[str]) -> Path:
    """Return the name of the lengths that belong to a trace: ``T.lengths.parquet`` for ``T.parquet``."""
    name = os.fspath(output)
    for suffix in PARQUET_SUFFIXES:
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
            break
    return Path(name + ".lengths.parquet")


def import_capture(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    counters: str | os.PathLike[str] | None = None,
    env: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ImportedCapture:
    """Write a capture, a folder or a text with what was saved beside it, as a trace and the lengths of its contents.

    Memory holds the pages that are there at a time, and not the events: those are kept beside the output, in files
    without a name. ``progress`` is told the events that were read, and the share of the text.

    Raises TraceError: the first line that is no record, or a file that cannot be read. SettingsError: an output is an
    input, or is there already and ``overwrite`` is not set.
    """
    files = find_files(source, counters, env)
    lengths = lengths_path(output)
    check_distinct(("--output", output), ("the lengths", lengths))
    for each in (output, lengths):
        check_output(each, inputs=files.all(), overwrite=overwrite, regular=True)
    folder = Path(output).parent
    with RecordSpool(folder) as spool, Contents(folder) as contents:
        capture = _Capture(files, spool, progress)
        conversion = _Conversion(capture, contents)
        imported = conversion.imported
        made = f"capture {shown(files.text.name)}"
        kernel = capture.environment.kernel
        metadata = TraceMetadata(
            schema=conversion.rows.schema,
            totalram_pages=capture.environment.totalram_pages,
            nodes=min(max(capture.environment.nodes or 1, capture.nodes), _MOST_NODES),
            origin=(f"{origin} ({made})" if origin else made) + (f", Linux {kernel}" if kernel else ""),
        )
        with (
            TraceWriter(output, metadata, inputs=files.all(), overwrite=overwrite) as writer,
            replacing(lengths, inputs=files.all(), overwrite=overwrite, regular=True) as file,
            created(file) as stream,
        ):
            conversion.convert(writer.write)
            with pq.ParquetWriter(stream, LENGTHS_SCHEMA, compression="zstd") as known:
                for table in contents.tables():
                    known.write_table(table, TABLE_ROWS)
        imported.rows = writer.rows
    return imported


class _Capture:
    """A capture that was read to its end: its records on disk, and what is known of all of them."""

    def __init__(
        self,
        files: CaptureFiles,
        spool: RecordSpool,
        progress: Progress | None,
    ) -> None:
        manifest = read_manifest(files.manifest)
        self.finished = manifest.finished
        self.records = spool
        self.text = read_text(files.text, spool, unfinished=not manifest.finished, progress=progress)
        # a probe that was there and never met tells as much as one that was
        self.text.kinds |= manifest.probes & PROBED
        self.saved = read_counters(files)
        self.environment = read_environment(files.env)
        self.lost = max(self.text.lost, read_overruns(files.buffers))
        self.missed = read_missed(files.profile, PROBED)
        self.nodes = 1
        self.label_marked = False
        """Whether the text has a mark of the first saved label."""
        self.stored_before_label = False
        """Whether a page was stored before that mark, or there is none."""
        self.start: int | None = None
        self._look_through(CgroupsFromBefore(read_cgroups(files.cgroups)))

    def _look_through(self, cgroups: CgroupsFromBefore) -> None:
        """Find what an event can only be understood with, and what comes of the sums."""
        earlier, sums = EarlierPages(self.text.kinds), Sums(self.saved)
        label = self.saved[0].label if self.saved else None
        for record in self.records:
            if self.start is None:
                self.start = record.time_ns
            cgroups.see(record)
            earlier.see(record)
            sums.see(record)
            if record.event == "mark":
                self.label_marked |= record.texts["label"] == label
            elif record.event in ("store", "wpage"):
                self.stored_before_label |= not self.label_marked
                if record.numbers["swp"]:
                    self.nodes = max(self.nodes, self._node(record) + 1)
        self.cgroups_from_before = cgroups.found
        self.earlier_pages = earlier.found
        self.sums = sums.compared(self.text.kinds)

    def _node(self, record: Record) -> int:
        """Return the node of a page. Raises TraceError: no machine has so many."""
        node = node_of(record, self.environment.nodes_shift)
        if node >= _MOST_NODES:
            raise TraceError(
                f"{self.text.name}: line {record.line}: found a page of node {node}; "
                f"expected one below {_MOST_NODES}"
            )
        return node


@dataclass(slots=True)
class _Task:
    """What happened inside the store that a task is in."""

    sizes: list[int] = field(default_factory=list)
    compressor: int = 0
    stored: bool = False


class _Conversion:
    """One capture on its way to rows."""

    def __init__(self, capture: _Capture, contents: Contents) -> None:
        """Take the capture, and write down what holds before its first event."""
        self.capture = capture
        self.saved = capture.saved
        self.rows, self.contents = Rows(), contents
        self.cgroups = Cgroups(capture.cgroups_from_before, self._lives_on)
        self.books = Books(self.rows, contents, self.cgroups, capture.environment.nodes_shift)
        self.worker = ObservedWorker(self.rows, capture.text.kinds)
        self.tasks: dict[int, _Task] = {}
        self.start = capture.start or 0
        self.imported = ImportedCapture(
            capture.text,
            capture.environment,
            capture.saved,
            capture.sums,
            capture.lost,
            capture.missed,
            capture.finished,
            charged_besides(capture.saved),
        )
        self._marks = self._uptimes()
        self._params: dict[str, str] = {}
        # by name and file, what was written to a cgroup's limit
        self._limits: dict[tuple[str, str], str] = {}
        self._set_up = False
        self._begin()

    def convert(self, write: Callable[[pa.Table], None]) -> None:
        """Write the rows of all events."""
        self.rows.write = write
        time_ns = 0
        for record in self.capture.records:
            self._take(record)
            time_ns = record.time_ns  # that of the trace by now
        for _, label in self._marks:
            self._snapshot(time_ns, label)
        self.rows.hand_on()
        self.imported.names.setdefault("end", self.cgroups.live())
        self.imported.pages = self.books.pages
        self.imported.contents = len(self.contents)
        self.imported.unknown_lengths = self.contents.unknown
        self.imported.worker_runs = self.worker.runs
        self.imported.notes.update(self.books.notes)

    def _lives_on(self, name: str) -> bool:
        return self.books.alive[name] > 0

    def _uptimes(self) -> list[tuple[int, str]]:
        """Give the times of the saved labels, where the text has no marks: perf and bpftrace do not see them."""
        if "mark" in self.capture.text.kinds:
            return []
        return [(each.uptime_ns, each.label) for each in self.saved if each.uptime_ns is not None]

    # ---- the beginning ----

    def _begin(self) -> None:
        """Write what holds before the first event: parameters, cgroups, and the pages from before."""
        for event in (Event.SEEN_READS, Event.WORKER):
            if event is Event.SEEN_READS and "rpage" in self.capture.text.kinds:
                self.rows.add(0, event, value="1")
            elif event is Event.WORKER and "worker_in" in self.capture.text.kinds:
                # nothing is under way; from here on the worker does what was seen of it
                self.rows.add(0, event, value="end")
        for key, value in self.capture.environment.params.items():
            if key in PARAMS:
                self._parameter(0, key, value)
        for name in sorted(self.cgroups.live().values()):
            if name != ROOT:
                self.rows.create(0, name)
        for path, name in sorted(self.cgroups.live().items()):
            self._charge_besides(0, path, name)
        live = self.cgroups.live()
        for path, knobs in self.saved[0].knobs.items() if self.saved else ():
            for key, value in knobs.items():
                if path in live:
                    self._write_knob(0, live[path], key, value)

    def _put_earlier_pages(self, time_ns: int) -> None:
        """Write the pages from before, once the cgroups and limits of the start are there."""
        self._set_up = True
        start = self._start_counters()
        prologue = Prologue(self.books, self.capture.earlier_pages, start)
        if not prologue:
            return
        # the limits would refuse what was stored before they were reached
        limits = [(name, value) for (name, key), value in self._limits.items() if key == _LIMIT]
        for name, _ in limits:
            self.rows.add(time_ns, Event.MEMCG_SET, name, key=_LIMIT, value="max")
        lifted = {"enabled": "Y", "max_pool_percent": "100"}
        before = {key: self._params.get(key, _DEFAULTS[key]) for key in lifted}
        for key, value in lifted.items():
            self.rows.add(time_ns, Event.PARAM, key=key, value=value)
        prologue.write(time_ns)
        self.imported.prologue_pages = self.books.pages
        for key, value in before.items():
            self.rows.add(time_ns, Event.PARAM, key=key, value=value)
        for name, value in limits:
            self.rows.add(time_ns, Event.MEMCG_SET, name, key=_LIMIT, value=value)
        if start is not None and not self._is_marked(start.label):
            self._snapshot(time_ns, start.label)

    def _start_counters(self) -> SavedSnapshot | None:
        """Give the counters at the start of the capture; None where stores were captured before they were read."""
        if not self.saved or not self.saved[0].zswap.get("stored_pages", 0):
            return None
        start = self.saved[0]
        return None if self.capture.stored_before_label and self._is_marked(start.label) else start

    def _is_marked(self, label: str) -> bool:
        """Tell whether the first saved label has a place in the capture."""
        return self.capture.label_marked or any(label == marked for _, marked in self._marks)

    def _snapshot(self, time_ns: int, label: str) -> None:
        self.imported.names.setdefault(label, self.cgroups.live())
        self.imported.snapshots += 1
        self.rows.add(time_ns, Event.SNAPSHOT, key=label)

    def _parameter(self, time_ns: int, key: str, value: str) -> None:
        """Write a module parameter; one that the format does not know, or that the kernel refused, is left out."""
        try:
            parse_knob(Event.PARAM, key, value)
        except SettingsError:
            self.imported.notes[f"writes to the parameter {key} that are none of zswap's"] += 1
            return
        self._params[key] = value
        self.rows.add(time_ns, Event.PARAM, key=key, value=value)

    def _charge_besides(self, time_ns: int, path: str, name: str) -> None:
        """Charge a cgroup that is made what it was charged besides its pages."""
        size = self.imported.besides.get(path)
        if size is not None:
            self.rows.add(time_ns, Event.MEMCG_SET, name, key="file", value=str(size))

    # ---- events ----

    def _take(self, record: Record) -> None:
        due = bool(self._marks) and self._marks[0][0] < record.time_ns
        if not self._set_up and (due or record.event not in _SETTING_UP):
            self._put_earlier_pages(record.time_ns - self.start if not due else 0)
        while self._marks and self._marks[0][0] < record.time_ns:
            uptime, label = self._marks.pop(0)
            self._snapshot(max(uptime - self.start, 0), label)
        record.time_ns -= self.start
        self.imported.events[record.event] += 1
        self.worker.see(record)
        event = record.event
        if event in ("len", "comp"):
            task = self.tasks.setdefault(record.task, _Task())
            if event == "len":
                task.sizes.append(record.numbers["size"])
            else:
                task.compressor = record.numbers["ret"]
        elif event == "store":
            self._store(record)
        elif event == "wpage":
            stored = self.tasks.pop(record.task, _Task()).stored
            # a page that zswap was not asked about is a zero page; without a slot it was freed instead
            if not stored and record.numbers["swp"]:
                self.books.page_out(record, None, zero=True)
        elif event == "rpage":
            self.books.read(record)
        elif event == "inval":
            self.books.invalidate(record)
        else:
            self._control(record)

    def _store(self, record: Record) -> None:
        task = self.tasks.pop(record.task, _Task())
        self.tasks[record.task] = _Task(stored=True)
        accepted = record.numbers["ret"] != 0
        if is_large(record) and not accepted:
            self._past_zswap(record)
        elif accepted and is_large(record):
            for offset in range(pages_of(record)):
                size = task.sizes[offset] if offset < len(task.sizes) else None
                self.books.page_out(record, size, offset=offset)
        elif task.sizes:
            self.books.page_out(record, task.sizes[-1])
        else:
            # without a length and without a refusal of the compressor it was refused before it was compressed
            self.books.page_out(record, 0 if task.compressor else None)

    def _past_zswap(self, record: Record) -> None:
        """Write a large folio, which zswap does not take, past it: all its pages go to the device."""
        if "ord" not in record.numbers:
            self.imported.notes["large folios without their order, taken as 512 pages"] += 1
        self.imported.notes["large folios, written past zswap"] += 1
        self.rows.add(record.time_ns, Event.PARAM, key="enabled", value="N")
        for offset in range(pages_of(record)):
            self.books.page_out(record, None, offset=offset)
        self.rows.add(record.time_ns, Event.PARAM, key="enabled", value="Y")

    def _control(self, record: Record) -> None:
        time_ns, texts = record.time_ns, record.texts
        if record.event == "mark":
            self._snapshot(time_ns, texts["label"])
        elif record.event == "cgroup_mkdir":
            name = self.cgroups.make(record.numbers["id"], texts["path"])
            self.rows.create(time_ns, name)
            self._charge_besides(time_ns, texts["path"], name)
        elif record.event == "cgroup_rmdir":
            self.rows.remove(time_ns, self.cgroups.remove(record.numbers["id"], texts["path"]))
        elif record.event == "param" and texts.get("mod", "zswap") == "zswap":
            self._parameter(time_ns, texts["name"], texts["value"])
        elif record.event == "knob":
            self._knob(record)

    def _knob(self, record: Record) -> None:
        key, value = record.texts["file"], record.texts["value"]
        if key in _KNOBS:
            self._write_knob(record.time_ns, self.cgroups.name(record.numbers["cg"]), key, value)

    def _write_knob(self, time_ns: int, name: str, key: str, value: str) -> None:
        if (name == ROOT and key not in ROOT_KNOBS) or self.rows.is_dead(name):
            return
        try:
            parse_knob(Event.MEMCG_SET, key, value)
        except SettingsError:
            self.imported.notes[f"writes to {key} that the kernel refused"] += 1
            return
        self._limits[name, key] = value
        self.rows.add(time_ns, Event.MEMCG_SET, name, key=key, value=value)
