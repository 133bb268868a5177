"""Batches are cut into parts, with the rows that are more than accesses."""

from __future__ import annotations

from dataclasses import replace
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


def test_facts_of_a_part_are_those_of_the_whole(tmp_path: Path) -> None:
    builder = TraceBuilder()
    for number in range(12):
        builder.read("/a", number, count=1 + (number == 11))
    builder.save(tmp_path / "t.parquet")
    (whole,) = open_trace(str(tmp_path / "t.parquet")).batches()
    assert not whole.facts.all_single
    parts = list(cut(iter([whole]), 5))
    assert [whole.facts] * 3 == [part.facts for part in parts]
    # who looks at the rows themselves finds that the first ones have none that stands out
    assert replace(parts[0]).facts.all_single


def test_page_events_are_counted_where_a_batch_has_others_too(tmp_path: Path) -> None:
    builder = TraceBuilder().memcg_create("/a").read("/a", 0).discard("/a", 0).snapshot("end")
    builder.save(tmp_path / "t.parquet")
    (whole,) = open_trace(str(tmp_path / "t.parquet")).batches()
    assert (4, 2) == (len(whole), whole.nr_page_events)
    assert 2 == whole.part(1, 3).nr_page_events


def _absolute(batches: list[Batch]) -> list[tuple[object, ...]]:
    return [(batch.first_row + each.row, *each[1:]) for batch in batches for each in batch.controls]
