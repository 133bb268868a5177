"""Batches are cut into parts, with the rows that are more than accesses."""

from __future__ import annotations

from pathlib import Path

from zswap_replay.trace.batch import Batch, cut
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace


def test_controls_of_parts_are_those_of_the_whole(tmp_path: Path) -> None:
    builder = TraceBuilder()
    for number in range(12):
        builder.memcg_create(f"/a{number}")
        builder.write(f"/a{number}", number)
        if number % 3 == 0:
            builder.memcg_set(f"/a{number}", "memory.zswap.max", f"{number}M")
    builder.save(tmp_path / "t.parquet")
    (whole,) = open_trace(str(tmp_path / "t.parquet")).batches()
    for rows in (1, 4, 7, len(whole)):
        assert _absolute([whole]) == _absolute(list(cut(iter([whole]), rows)))


def _absolute(batches: list[Batch]) -> list[tuple[object, ...]]:
    return [(batch.first_row + each.row, *each[1:]) for batch in batches for each in batch.controls]
