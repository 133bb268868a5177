"""Traces from a capture of a live kernel's zswap: the events of its probes, as ftrace, perf or bpftrace print them.

Stores, loads, invalidations, refusals and the shrink worker's turns are the kernel's own, and so are lengths: the trace
replays to the counters of the kernel that was captured. What pages held is not captured.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.errors import SettingsError
from zswap_replay.files import PARQUET_SUFFIXES, check_distinct, check_output, replacing, shown
from zswap_replay.inputs.parquet import created
from zswap_replay.trace.capture.books import Books, is_large, pages_of
from zswap_replay.trace.capture.cgroups import Cgroups, cgroups_from_before
from zswap_replay.trace.capture.prologue import Prologue, earlier_pages
from zswap_replay.trace.capture.rows import Contents, Rows
from zswap_replay.trace.capture.saved import (
    CaptureFiles,
    Environment,
    SavedSnapshot,
    find_files,
    read_cgroups,
    read_counters,
    read_environment,
    read_manifest,
    read_missed,
    read_overruns,
)
from zswap_replay.trace.capture.sums import Sum, compare_sums
from zswap_replay.trace.capture.text import PROBED, CaptureText, Record, read_text
from zswap_replay.trace.capture.worker import ObservedWorker
from zswap_replay.trace.events import PARAMS, parse_knob
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


@dataclass(slots=True)
class ImportedCapture:
    """A capture as a trace, with what a comparison needs and what people should know of it."""

    text: CaptureText
    environment: Environment
    saved: list[SavedSnapshot]
    sums: list[Sum]
    lost: int
    """Events that are known to be lost, by the text or by the ring buffers."""
    missed: int = 0
    """Calls that probes missed, because too many of them were under way."""
    finished: bool = True
    """Whether the capture came to its end, and was not killed."""
    rows: int = 0
    pages: int = 0
    contents: int = 0
    unknown_lengths: int = 0
    worker_runs: int = 0
    prologue_pages: int = 0
    snapshots: int = 0
    events: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    """By label of a snapshot in the trace, the name of each cgroup's path there."""

    def figures(self) -> dict[str, int]:
        """Give the counts of the import, each with its name."""
        text = self.text
        return {
            "lines": text.lines,
            "events": len(text.records),
            "stores": self.contents,
            "unknown lengths": self.unknown_lengths,
            "pages": self.pages,
            "from before": self.prologue_pages,
            "worker runs": self.worker_runs,
            "snapshots": self.snapshots,
            "rows": self.rows,
        }

    def remarks(self) -> list[str]:
        """Say what people should know of it that is no loss, a line each."""
        text, found = self.text, []
        if text.out_of_order:
            found.append(f"{text.out_of_order:,} lines stood behind later ones, and were put in order")
        if text.cut_off:
            found.append("the text ends in the middle of a line, which was dropped")
        if not self.saved:
            found.append("no saved counters beside the text: nothing tells whether the capture is whole")
        if self.environment.totalram_pages is None:
            found.append("nothing tells the machine's memory (NAME.env.txt): give --totalram to a replay")
        return found

    @property
    def whole(self) -> bool:
        """Tell whether nothing is known to be missing."""
        return self.finished and not (self.lost or self.missed or self.text.lost_marks or self.short)

    @property
    def short(self) -> list[Sum]:
        """Give the counters whose events are not all there; a probe that was not made is no loss while others are."""
        off = [each for each in self.sums if each.missing]
        return off if any(each.probed for each in off) else []


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
) -> ImportedCapture:
    """Write a capture, a folder or a text with what was saved beside it, as a trace and the lengths of its contents.

    Raises TraceError: the first line that is no record, or a file that cannot be read. SettingsError: an output is an
    input, or is there already and ``overwrite`` is not set.
    """
    files = find_files(source, counters, env)
    lengths = lengths_path(output)
    check_distinct(("--output", output), ("the lengths", lengths))
    for each in (output, lengths):
        check_output(each, inputs=files.all(), overwrite=overwrite, regular=True)
    conversion = _Conversion(files)
    imported, rows = conversion.imported, conversion.rows
    table = rows.table()
    made = f"capture {shown(files.text.name)}"
    kernel = imported.environment.kernel
    metadata = TraceMetadata(
        schema=rows.schema,
        totalram_pages=imported.environment.totalram_pages,
        nodes=min(max(imported.environment.nodes or 1, conversion.books.nodes), _MOST_NODES),
        origin=(f"{origin} ({made})" if origin else made) + (f", Linux {kernel}" if kernel else ""),
    )
    ids, sizes, fills = conversion.contents.columns()
    known = pa.table(
        {
            "content": pa.array(ids, pa.uint64()),
            "length": pa.array(sizes, pa.uint32()),
            "fill": pa.array(fills, pa.uint64()),
        }
    )
    with (
        TraceWriter(output, metadata, inputs=files.all(), overwrite=overwrite) as writer,
        replacing(lengths, inputs=files.all(), overwrite=overwrite, regular=True) as file,
        created(file) as stream,
    ):
        writer.write(table)
        pq.write_table(known, stream, compression="zstd")
    imported.rows = table.num_rows
    return imported


