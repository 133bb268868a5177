"""Reads the packed cases with zram as the swap device (README.md), and the runs of ordinary accesses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.conformance.cases import RECORDED, AccessCase, load_access_cases, rows_of, unpack
from tests.conformance.recording import Recording
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.units import PAGE_SIZE

ZRAM = RECORDED / "zram"


@dataclass(frozen=True, slots=True)
class ZramCase:
    """One run of a kernel with a zram device; what it is set up with is in the trace."""

    name: str
    about: str
    lengths_table: int
    totalram_pages: int
    backing_pages: int | None
    """Blocks of the backing device: the one thing that the trace does not have."""
    deterministic: bool = True

    def settings(self, lengths: Path) -> Settings:
        """The settings of the machine that ran the case."""
        backing = None if self.backing_pages is None else self.backing_pages * PAGE_SIZE
        totalram = self.totalram_pages * PAGE_SIZE
        return Settings(
            tier="zram", kernel="6.12", totalram=totalram, lengths=str(lengths), backing_dev=backing
        )

    def write_trace(self, folder: Path) -> Path:
        """Unpack the trace into a folder; its path."""
        return unpack(rows_of(ZRAM / "trace.parquet", "case", self.name), folder / "trace.parquet")

    def write_lengths(self, folder: Path) -> Path:
        """Unpack the lengths into a folder; their path."""
        table = rows_of(ZRAM / "lengths.parquet", "table", self.lengths_table)
        return unpack(table, folder / "lengths.parquet")

    @property
    def recording(self) -> Recording:
        """What the kernel showed, at the snapshots that were kept."""
        tables = (ZRAM / f"{name}.parquet" for name in ("counters", "memcgs", "places"))
        return Recording(*(rows_of(table, "case", self.name) for table in tables))


@cache
def load_zram_cases() -> tuple[ZramCase, ...]:
    """All cases with zram."""
    described = json.loads((ZRAM / "cases.json").read_text())
    return tuple(
        ZramCase(
            name,
            about["about"],
            about["lengths_table"],
            about["totalram_pages"],
            about.get("backing_pages"),
        )
        for name, about in described.items()
    )


@dataclass(frozen=True, slots=True)
class ZramAccesses:
    """A run of ordinary accesses under memory.max with zram, and the run with zswap whose trace it shares."""

    name: str
    twin: AccessCase
    compressor: str
    disksize: int
    memory_max: int
    ranges: Mapping[str, tuple[int, int]]

    def settings(self, lengths: Path) -> Settings:
        """The settings of the machine that ran the case."""
        return Settings(
            tier="zram",
            kernel="6.12",
            totalram=self.twin.totalram_pages * PAGE_SIZE,
            lengths=str(lengths),
            # how many faults there are does not depend on the lengths: those of the other run will do
            comp_algorithm=self.twin.compressor,
            disksize=self.disksize,
            knobs=(KnobWrite("/a", "memory.max", self.memory_max),),
        )


@cache
def load_zram_accesses() -> tuple[ZramAccesses, ...]:
    """All runs of ordinary accesses with zram."""
    twins = {case.name: case for case in load_access_cases()}
    described = json.loads((ZRAM / "access.json").read_text())
    return tuple(
        ZramAccesses(
            name,
            twins[about["twin"]],
            about["compressor"],
            about["disksize"],
            about["memory.max"],
            {counter: (low, high) for counter, (low, high) in about["end"].items()},
        )
        for name, about in described.items()
        if about["twin"] in twins
    )
