from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.rows import row_texts
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace import sort as sort_module
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import Event
from zswap_replay.trace.sort import SortSummary, sort
from zswap_replay.trace.writer import TraceWriter, page_rows

KEPT = ("/a", "/b", "/c/d")


def shuffled(path: Path, rows: int, *, times: int = 20, seed: int = 1) -> list[tuple[str, ...]]:
    """A trace of rows out of order, many of equal times; return them as texts in the order that is right."""
    dice = random.Random(seed)
    builder = TraceBuilder()
    for page in range(rows):
        builder.at(dice.randrange(times)).write(dice.choice(KEPT), page, content=page)
        if page % 10 == 0:
            builder.at(dice.randrange(times)).memcg_set(f"/only/{page}", "memory.max", "64M")
    builder.save(path, TraceMetadata(totalram_pages=5, origin="here"), row_group_rows=170)
    texts = [
        (str(row["time_ns"]), row["event"], row["memcg"], str(row["page"]), str(row["value"]))
        for row in pq.read_table(path).to_pylist()
    ]
    return sorted(texts, key=lambda row: int(row[0]))


def rows_of(path: Path) -> list[tuple[str, ...]]:
    return [
        (str(row["time_ns"]), row["event"], row["memcg"], str(row["page"]), str(row["value"]))
        for row in pq.read_table(path).to_pylist()
    ]


@pytest.mark.parametrize("run_rows", [1 << 20, 100, 7])
def test_rows_of_one_time_keep_their_order(tmp_path: Path, run_rows: int) -> None:
    expected = shuffled(tmp_path / "t.parquet", 300)
    summary = sort(tmp_path / "t.parquet", tmp_path / "s.parquet", run_rows=run_rows)
    assert (len(expected), True) == (summary.rows, summary.out_of_order > 100)
    assert expected == rows_of(tmp_path / "s.parquet")
    assert ["s.parquet", "t.parquet"] == sorted(path.name for path in tmp_path.iterdir())


def test_many_runs_are_merged_in_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sort_module, "MERGED_RUNS", 3)
    expected = shuffled(tmp_path / "t.parquet", 300)
    sort(tmp_path / "t.parquet", tmp_path / "s.parquet", run_rows=10)
    assert expected == rows_of(tmp_path / "s.parquet")


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_memory_holds_a_run_whatever_the_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sort_module, "_BATCH_ROWS", 50)

    def peak(rows: int) -> int:
        times = np.random.default_rng(1).permutation(rows)
        with TraceWriter(tmp_path / "t", overwrite=True, row_group_rows=2000) as writer:
            writer.write(page_rows(times, Event.WRITE, times, "/a"))
        before = pa.default_memory_pool()
        pool = pa.proxy_memory_pool(before)
        pa.set_memory_pool(pool)
        try:
            sort(tmp_path / "t", tmp_path / "s", overwrite=True, run_rows=2000)
        finally:
            pa.set_memory_pool(before)
        assert list(range(rows)) == pq.read_table(tmp_path / "s").column("page").to_pylist()
        return pool.max_memory() or 0

    assert peak(40_000) < 1.5 * peak(10_000)


def test_metadata_stay_and_say_it(tmp_path: Path) -> None:
    shuffled(tmp_path / "t.parquet", 10)
    sort(tmp_path / "t.parquet", tmp_path / "s.parquet")
    assert (
        TraceMetadata(totalram_pages=5, origin="here, sorted by time")
        == open_trace(tmp_path / "s.parquet").metadata
    )


def test_what_is_sorted_stays(tmp_path: Path) -> None:
    TraceBuilder().memcg_create("/a").write("/a", 1, count=3, node=0).settle().snapshot("x").save(
        tmp_path / "t"
    )
    assert SortSummary(4, 0) == sort(tmp_path / "t", tmp_path / "s")
    assert row_texts(open_trace(tmp_path / "t")) == row_texts(open_trace(tmp_path / "s"))
    assert open_trace(tmp_path / "t").sha256() == open_trace(tmp_path / "s").sha256()


def test_an_empty_trace_is_in_order(tmp_path: Path) -> None:
    TraceBuilder().save(tmp_path / "t")
    assert SortSummary(0, 0) == sort(tmp_path / "t", tmp_path / "s")


def test_nothing_is_left_of_a_sort_that_fails(tmp_path: Path) -> None:
    table = TraceBuilder().write("/a", 1).write("/a", 2).table()
    times = pa.array([5, None], pa.uint64())
    pq.write_table(table.set_column(0, "time_ns", times), tmp_path / "t")
    with pytest.raises(TraceError, match="row 1, column time_ns: found null; expected nanoseconds"):
        sort(tmp_path / "t", tmp_path / "s", run_rows=1)
    with pytest.raises(SettingsError):
        sort(tmp_path / "t", tmp_path / "t", overwrite=True)
    assert ["t"] == [path.name for path in tmp_path.iterdir()]


def test_the_error_of_a_trace_out_of_order_names_both_commands(tmp_path: Path) -> None:
    TraceBuilder().at(9).write("/a", 1).at(3).write("/a", 2).save(tmp_path / "t")
    with pytest.raises(TraceError, match=r"found 3 after 9; .*trace sort.*trace shift"):
        open_trace(tmp_path / "t").sha256()