@dataclass(slots=True)
class _Task:
    """What happened inside the store that a task is in."""

    sizes: list[int] = field(default_factory=list)
    compressor: int = 0
    stored: bool = False


class _Conversion:
    """One capture on its way to rows."""

    def __init__(self, files: CaptureFiles) -> None:
        manifest = read_manifest(files.manifest)
        self.text = read_text(files.text, unfinished=not manifest.finished)
        # a probe that was there and never met tells as much as one that was
        self.text.kinds |= manifest.probes & PROBED
        self.saved = read_counters(files)
        self.environment = read_environment(files.env)
        self.rows, self.contents = Rows(), Contents()
        before = cgroups_from_before(self.text.records, read_cgroups(files.cgroups))
        self.cgroups = Cgroups(before, self._lives_on)
        self.books = Books(self.rows, self.contents, self.cgroups, 1, self.environment.nodes_shift)
        self.worker = ObservedWorker(self.rows, self.text.kinds)
        self.tasks: dict[int, _Task] = {}
        records = self.text.records
        self.start = records[0].time_ns
        self.imported = ImportedCapture(
            self.text,
            self.environment,
            self.saved,
            compare_sums(records, self.text.kinds, self.saved),
            max(self.text.lost, read_overruns(files.buffers)),
            read_missed(files.profile, PROBED),
            manifest.finished,
        )
        self._marks = self._uptimes()
        self._params: dict[str, str] = {}
        # by name and file, what was written to a cgroup's limit
        self._limits: dict[tuple[str, str], str] = {}
        self._set_up = False
        self._begin()
        for record in records:
            self._take(record)
        for _, label in self._marks:
            self._snapshot(records[-1].time_ns, label)  # a record's time is that of the trace by now
        self.imported.names.setdefault("end", self.cgroups.live())
        self.imported.pages = self.books.pages
        self.imported.contents = len(self.contents.columns()[0])
        self.imported.unknown_lengths = self.contents.unknown
        self.imported.worker_runs = self.worker.runs
        self.imported.notes.update(self.books.notes)

    def _lives_on(self, name: str) -> bool:
        return self.books.alive[name] > 0

    def _uptimes(self) -> list[tuple[int, str]]:
        """Give the times of the saved labels, where the text has no marks: perf and bpftrace do not see them."""
        if "mark" in self.text.kinds:
            return []
        return [(each.uptime_ns, each.label) for each in self.saved if each.uptime_ns is not None]

    # ---- the beginning ----

    def _begin(self) -> None:
        """Write what holds before the first event: parameters, cgroups, and the pages from before."""
        for event in (Event.SEEN_READS, Event.WORKER):
            if event is Event.SEEN_READS and "rpage" in self.text.kinds:
                self.rows.add(0, event, value="1")
            elif event is Event.WORKER and "worker_in" in self.text.kinds:
                # nothing is under way; from here on the worker does what was seen of it
                self.rows.add(0, event, value="end")
        for key, value in self.environment.params.items():
            if key in PARAMS:
                self._parameter(0, key, value)
        for name in sorted(self.cgroups.live().values()):
            if name != ROOT:
                self.rows.create(0, name)
        live = self.cgroups.live()
        for path, knobs in self.saved[0].knobs.items() if self.saved else ():
            for key, value in knobs.items():
                if path in live:
                    self._write_knob(0, live[path], key, value)

    def _put_earlier_pages(self, time_ns: int) -> None:
        """Write the pages from before, once the cgroups and limits of the start are there."""
        self._set_up = True
        start = self._start_counters()
        prologue = Prologue(self.books, earlier_pages(self.text.records, self.text.kinds), start)
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
        for record in self.text.records:
            if record.event == "mark" and record.texts["label"] == self.saved[0].label:
                break
            if record.event in ("store", "wpage") and not self._is_marked(self.saved[0].label):
                break
            if record.event in ("store", "wpage"):
                return None
        return self.saved[0]

    def _is_marked(self, label: str) -> bool:
        if any(label == marked for _, marked in self._marks):
            return True
        return any(record.event == "mark" and record.texts["label"] == label for record in self.text.records)

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
            self.rows.create(time_ns, self.cgroups.make(record.numbers["id"], texts["path"]))
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


def missing_text(imported: ImportedCapture) -> Sequence[str]:
    """Say what is missing of a capture, a line each; nothing where it is whole."""
    lines = []
    text = imported.text
    if not imported.finished:
        lines.append("the capture was killed: what came last is missing, and so are the counters of its end")
    if text.lost_marks or imported.lost:
        where = "lines of the text" if text.lost_marks else "the ring buffers"
        lines.append(
            f"{imported.lost:,} events were lost, as {where} say: after a loss no slot is known for certain"
        )
    if imported.missed:
        lines.append(f"{imported.missed:,} calls were missed by the probes, of which too many were under way")
    for each in imported.short:
        if each.missing > 0:
            what = f"{each.missing:,} of {each.kernel:,} are missing"
        else:
            what = f"{-each.missing:,} are too many"
        lines.append(
            f"{each.counter}: the kernel counted {each.kernel:,}, {each.captured:,} were captured: {what}"
        )
    return lines
