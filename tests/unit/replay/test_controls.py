"""Memcgs are made without a search, however many and however deep."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import Bench
from zswap_replay.replay.controls import PathNumbers
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
