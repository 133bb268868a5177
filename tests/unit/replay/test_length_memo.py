from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from zswap_replay.codec.length_table import LengthTable
from zswap_replay.replay.length_memo import LengthMemo
from zswap_replay.replay.loop import replay
from zswap_replay.result.result import Result
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.builder import TraceBuilder

SETTINGS = Settings(compressor="lz4", knobs=(KnobWrite("/a", "memory.zswap.max", 16 * 4096),))


def trace_in(folder: Path) -> str:
    trace = TraceBuilder().write("/a", 0, count=60).pageout("/a", 0, count=60).read("/a", 0, count=60)
    path = folder / "trace.parquet"
    trace.write("/a", 0, count=20).pageout("/a", 0, count=60).save(path)
    return str(path)


def compressed(result: Result) -> int:
    assert result.timing is not None
    return result.timing.pages_compressed


def test_what_one_replay_compressed_the_next_ones_do_not(tmp_path: Path) -> None:
    trace, memo = trace_in(tmp_path), LengthMemo()
    alone = replay(trace, SETTINGS)
    first, second = replay(trace, SETTINGS, memo=memo), replay(trace, SETTINGS, memo=memo)
    assert alone.snapshots == first.snapshots == second.snapshots
    assert 0 < compressed(alone) == compressed(first)
    assert 0 == compressed(second)


def test_a_memo_serves_other_settings_and_compresses_what_is_new_to_it(tmp_path: Path) -> None:
    trace, memo = trace_in(tmp_path), LengthMemo()
    replay(trace, SETTINGS, memo=memo)
    for settings in (
        replace(SETTINGS, kernel="6.12"),
        replace(SETTINGS, knobs=()),
        replace(SETTINGS, compressor="zstd"),
    ):
        assert replay(trace, settings).snapshots == replay(trace, settings, memo=memo).snapshots


def test_tables_of_a_memo_serve_another_one(tmp_path: Path) -> None:
    trace, memo, other = trace_in(tmp_path), LengthMemo(), LengthMemo()
    learned = replay(trace, SETTINGS, memo=memo)
    other.update(memo.tables())
    told = replay(trace, SETTINGS, memo=other)
    assert learned.snapshots == told.snapshots
    assert 0 == compressed(told)


def test_a_memo_takes_in_what_it_does_not_know_yet_and_tells_what_is_new(tmp_path: Path) -> None:
    trace, memo, other = trace_in(tmp_path), LengthMemo(), LengthMemo()
    replay(trace, SETTINGS, memo=memo)
    learned = memo.tables()["lz4"]
    half = LengthTable(learned.content[::2], learned.length[::2], learned.kind[::2])
    half.content.flags.writeable = False  # as it is where it came over a network
    other.update({"lz4": half})
    before = other.sizes()
    assert {"lz4": len(half.content)} == before
    assert {} == other.tables(before)
    other.update(memo.tables())
    other.update(memo.tables())
    assert {"lz4": len(learned.content)} == other.sizes()
    assert set(learned.content[1::2].tolist()) == set(other.tables(before)["lz4"].content.tolist())
    told = replay(trace, SETTINGS, memo=other)
    assert told.timing is not None
    assert 0 == told.timing.pages_compressed
