"""Snapshots as a Parquet file in long format, to be plotted over the time of a trace: written as they are taken."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.result.labels import compressor_in, run_names
from zswap_replay.result.long_format import schema, to_arrow
from zswap_replay.result.numbers import OF_MACHINE, ROOT, Layout, Numbers
from zswap_replay.result.packed import PackedSnapshots
from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.settings import Settings

ROWS = 1 << 19
"""Rows of a row group, at least, but of the last one: memory holds so many."""

_Indices = npt.NDArray[np.int32]


class _File(io.RawIOBase):
    """The file, opened when there is something to write.

    Arrow opens no pipe, and while it waits for one no signal is heard; and it writes the end of a file even where
    somebody has given it up.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: BinaryIO | None = None
        self._size = 0
        self.abandoned = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        if not self.abandoned:
            if self._stream is None:
                self._stream = self._path.open("wb")
            self._stream.write(data)
        self._size += size
        return size

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        if self._stream is not None and not self._stream.closed and not self.abandoned:
            self._stream.flush()

    def close(self) -> None:
        if self._stream is not None and not self._stream.closed:
            self._stream.close()
        super().close()


class _Texts:
    """Texts that come again and again, by number."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        known = self.numbers.get(text)
        if known is None:
            known = self.numbers[text] = len(self.texts)
            self.texts.append(text)
        return known

    def column(self, parts: Sequence[_Indices], sizes: Sequence[int] | None = None) -> pa.Array[Any]:
        """Make a column of texts by their numbers, -1 for null, of which only those that are in it are written.

        ``sizes`` says how often each number of the one part comes. The same part may come again and again.
        """
        own = {id(part): part for part in parts}
        used = np.zeros(len(self.texts) + 1, np.bool_)
        for part in own.values():
            used[part] = True
        used[-1] = False
        place = (np.cumsum(used) - 1).astype(np.int32)
        place[-1] = -1
        placed = {number: place[part] for number, part in own.items()}
        taken = np.concatenate([placed[id(part)] for part in parts])
        if sizes is not None:
            taken = np.repeat(taken, sizes)
        texts = pa.array([self.texts[number] for number in np.flatnonzero(used).tolist()], pa.string())
        null = taken < 0
        numbers: pa.Array[Any] = pa.array(taken, pa.int32(), mask=null if null.any() else None)
        return pa.DictionaryArray.from_arrays(numbers, texts)


@dataclass(frozen=True, slots=True)
class _Names:
    """The columns of a snapshot's rows that do not change as long as its memcgs are the same."""

    paths: Sequence[str]
    group: _Indices
    memcg: _Indices
    """-1 for counters of the machine."""
    node: _Indices
    """-1 for what is not by NUMA node."""
    counter: _Indices
    take: npt.NDArray[np.int64]
    """Where the values of the group ``memcg`` are, in the rows of all memcgs: the root lacks some."""


