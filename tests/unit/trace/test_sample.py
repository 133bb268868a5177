from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.rows import row_texts
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.generate import Synthetic, generate
from zswap_replay.trace.info import describe
from zswap_replay.trace.merge import MergeInput, merge
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.sample import Chosen, sample
from zswap_replay.trace.scaled import scaled_size, whole_size
from zswap_replay.units import UNLIMITED, parse_rate

HALF = Fraction(1, 2)


def rows(path: Path) -> list[tuple[str, ...]]:
    return row_texts(open_trace(path))


def pages(path: Path) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for row in rows(path):
        if row[3] != "-":
            found.update((row[2], page) for page in range(int(row[3]), int(row[3]) + int(row[4])))
    return found


def test_a_page_is_there_with_all_its_events_or_with_none(tmp_path: Path) -> None:
    generate("zipf", Synthetic(pages=1000, events=4000), tmp_path / "t")
    summary = sample(tmp_path / "t", tmp_path / "s", Fraction(1, 4))
    kept = pages(tmp_path / "s")
    whole = [row for row in rows(tmp_path / "t") if row[3] == "-" or ("/a", int(row[3])) in kept]
    assert whole == rows(tmp_path / "s")
    assert 0.2 < len(kept) / len(pages(tmp_path / "t")) < 0.3
    assert (len(whole), 4001, 4000) == (summary.rows, summary.rows_before, summary.accesses)
    assert Fraction(1, 4) == open_trace(tmp_path / "s").metadata.sample_rate
    sample(tmp_path / "t", tmp_path / "b", Fraction(1, 4), batch_rows=77)
    assert open_trace(tmp_path / "s").sha256() == open_trace(tmp_path / "b").sha256()
    sample(tmp_path / "t", tmp_path / "o", Fraction(1, 4), seed=1)
    assert kept != pages(tmp_path / "o")


def test_runs_are_split_and_limits_are_scaled(tmp_path: Path) -> None:
    trace = TraceBuilder().memcg_create("/a").memcg_set("/a", "memory.max", "8M")
    trace.memcg_set("/a", "memory.high", "max").memcg_set("/a", "memory.zswap.max", "4096")
    trace.memcg_set("/a", "memory.zswap.writeback", 0).memcg_set("/a", "file", "1M")
    trace.write("/a", 100, count=64, content=7).write("/b", 100, count=64, node=1)
    trace.memcg_reclaim("/a", "2M").memcg_reclaim("/a", "2M swappiness=10")
    trace.param("max_pool_percent", 30).worker("begin").snapshot("end")
    trace.save(tmp_path / "t", TraceMetadata(totalram_pages=1001, nodes=2, origin="by hand"))
    notes: list[str] = []
    sample(tmp_path / "t", tmp_path / "s", HALF, notes=notes.append)
    assert notes == ["1 rows of what was seen of the shrink worker were left out: the replay's runs instead"]
    metadata = open_trace(tmp_path / "s").metadata
    assert (501, 2, "sample of 1/2, seed 0: by hand") == (
        metadata.totalram_pages,
        metadata.nodes,
        metadata.origin,
    )
    found = rows(tmp_path / "s")
    controls = [(row[1], row[-2], row[-1]) for row in found if row[3] == "-"]
    assert [
        ("memcg_create", "-", "-"),
        ("memcg_set", "memory.max", "4194304"),
        ("memcg_set", "memory.high", "max"),
        ("memcg_set", "memory.zswap.max", "4096"),
        ("memcg_set", "memory.zswap.writeback", "0"),
        ("memcg_set", "file", "524288"),
        ("memcg_reclaim", "-", "1048576"),
        ("memcg_reclaim", "-", "1048576 swappiness=10"),
        ("param", "max_pool_percent", "30"),
        ("snapshot", "end", "-"),
    ] == controls
    runs = [row for row in found if row[2] == "/a" and row[3] != "-"]
    assert len(runs) > 8
    for before, after in itertools.pairwise(runs):
        assert int(before[3]) + int(before[4]) < int(after[3])
    # the content of page 100 + k is 7 + k
    assert {93} == {int(row[3]) - int(row[6]) for row in runs}
    others = [row for row in found if row[2] == "/b"]
    assert {("1", "-")} == {(row[5], row[6]) for row in others}
    assert {page for _, page in pages(tmp_path / "s")} != set(range(100, 164))


