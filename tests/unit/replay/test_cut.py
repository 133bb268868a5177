"""Traces cut in two: the parts count what the whole counts."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import pytest

from tests.rows import row_texts
from zswap_replay.errors import SettingsError
from zswap_replay.replay.cut import Between, CutSummary, cut
from zswap_replay.replay.keywords import SettingsOptions, settings_of
from zswap_replay.replay.loop import replay
from zswap_replay.result.counters import COUNTERS
from zswap_replay.result.ranges import values_of
from zswap_replay.result.result import Result
from zswap_replay.settings import Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.generate import Synthetic, generate
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.sample import sample

GAUGES = {
    f"{group}.{name}"
    for group, counters in COUNTERS.items()
    for name, counter in counters.items()
    if counter.kind == "gauge"
}
UNTOLD = ("pool_total_size", "resident_pages", "memory.current", "memory.swap.current")
"""What no rows can tell: which pages of the pool are half empty, and which copies are left in the swap cache."""
ROUGHLY = ("zswap", "memory.zswap.current", "compressed_bytes")
"""Entries of freed slots and stale ones are there, with the length that is nearest among those of other pages."""
LZ4: SettingsOptions = {"compressor": "lz4"}


def pageouts() -> TraceBuilder:
    """Page-outs, loads, writes, frees and memcgs that come and go, some of them with limits."""
    trace = TraceBuilder(step_ns=10_000_000).memcg_create("/a").memcg_create("/b").memcg_create("/b/c")
    trace.write("/a", 0, count=40).write("/b/c", 0, count=30).write("/old", 0, count=8)
    trace.pageout("/a", 0, count=20).read("/a", 5, count=6).write("/a", 7, count=2)
    trace.memcg_set("/b", "memory.zswap.max", 0).pageout("/b/c", 0, count=9).read("/b/c", 2, count=2)
    trace.memcg_set("/b", "memory.zswap.max", "max").pageout("/b/c", 9, count=9).discard("/a", 12, count=3)
    trace.pageout("/old", 0, count=4).memcg_offline("/old").snapshot("middle").settle()
    trace.read("/old", 0, count=2).memcg_create("/old").write("/old", 0, count=3).pageout("/old", 0, count=2)
    trace.write("/a", 0, count=40).pageout("/a", 0, count=40).read("/b/c", 0, count=30)
    trace.memcg_create("/late").write("/late", 3, count=5).pageout("/late", 0, count=10).discard("/a", 1)
    trace.read("/a", 0, count=40).write("/b/c", 4).pageout("/b/c", 0, count=30).read("/late", 3, count=5)
    return trace.param("enabled", 0).write("/a", 2).pageout("/a", 0, count=9).param("enabled", 1)


def parts(trace: Path, row: int, **options: object) -> tuple[Result, Result, CutSummary]:
    """Replays of the rows before one, and of those from it on behind a prologue."""
    keywords: SettingsOptions = {**LZ4, **options}  # type: ignore[typeddict-item]
    settings = settings_of(None, keywords)
    cut(str(trace), trace.with_name("first"), Between(end_row=row), settings, overwrite=True)
    summary = cut(str(trace), trace.with_name("second"), Between(first_row=row), settings, overwrite=True)
    first = replay(trace.with_name("first"), **keywords)
    return first, replay(trace.with_name("second"), **keywords), summary


def together(first: Result, second: Result) -> dict[str, object]:
    """What the parts count: counters add up, gauges are those of the end."""
    before, after = values_of(first.end, {}), values_of(second.end, {})
    found: dict[str, object] = {}
    for name, value in after.items():
        counter = name.rpartition(":")[2]
        gauge = any(known.endswith(f".{counter}") or known == counter for known in GAUGES) or (
            counter.rpartition(".")[2] in ("zswap", "zswapped", "stored_pages", "compressed_bytes", "current")
        )
        found[name] = value if gauge else (value or 0) + (before.get(name) or 0)
    return found


def test_page_outs_count_the_same_wherever_they_are_cut(tmp_path: Path) -> None:
    pageouts().save(tmp_path / "t")
    rows = open_trace(tmp_path / "t").num_rows
    wholes = {kernel: replay(tmp_path / "t", kernel=kernel, compressor="lz4") for kernel in ("6.6", "6.12")}
    for (kernel, whole), row in itertools.product(wholes.items(), (12, 17, 22)):
        first, second, summary = parts(tmp_path / "t", row, kernel=kernel)
        assert rows - row == summary.rows
        found = together(first, second)
        for name, value in values_of(whole.end, {}).items():
            counter = name.rpartition(":")[2]
            if counter.endswith(ROUGHLY):
                assert found.get(name, 0) == pytest.approx(value, rel=0.01), (kernel, row, name)
            elif not counter.endswith(UNTOLD):
                assert found.get(name, 0) == value, (kernel, row, name)


def test_reclaim_counts_nearly_the_same(tmp_path: Path) -> None:
    generate("zipf", Synthetic(pages=2500, events=16_000, skew=0.7), tmp_path / "t")
    limits = {"/a": {"memory.max": "4M", "memory.zswap.max": "1M"}}
    whole = replay(tmp_path / "t", set=limits, compressor="lz4")
    first, second, summary = parts(tmp_path / "t", 8_000, set=limits)
    found = together(first, second)
    assert summary.pages > 1500
    for name in ("replay.accesses", "replay.first_touches"):
        assert whole.counters[name] == found[name]
    for name in ("zswpout", "zswpin", "pswpin", "pswpout", "pgmajfault"):
        assert found[f"vmstat.{name}"] == pytest.approx(whole.counters[name], rel=0.03), name
    assert found["zswap.stored_pages"] == pytest.approx(whole.counters["stored_pages"], rel=0.05)


def test_writes_go_on_with_the_contents_that_they_had(tmp_path: Path) -> None:
    trace = TraceBuilder().write("/a", 1, count=3).write("/a", 2).write("/a", 1, count=3).write("/a", 2)
    trace.save(tmp_path / "t")
    cut(str(tmp_path / "t"), tmp_path / "s", Between(first_row=2), Settings())
    cut(str(tmp_path / "t"), tmp_path / "u", Between(first_row=3), Settings())
    rows, later = (row_texts(open_trace(tmp_path / name)) for name in ("s", "u"))
    written = [(row[3], row[4], row[6]) for row in rows if row[1] == "write"]
    assert ["1", "2", "3", "1", "2", "3", "2"] == [page for page, _, _ in written]
    assert {"1"} == {count for _, count, _ in written}
    assert 7 == len({content for _, _, content in written})
    # what the prologue of a later cut says that the pages hold is what the writes before it gave them
    held = {row[3]: row[6] for row in later[:-1] if row[1] == "write"}
    assert {page: content for page, _, content in written[3:6]} == held
    assert later[-1] == rows[-1]


def test_what_is_in_the_prologue_is_not_counted(tmp_path: Path) -> None:
    pageouts().save(tmp_path / "t", TraceMetadata(totalram_pages=5000, origin="by hand"))
    trace = str(tmp_path / "t")
    summary = cut(trace, tmp_path / "s", Between(first_row=23), Settings(), warm_rows=8)
    reader = open_trace(tmp_path / "s")
    assert (summary.prologue_rows, 5000) == (reader.metadata.prologue_rows, reader.metadata.totalram_pages)
    assert f"rows 23 to {summary.rows + 22} of by hand" == reader.metadata.origin
    rows = row_texts(reader)
    assert "snapshot" not in [row[1] for row in rows]
    notes: list[str] = []
    result = replay(tmp_path / "s", notes=notes.append, max_events=1)
    assert [
        f"the first {summary.prologue_rows} rows are the prologue of a cut: nothing in them is counted"
    ] == notes
    assert int(rows[summary.prologue_rows][4]) == result.counters["replay.accesses"]
    sample(tmp_path / "s", tmp_path / "half", Fraction(1, 2))
    half = open_trace(tmp_path / "half").metadata.prologue_rows
    assert half is not None
    assert 0 < half < summary.prologue_rows
    before, after = rows[summary.prologue_rows - 1][0], rows[summary.prologue_rows][0]
    assert before < after
    sampled = row_texts(open_trace(tmp_path / "half"))
    assert int(sampled[half - 1][0]) < int(after) <= int(sampled[half][0])


def test_the_first_part_is_as_it_was(tmp_path: Path) -> None:
    pageouts().save(tmp_path / "t")
    rows = row_texts(open_trace(tmp_path / "t"))
    for between in (Between(end_row=9), Between(rows=9), Between(end="90ms"), Between(end="90_000_000")):
        summary = cut(str(tmp_path / "t"), tmp_path / "s", between, Settings(), overwrite=True)
        assert (9, 0, 0, 0) == (summary.rows, summary.prologue_rows, summary.pages, summary.before)
        assert rows[:9] == row_texts(open_trace(tmp_path / "s"))


def test_a_cut_in_a_run_of_the_worker(tmp_path: Path) -> None:
    trace = TraceBuilder().worker("end").seen_reads().write("/a", 0, count=4).pageout("/a", 0, count=4)
    trace.worker("begin").worker(1).worker("end").read("/a", 0).param("max_pool_percent", 30).read("/a", 1)
    trace.save(tmp_path / "t")
    for row, running in ((5, True), (6, True), (7, False)):
        cut(str(tmp_path / "t"), tmp_path / "s", Between(first_row=row), Settings(), overwrite=True)
        reader = open_trace(tmp_path / "s")
        found = [(event, value) for _, event, *_, value in row_texts(reader, reader.metadata.prologue_rows)]
        assert ("worker", "end") == found[0]
        assert ("seen_reads", "1") in found
        assert running == (("worker", "begin") in found)
        assert 2 == reader.metadata.schema
        replay(tmp_path / "s", **LZ4)


def test_places_that_hold_nothing_and_times(tmp_path: Path) -> None:
    TraceBuilder(step_ns=1000).at(5_000_000).read("/a", 1).read("/a", 2).save(tmp_path / "t")
    trace = str(tmp_path / "t")
    for between in (Between(first_row=2), Between(end="0"), Between(first=str(1 << 63)), Between("1s", "1s")):
        with pytest.raises(
            SettingsError, match="found no row between the two places; expected some of its 2 rows"
        ):
            cut(trace, tmp_path / "s", between, Settings())
    for text, rows in (("1us", 1), ("5001000", 1), ("1000", 2), ("999ns", 1)):
        assert rows == cut(trace, tmp_path / "s", Between(first=text), Settings(), overwrite=True).rows
    with pytest.raises(SettingsError, match="'soon' is no time"):
        cut(trace, tmp_path / "s", Between(first="soon"), Settings(), overwrite=True)
    with pytest.raises(SettingsError, match="is an input of this command"):
        cut(trace, trace, Between(end_row=1), Settings(), overwrite=True)