class TimelineWriter:
    """Writes snapshots to a Parquet file, rows of ``long_format.schema()``, a row group each time there are enough."""

    def __init__(self, path: Path) -> None:
        """Write to ``path``, from the first row group on."""
        self._file = _File(path)
        self._writer: pq.ParquetWriter | None = None
        self._strings, self._counters, self._paths = _Texts(), _Texts(), _Texts()
        self._names: _Names | None = None
        self._waiting: list[tuple[int, Numbers, _Names]] = []
        self._rows = 0
        self.written: dict[int, int] = {}
        """Snapshots written of each run, by its number."""

    def follow_settings(self, number: int, settings: Settings, snapshots: PackedSnapshots) -> None:
        """Write what is new in the snapshots of a run while it goes on. Raises OSError."""
        self.follow(number, compressor_in(settings.as_json()), snapshots)

    def follow(self, number: int, run: str, snapshots: Sequence[Snapshot]) -> None:
        """Write what is new in the snapshots of a run, which is one of several. Raises OSError."""
        for place in range(self.written.get(number, 0), len(snapshots)):
            if isinstance(snapshots, PackedSnapshots):
                self._add(run, snapshots.numbers(place))
            else:
                self._flush()
                self._write(to_arrow([(run, snapshots[place])]))
            self.written[number] = place + 1

    def close(self) -> None:
        """Write what is left, and the end of the file. Raises OSError."""
        try:
            self._flush()
            if self._writer is None:
                self._write(schema().empty_table())
            assert self._writer is not None
            self._writer.close()
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Leave the file as it is."""
        self._file.abandoned = True
        if self._writer is not None:
            self._writer.close()
        self._file.close()

    def _add(self, run: str, numbers: Numbers) -> None:
        names = self._names
        if names is None or names.paths is not numbers.paths:
            names = self._names = self._named(numbers.layout, numbers.paths)
        self._waiting.append((self._strings.number(run), numbers, names))
        self._rows += len(names.group)
        if self._rows >= ROWS:
            self._flush()

    def _named(self, layout: Layout, paths: Sequence[str]) -> _Names:
        """Make the columns that name the values of a snapshot."""
        machine = [(group, name) for group in OF_MACHINE for name in layout.names[group]]
        path = np.array([self._paths.number(each) for each in paths], np.int32)
        memcg, replay, node = (layout.names[group] for group in ("memcg", "replay.memcg", "node"))
        nodes = layout.nr_nodes
        shown = np.ones((len(paths), len(memcg)), np.bool_)
        for name in layout.not_of_root:
            if name in memcg:
                shown[[each == ROOT for each in paths], memcg.index(name)] = False
        take = np.flatnonzero(shown)
        parts = (
            ("memcg", memcg, 1, take),
            ("replay.memcg", replay, 1, slice(None)),
            ("node", node, nodes, slice(None)),
        )
        columns: list[list[_Indices]] = [
            [
                np.array([self._strings.number(group) for group, _ in machine], np.int32),
                np.full(len(machine), -1, np.int32),
                np.full(len(machine), -1, np.int32),
                np.array([self._counters.number(name) for _, name in machine], np.int32),
            ]
        ]
        for group, names, each, chosen in parts:
            width = each * len(names)
            size = len(paths) * width
            nodes_of = np.tile(np.repeat(np.arange(each, dtype=np.int32), len(names)), len(paths))
            counter = np.array([self._counters.number(name) for name in names], np.int32)
            columns.append(
                [
                    np.full(size, self._strings.number(group), np.int32)[chosen],
                    np.repeat(path, width)[chosen],
                    (nodes_of if group == "node" else np.full(size, -1, np.int32))[chosen],
                    np.tile(counter, len(paths) * each)[chosen],
                ]
            )
        group_of, memcg_of, node_of, counter_of = (
            np.concatenate(column) for column in zip(*columns, strict=True)
        )
        return _Names(paths, group_of, memcg_of, node_of, counter_of, take)

    def _flush(self) -> None:
        """Write the snapshots that wait as a row group."""
        if not self._waiting:
            return
        waiting, self._waiting, self._rows = self._waiting, [], 0
        names = [each for _, _, each in waiting]
        sizes = [len(each.group) for each in names]
        labels = _Texts()
        label = np.array([labels.number(numbers.label) for _, numbers, _ in waiting], np.int32)
        run = np.array([number for number, _, _ in waiting], np.int32)
        time_ns = np.array([numbers.time_ns for _, numbers, _ in waiting], np.uint64)
        node = np.concatenate([each.node for each in names])
        columns = {
            "compressor": self._strings.column([run], sizes),
            "label": labels.column([label], sizes),
            "time_ns": pa.array(np.repeat(time_ns, sizes)),
            "group": self._strings.column([each.group for each in names]),
            "memcg": self._paths.column([each.memcg for each in names]),
            "node": pa.array(node.astype(np.uint8), mask=node < 0),
            "counter": self._counters.column([each.counter for each in names]),
            "value": pa.array(np.concatenate([_values(numbers, each) for _, numbers, each in waiting])),
        }
        self._write(pa.table(list(columns.values()), schema=_with_dictionaries()))

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            # that some columns come as dictionaries is our business: a reader gets the types of the schema
            self._writer = pq.ParquetWriter(
                cast(BinaryIO, self._file),
                _with_dictionaries(),
                compression="zstd",
                use_dictionary=cast(bool, [field.name for field in schema() if field.name != "value"]),
                write_statistics=["time_ns"],
                store_schema=False,
            )
        self._writer.write_table(table.cast(_with_dictionaries()), row_group_size=max(len(table), 1))


def _with_dictionaries() -> pa.Schema:
    """Return the schema as it is written: texts as dictionaries."""
    texts = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([field.with_type(texts) if field.type == pa.string() else field for field in schema()])


def _values(numbers: Numbers, names: _Names) -> npt.NDArray[np.int64]:
    """Return the values in the order of the rows: the machine's, then group by group those of all memcgs."""
    replay, node, end = numbers.layout.parts
    memcgs = numbers.memcgs
    return np.concatenate(
        (
            numbers.machine,
            memcgs[:, :replay].reshape(-1)[names.take],
            memcgs[:, replay:node].reshape(-1),
            memcgs[:, node:end].reshape(-1),
        )
    )


@contextmanager
def timeline(path: Path) -> Iterator[TimelineWriter]:
    """Write a timeline to ``path``, which is whole when the block ends well. Raises OSError: it cannot be written."""
    writer = TimelineWriter(path)
    try:
        yield writer
    except BaseException:
        writer.abandon()
        raise
    writer.close()


def write(path: Path, results: Sequence[Result]) -> None:
    """Write the snapshots of all results to ``path``. Raises OSError: the file cannot be written."""
    with timeline(path) as writer:
        write_rest(writer, results)


def write_rest(writer: TimelineWriter, results: Sequence[Result]) -> None:
    """Write the snapshots of results that were not written while they were taken. Raises OSError."""
    for number, (run, result) in enumerate(zip(run_names(results), results, strict=True)):
        writer.follow(number, run, result.snapshots)
