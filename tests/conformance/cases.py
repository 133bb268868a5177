"""Reads the packed cases (README.md): settings, trace, lengths and what the kernel counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.conformance.recording import Recording
from zswap_replay.settings import Settings
from zswap_replay.units import PAGE_SIZE

RECORDED = Path(__file__).parent / "recorded"
ACCESS = RECORDED / "access"
KERNELS = ("6.6", "patch-v4", "6.8", "6.12", "6.18", "7.1")


@dataclass(frozen=True, slots=True)
class Payload:
    """Pages of one mix with content ids from ``first_content`` on: what gen_payloads.payload() takes."""

    mix: str
    pages: int
    seed: int
    first_content: int


@dataclass(frozen=True, slots=True)
class Case:
    """One run of a kernel."""

    kernel: str
    name: str
    about: str
    compressor: str
    zpool: str
    max_pool_percent: int
    accept_threshold_percent: int
    totalram_pages: int
    nodes: int
    swap_device: str
    deterministic: bool
    snapshots: int
    events: int
    payload: tuple[Payload, ...]
    lengths_table: int

    @property
    def id(self) -> str:
        """Kernel and name, as the tests and the tables print it."""
        return f"{self.kernel}/{self.name}"

    def settings(self, *, lengths: Path | None = None, payload_file: Path | None = None) -> Settings:
        """The settings of the machine that ran the case, with its lengths from a table or from the codec."""
        return Settings(
            kernel=self.kernel,
            compressor=self.compressor,
            zpool=self.zpool,
            max_pool_percent=self.max_pool_percent,
            accept_threshold_percent=self.accept_threshold_percent,
            totalram=self.totalram_pages * PAGE_SIZE,
            nodes=self.nodes,
            swap_device="ram" if self.swap_device == "ram" else "disk",
            lengths=str(lengths) if lengths else None,
            payload_file=str(payload_file) if payload_file else None,
        )

    def write_trace(self, folder: Path) -> Path:
        """Unpack the trace into a folder; its path."""
        return unpack(self._rows("trace"), folder / "trace.parquet")

    def lengths(self) -> pa.Table:
        """The kernel's compressed lengths: content, length, fill, and compressor where it changes."""
        return rows_of(RECORDED / self.kernel / "lengths.parquet", "table", self.lengths_table)

    def write_lengths(self, folder: Path) -> Path:
        """Unpack the lengths into a folder; their path."""
        return unpack(self.lengths(), folder / "lengths.parquet")

    @property
    def recording(self) -> Recording:
        """What the kernel showed."""
        return Recording(*map(self._rows, ("counters", "memcgs", "places")))

    def _rows(self, table: str) -> pa.Table:
        return rows_of(RECORDED / self.kernel / f"{table}.parquet", "case", self.name)


@cache
def load_cases() -> tuple[Case, ...]:
    """All cases, oldest kernel first."""
    found = []
    for kernel in KERNELS:
        described: dict[str, dict[str, Any]] = json.loads((RECORDED / kernel / "cases.json").read_text())
        for name, about in described.items():
            payload = tuple(Payload(*part) for part in about["payload"])
            plain = {field: about[field] for field in Case.__slots__ if field in about}
            found.append(Case(**(plain | {"name": name, "payload": payload})))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class AccessCase:
    """A run of ordinary accesses under memory.max: the kernel's reclaim chose the pages."""

    name: str
    kernel: str
    compressor: str
    totalram_pages: int
    lengths_table: int
    ranges: Mapping[str, tuple[int, int]]
    """The lowest and the highest value of each counter at the end, over the runs that were recorded."""
    mglru_ranges: Mapping[str, tuple[int, int]]
    """The same over runs with MGLRU on."""

    def settings(self, lengths: Path) -> Settings:
        """The settings of the machine that ran the case."""
        return Settings(
            kernel=self.kernel,
            compressor=self.compressor,
            totalram=self.totalram_pages * PAGE_SIZE,
            lengths=str(lengths),
        )

    def write_trace(self, folder: Path) -> Path:
        """Unpack the trace into a folder; its path."""
        return unpack(rows_of(ACCESS / "trace.parquet", "case", self.name), folder / "trace.parquet")

    def write_lengths(self, folder: Path) -> Path:
        """Unpack the lengths into a folder; their path."""
        table = rows_of(ACCESS / "lengths.parquet", "table", self.lengths_table)
        return unpack(table, folder / "lengths.parquet")


@cache
def load_access_cases() -> tuple[AccessCase, ...]:
    """All runs of ordinary accesses."""
    described: dict[str, dict[str, Any]] = json.loads((ACCESS / "cases.json").read_text())
    mglru: dict[str, dict[str, list[int]]] = json.loads((ACCESS / "mglru.json").read_text())
    return tuple(
        AccessCase(
            name=name,
            kernel=about["kernel"],
            compressor=about["compressor"],
            totalram_pages=about["totalram_pages"],
            lengths_table=about["lengths_table"],
            ranges=_ranges(about["expected"]["end"]),
            mglru_ranges=_ranges(mglru[name]),
        )
        for name, about in described.items()
    )


def _ranges(counters: dict[str, list[int]]) -> dict[str, tuple[int, int]]:
    return {counter: (lowest, highest) for counter, (lowest, highest) in counters.items()}


@cache
def _table(path: Path) -> pa.Table:
    return pq.ParquetFile(path).read()


@cache
def _places(path: Path, column: str) -> dict[str | int | None, tuple[int, int]]:
    """Where the rows of each value of a column begin and how many they are: those of a case are one after the other."""
    found: dict[str | int | None, tuple[int, int]] = {}
    start = 0
    for value, run in groupby(_table(path).column(column).to_pylist()):
        assert value not in found, f"{path}: {value}"
        found[value] = start, sum(1 for _ in run)
        start += found[value][1]
    return found


def rows_of(path: Path, column: str, value: str | int) -> pa.Table:
    """The rows of a packed table that belong to one case; none where the kernel has no such table."""
    if not path.exists():
        return pa.table({column: pa.array([], pa.string())}).drop_columns([column])
    start, rows = _places(path, column).get(value, (0, 0))
    return _table(path).slice(start, rows).drop_columns([column])


def unpack(table: pa.Table, path: Path) -> Path:
    """Write a table as the file that the replay opens; a column without any value is left out."""
    for name in table.column_names:
        column = table.column(name)
        if column.null_count == table.num_rows and name != "fill":
            table = table.drop_columns([name])
        elif pa.types.is_string(column.type):
            place = table.column_names.index(name)
            table = table.set_column(place, name, column.dictionary_encode())
    pq.write_table(table, path)
    return path
