"""Snapshots in long format: a row for each value of each counter, for CSV, Parquet, Arrow and pandas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zswap_replay.result.counters import COUNTERS, Group
from zswap_replay.result.snapshot import Snapshot

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Row:
    """One value of one counter; ``memcg`` is None where the whole machine is counted, ``node`` where all nodes are."""

    group: Group
    memcg: str | None
    node: int | None
    counter: str
    unit: str
    value: int


def rows(snapshot: Snapshot) -> Iterator[Row]:
    """List every counter of a snapshot, in the order of ``COUNTERS``; memcgs in the order of the snapshot."""
    machine: tuple[tuple[Group, dict[str, int]], ...] = (
        ("zswap", snapshot.zswap),
        ("zram", snapshot.zram),
        ("meminfo", snapshot.meminfo),
        ("vmstat", snapshot.vmstat),
        ("replay", snapshot.replay),
    )
    for group, values in machine:
        yield from _rows(group, None, values)
    for memcg, values in snapshot.memcg.items():
        yield from _rows("memcg", memcg, values)
    for memcg, values in snapshot.replay_memcg.items():
        yield from _rows("replay.memcg", memcg, values)
    for memcg, nodes in snapshot.nodes.items():
        for node, values in enumerate(nodes):
            yield from _rows("node", memcg, values, node)


def _rows(group: Group, memcg: str | None, values: dict[str, int], node: int | None = None) -> Iterator[Row]:
    for name, counter in COUNTERS[group].items():
        if name in values:
            yield Row(group, memcg, node, name, counter.unit, values[name])


def schema() -> pa.Schema:
    """Make the schema of ``to_arrow()``; ``memcg`` is null for the machine, ``node`` where all nodes are counted."""
    import pyarrow as pa

    fields: list[pa.Field[Any]] = [
        pa.field("compressor", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("time_ns", pa.uint64(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
        pa.field("memcg", pa.string()),
        pa.field("node", pa.uint8()),
        pa.field("counter", pa.string(), nullable=False),
        pa.field("value", pa.int64(), nullable=False),
    ]
    return pa.schema(fields)


def to_arrow(snapshots: Iterable[tuple[str, Snapshot]]) -> pa.Table:
    """Put the rows of snapshots, each given with the compressor of its replay, in one table."""
    import pyarrow as pa

    columns = schema()
    return pa.concat_tables(
        [_table(columns, compressor, snapshot) for compressor, snapshot in snapshots]
        or [columns.empty_table()]
    )


def _table(columns: pa.Schema, compressor: str, snapshot: Snapshot) -> pa.Table:
    import pyarrow as pa

    found = list(rows(snapshot))
    values: dict[str, list[Any]] = {
        "compressor": [compressor] * len(found),
        "label": [snapshot.label] * len(found),
        "time_ns": [snapshot.time_ns] * len(found),
        "group": [row.group for row in found],
        "memcg": [row.memcg for row in found],
        "node": [row.node for row in found],
        "counter": [row.counter for row in found],
        "value": [row.value for row in found],
    }
    return pa.table(values, schema=columns)
