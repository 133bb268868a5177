"""Memcgs are made without a search, however many and however deep."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import Bench, store, stored
from zswap_replay.errors import SettingsError
from zswap_replay.replay.controls import PathNumbers
from zswap_replay.replay.loop import replay
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder


class Counted(list[str]):
    """Paths that count how often one of them is looked at."""

    looks = 0

    def __getitem__(self, place: object) -> str:  # type: ignore[override]
        self.looks += 1
        return super().__getitem__(place)  # type: ignore[call-overload, no-any-return]

    def __iter__(self) -> Iterator[str]:
        self.looks += len(self)
        return super().__iter__()

    def index(self, *_: object) -> int:
        raise AssertionError("a search")


def test_a_path_is_looked_at_once_however_often_it_is_asked_for() -> None:
    paths = Counted(["/"])
    numbers = PathNumbers(paths)
    for number in range(1, 1000):
        paths.append(f"/{number}")
        assert (0, number) == (numbers["/"], numbers[f"/{number}"])
    assert 1000 == paths.looks
    with pytest.raises(KeyError):
        numbers["/1000"]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_memcg_far_below_the_root_is_made_with_all_its_ancestors(bench: Bench) -> None:
    deep = "/a" * 300
    end = bench.end(TraceBuilder().write(deep, 0, count=3, content=0))
    assert 301 == len(end.memcg)
    assert [3, 3, 3] == [end.replay_memcg[path]["accesses"] for path in ("/", "/a", deep)]


# Flags of memcgs that never come, and of the root


def test_a_setting_for_a_memcg_that_never_comes_names_the_nearest(bench: Bench) -> None:
    knobs = (KnobWrite("/wbe", "memory.zswap.max", 0), KnobWrite("/wbe", "memory.max", 4096))
    message = "--set /wbe:memory.zswap.max, memory.max: no memcg /wbe came by the end of the trace; the nearest is /web"
    with pytest.raises(SettingsError) as caught:
        bench.replay(stored("/web", 0, 2), knobs=knobs)
    assert f"{message} (--allow-missing makes this a warning)" == str(caught.value)
    path = bench.save(stored("/web", 0, 2))
    assert message in replay(path, bench.settings(knobs=knobs), allow_missing=True).warnings


@pytest.mark.parametrize("missing", ["/late", "/lat"], ids=str)
def test_a_replay_that_ends_early_only_warns_and_names_the_nearest_that_came(
    bench: Bench, missing: str
) -> None:
    trace = stored("/web", 0, 2).write("/late", 0)
    result = bench.replay(trace, max_events=2, knobs=(KnobWrite(missing, "memory.max", 4096),))
    told = f"--set {missing}:memory.max: no memcg {missing} came in the first 2 events; the nearest is /web"
    assert told in result.warnings


def test_an_ancestor_comes_with_its_child(bench: Bench) -> None:
    assert (
        () == bench.replay(stored("/web/x", 0, 2), knobs=(KnobWrite("/web", "memory.max", 1 << 20),)).warnings
    )


@pytest.mark.parametrize("kernel", ["6.8", "6.12", "6.18"])
def test_a_flag_of_the_root_is_written_and_holds(bench: Bench, kernel: str) -> None:
    def swapped(trace: TraceBuilder, *knobs: KnobWrite) -> int:
        limit = KnobWrite("/a", "memory.zswap.max", 0)
        return bench.replay(trace, kernel=kernel, knobs=(limit, *knobs)).end.vmstat["pswpout"]

    off = KnobWrite("/", "memory.zswap.writeback", 0)
    by_event = TraceBuilder().memcg_set("/", "memory.zswap.writeback", 0)
    assert 10 == swapped(stored("/a", 0, 10))
    assert 0 == swapped(stored("/a", 0, 10), off)
    assert 0 == swapped(store(by_event, "/a", 0, 10))
    assert 0 == swapped(store(by_event, "/a", 0, 10), off)
