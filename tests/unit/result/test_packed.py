"""Many snapshots take little memory, and come back as they were."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.bench import HALF, Bench
from tests.factories import make_result, make_snapshot
from zswap_replay.errors import SettingsError
from zswap_replay.replay import assemble
from zswap_replay.report.machine import timeline
from zswap_replay.result.file import chunks, render
from zswap_replay.result.packed import PackedSnapshots
from zswap_replay.result.result import SCHEMA, Result
from zswap_replay.result.snapshot import Snapshot, difference
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

PAGES = 12


def churn(memcgs: int = 6, turns: int = 40) -> TraceBuilder:
    """A trace of memcgs that come and go, with a snapshot at each turn, most of which change little."""
    made = TraceBuilder()
    for turn in range(turns):
        path = f"/m{turn * turn % memcgs}"
        for page in range(PAGES):
            made.write(path, page, content=HALF + 50 * turn + page)
        if turn % 5 == 4:
            made.discard(path, 0, count=PAGES).memcg_offline(path).memcg_create(path)
        if turn == 20:
            made.memcg_set("/m1", "memory.max", 10 * PAGE_SIZE)
        made.snapshot(f"s{turn}")
    return made


def replayed(bench: Bench, **settings: Any) -> tuple[Result, list[Snapshot]]:
    """Replay it; return the result and the snapshots as each was when it was taken."""
    met: list[Snapshot] = []

    def follow(_: object, taken: PackedSnapshots) -> None:
        met.append(taken[-1])

    knobs = (KnobWrite("/m4", "memory.max", 6 * PAGE_SIZE),)
    return bench.replay(churn(), knobs=knobs, totalram=60 * PAGE_SIZE, follow=follow, **settings), met


def test_snapshots_come_back_as_they_were(bench: Bench) -> None:
    result, met = replayed(bench)
    made = result.snapshots
    assert isinstance(made, PackedSnapshots)
    assert 41 == len(made) == len(met)
    assert [each.as_json() for each in made] == [each.as_json() for each in met]
    assert [json.dumps(made[place].as_json()) for place in reversed(range(41))] == [
        json.dumps(each.as_json()) for each in reversed(met)
    ]
    assert made[-1] is made[40]
    assert (*met[1:4],) == made[1:4]
    assert made == met
    assert met == made
    assert made == pickle.loads(pickle.dumps(made))
    assert made != met[:4]
    assert made != 5
    with pytest.raises(IndexError):
        made[41]
    assert [] == list(PackedSnapshots())
    assert {"memory.max": 10 * PAGE_SIZE} == made[25].limits["/m1"]
    restored = PackedSnapshots()
    restored.restore(json.loads(json.dumps(made.state())))
    assert met == list(restored)


def test_counters_are_counted_from_the_end_of_the_warm_up(bench: Bench) -> None:
    rows = churn().table()["key"].to_pylist().index("s10")
    whole, _ = replayed(bench)
    warm, _ = replayed(bench, warmup=rows)
    begin = whole.snapshots[10]
    for later, all_of_it in zip(warm.snapshots[10:], whole.snapshots[10:], strict=True):
        assert later == difference(all_of_it, begin)


def test_a_snapshot_costs_what_has_changed(bench: Bench) -> None:
    few, many = (TraceBuilder() for _ in range(2))
    for trace, memcgs in ((few, 10), (many, 400)):
        for number in range(memcgs):
            trace.write(f"/m{number}", 0, content=HALF)
        trace.snapshot("first")
        for turn in range(100):
            trace.read("/m3", 0).snapshot(f"s{turn}")
    costs = []
    for trace in (few, many):
        made = bench.replay(trace).snapshots
        assert isinstance(made, PackedSnapshots)
        costs.append(made.bytes_each)
    assert costs[0] == costs[1] < 1000


def test_a_timeline_that_follows_is_that_of_the_result(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "ROWS", 500)
    file, sizes = tmp_path / "t.parquet", []
    with timeline.timeline(file) as line:

        def follow(settings: object, taken: PackedSnapshots) -> None:
            line.follow(0, "lz4", taken)
            sizes.append(file.stat().st_size if file.exists() else 0)

        result = bench.replay(churn(), follow=follow, nodes=2, compressor="lz4")
        assert len(set(sizes)) > 3, "it is not written while the replay goes on"
        timeline.write_rest(line, [result])
    assert isinstance(result.snapshots, PackedSnapshots)
    table = pq.read_table(file)
    assert result.to_arrow().schema == table.schema
    assert result.to_arrow().equals(table.combine_chunks())
    went_on = PackedSnapshots()
    went_on.restore(json.loads(json.dumps(result.snapshots.state())))
    with timeline.timeline(file) as line:  # as where a replay goes on from a checkpoint
        line.follow(0, "lz4", went_on)
    assert table.equals(pq.read_table(file))


def test_a_timeline_that_is_given_up_leaves_no_end(tmp_path: Path) -> None:
    line = timeline.TimelineWriter(tmp_path / "t.parquet")
    timeline.write_rest(line, [make_result(snapshots=(make_snapshot("x", 1), make_snapshot()))])
    line.abandon()
    assert not (tmp_path / "t.parquet").read_bytes().endswith(b"PAR1")


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize("timing", [True, False])
@pytest.mark.parametrize("names", [["zstd"], ["zstd", "l\u00e4nger"], []])
def test_pieces_of_a_file_are_the_whole(bench: Bench, names: list[str], timing: bool) -> None:
    made, met = replayed(bench)
    results = [replace(make_result(name, warnings=("w",)), snapshots=made.snapshots) for name in names]
    runs = [replace(result, snapshots=tuple(met)).as_json(timing=timing) for result in results]
    document = runs[0] if len(runs) == 1 else {"schema": SCHEMA, "runs": runs}
    if names:
        assert json.dumps(document, indent=2) + "\n" == "".join(chunks(results, timing=timing))
        assert json.dumps(document, indent=2) + "\n" == render(results, timing=timing)


def test_snapshots_that_memory_does_not_hold_are_refused_with_their_number(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assemble, "_SMALL", 1000)
    monkeypatch.setattr(assemble, "available_memory", lambda: 15_000)
    asked = TraceBuilder().write("/a", 0)
    for label in range(20):
        asked.snapshot(str(label))
    with pytest.raises(
        SettingsError, match=r"^20 snapshots of 1 memcg would be taken, of about 1\.0 KiB each; .* 14\.6 KiB"
    ):
        bench.replay(asked)
    few = TraceBuilder().write("/a", 0).snapshot("x")
    assert 2 == len(bench.replay(few).snapshots)
    plain = TraceBuilder().write("/a", 0)
    for _ in range(20):
        plain.read("/a", 0)
    with pytest.raises(SettingsError, match=r"would be taken.*\(a longer --interval takes fewer\)"):
        bench.replay(plain, interval_ns=1)