def test_a_row_of_very_many_pages_is_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    TraceBuilder().write("/a", 5, count=3000).read("/a", 1).save(tmp_path / "t")
    sample(tmp_path / "t", tmp_path / "s", HALF)
    monkeypatch.setattr("zswap_replay.trace.sample._PIECE", 100)
    sample(tmp_path / "t", tmp_path / "p", HALF)
    assert pages(tmp_path / "s") == pages(tmp_path / "p")
    assert 1300 < len(pages(tmp_path / "s")) < 1700


@pytest.mark.parametrize("event", ["pageout", "discard"])
def test_a_row_that_only_finds_pages_stays_whole_where_it_is_of_very_many(tmp_path: Path, event: str) -> None:
    most = (1 << 32) - 1
    TraceBuilder().row(event=event, memcg="/a", page=7, count=most).save(tmp_path / "t")
    sample(tmp_path / "t", tmp_path / "s", rate=Fraction(1, 10))
    assert [["0", event, "/a", "7", str(most)]] == [
        list(row[:5]) for row in row_texts(open_trace(tmp_path / "s"))
    ]


def test_a_sample_of_a_sample_is_chosen_anew(tmp_path: Path) -> None:
    generate("scan", Synthetic(pages=4000, events=4000), tmp_path / "t")
    sample(tmp_path / "t", tmp_path / "s", HALF)
    sample(tmp_path / "s", tmp_path / "u", HALF)
    assert Fraction(1, 4) == open_trace(tmp_path / "u").metadata.sample_rate
    assert 900 < describe(open_trace(tmp_path / "u")).pages < 1100
    sample(tmp_path / "t", tmp_path / "w", Fraction(1))
    assert open_trace(tmp_path / "w").metadata.sample_rate is None
    assert open_trace(tmp_path / "t").sha256() == open_trace(tmp_path / "w").sha256()


def test_samples_of_different_rates_are_not_put_together(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    trace = TraceBuilder().read("/a", 1)
    trace.save(folder / "1.parquet", TraceMetadata(sample_rate=HALF))
    trace.save(folder / "2.parquet")
    with pytest.raises(TraceError, match="sample_rate: found none; expected 1/2, as in the files before"):
        open_trace(folder)
    inputs = [MergeInput(folder / "1.parquet", "/x"), MergeInput(folder / "2.parquet", "/y")]
    with pytest.raises(TraceError, match=r"samples of different shares of pages: .*1.parquet: 1/2, .*: 1;"):
        merge(inputs, tmp_path / "out")
    merge([inputs[0], replace(inputs[0], memcg="/y")], tmp_path / "out")
    assert HALF == open_trace(tmp_path / "out").metadata.sample_rate


def test_sizes() -> None:
    assert [UNLIMITED, 0, 4096, 4096, 8192] == [
        scaled_size(size, HALF) for size in (UNLIMITED, 0, 1, 8192, 12288)
    ]
    for rate in (Fraction(1, 10), Fraction(3, 7), Fraction(1)):
        for size in (np.arange(1, 50) * 4096).tolist():
            assert size == scaled_size(whole_size(size, rate), rate)


@pytest.mark.parametrize("text", ["0", "0/3", "3/0", "1.5", "101%", "-1", "a", "", "1/10/3", "1" * 99])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(SettingsError, match="is no share of pages: expected one above 0 and at most 1"):
        parse_rate(text)


def test_a_share_of_fewer_pages_than_any_trace_has() -> None:
    assert Fraction(1, 10**9) == parse_rate("1/1000000000")
    with pytest.raises(SettingsError, match="expected at least 1/1000000000"):
        parse_rate("1/10000000000000000000000")
    pages = np.arange(100, dtype=np.uint64)
    memcgs = np.zeros(100, np.int32)
    assert not Chosen(Fraction(1, 10**30), "")(memcgs, pages, ["/"]).any()


def test_rates_are_spelled_in_three_ways(tmp_path: Path) -> None:
    assert {Fraction(1, 10)} == {parse_rate(text) for text in ("1/10", "0.1", "10%", ".1", "2/20")}
    with pytest.raises(SettingsError, match="rate is 2: expected a share"):
        sample("t", tmp_path / "s", Fraction(2))
    TraceBuilder().read("/a", 1).save(tmp_path / "t", TraceMetadata(sample_rate=Fraction(7)))
    with pytest.raises(
        TraceError, match="sample_rate: found '7'; expected a share of the pages, such as 1/10"
    ):
        open_trace(tmp_path / "t")
