"""Many snapshots take little memory, and come back as they were."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import pytest

from tests.bench import Bench
from tests.factories import make_result, make_snapshot
from zswap_replay.errors import SettingsError
from zswap_replay.replay import assemble
from zswap_replay.result.file import chunks, render
from zswap_replay.result.packed import PackedSnapshots
from zswap_replay.result.result import SCHEMA
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.trace.builder import TraceBuilder

TAKEN = [
    make_snapshot("a", 1),
    replace(make_snapshot("b", 2), limits={"/web": {}, "/batch": {"memory.max": 4096}}),
    replace(make_snapshot("none", 2), memcg={}, replay_memcg={}, limits={}, nodes={}),
    replace(make_snapshot("c", 3), nodes={}),
    make_snapshot("end", 4),
]


def packed(snapshots: list[Snapshot]) -> PackedSnapshots:
    made = PackedSnapshots()
    for snapshot in snapshots:
        made.append(snapshot)
    return made


def test_snapshots_come_back_as_they_were() -> None:
    made = packed(TAKEN)
    assert TAKEN == list(made) == [made[place] for place in range(5)]
    assert made[-1] is TAKEN[-1]
    assert (*TAKEN[1:4],) == made[1:4]
    assert made == TAKEN
    assert TAKEN == made
    assert made == pickle.loads(pickle.dumps(made))
    assert made != TAKEN[:4]
    assert made != 5
    with pytest.raises(IndexError):
        made[5]
    assert [] == list(packed([]))


def test_what_does_not_change_is_there_once() -> None:
    made = packed([make_snapshot(str(number), 3) for number in range(4)])
    first, second, _ = made._packed
    assert first.memcg.names is second.memcg.names
    assert first.memcg.paths is second.memcg.paths
    assert first.limits is second.limits


@pytest.mark.parametrize("timing", [True, False])
@pytest.mark.parametrize("names", [["zstd"], ["zstd", "l\u00e4nger"], []])
def test_pieces_of_a_file_are_the_whole(names: list[str], timing: bool) -> None:
    results = [replace(make_result(name, warnings=("w",)), snapshots=packed(TAKEN)) for name in names]
    runs = [replace(result, snapshots=tuple(TAKEN)).as_json(timing=timing) for result in results]
    document = runs[0] if len(runs) == 1 else {"schema": SCHEMA, "runs": runs}
    if names:
        assert json.dumps(document, indent=2) + "\n" == "".join(chunks(results, timing=timing))
        assert json.dumps(document, indent=2) + "\n" == render(results, timing=timing)


def test_snapshots_that_memory_does_not_hold_are_refused_with_their_number(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assemble, "_SMALL", 1000)
    monkeypatch.setattr(assemble, "available_memory", lambda: 100_000)
    asked = TraceBuilder().write("/a", 0)
    for label in range(20):
        asked.snapshot(str(label))
    with pytest.raises(
        SettingsError, match=r"^20 snapshots of 1 memcg would be taken, of 8\.\d KiB each; .* 97\.7 KiB"
    ):
        bench.replay(asked)
    few = TraceBuilder().write("/a", 0).snapshot("x")
    assert 2 == len(bench.replay(few).snapshots)
    plain = TraceBuilder().write("/a", 0)
    for _ in range(20):
        plain.read("/a", 0)
    with pytest.raises(SettingsError, match=r"would be taken.*\(a longer --interval takes fewer\)"):
        bench.replay(plain, interval_ns=1)
