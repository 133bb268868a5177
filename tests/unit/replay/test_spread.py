"""Ranges: the same replay under a shrink worker that runs early and one that runs late."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bench import FULL, Bench, stored
from zswap_replay.codec.base import Codec, get_codec
from zswap_replay.replay import page_data, spread
from zswap_replay.replay.loop import replay
from zswap_replay.result.file import render
from zswap_replay.result.ranges import RANGE_DELAYS, SCHEDULING, Ranges
from zswap_replay.result.result import Result
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

LIMIT = (KnobWrite("/a", "memory.max", 250 * PAGE_SIZE),)


def rounds(pages: int = 600) -> TraceBuilder:
    """Accesses to more pages than the limit and the pool hold, twice."""
    trace = TraceBuilder()
    for page in [*range(pages), *range(pages)]:
        trace.write("/a", page, content=FULL + page)
    return trace


def options(**more: Any) -> dict[str, Any]:
    return {"knobs": LIMIT, "totalram": 2000 * PAGE_SIZE, "max_pool_percent": 5, "verify": "off"} | more


@pytest.fixture
def trace(bench: Bench) -> str:
    return bench.save(rounds())


@pytest.fixture
def settings(bench: Bench) -> Settings:
    return bench.settings(**options())


def without_timing(result: Result) -> Any:
    return json.loads(render([result], timing=False))


def test_a_range_spans_the_delays_and_holds_the_default(trace: str, settings: Settings, bench: Bench) -> None:
    result = replay(trace, settings, range=True)
    assert result.range is not None
    under = [replay(trace, bench.settings(**options(shrink_delay=delay))) for delay in RANGE_DELAYS]
    for name in ("written_back_pages", "pool_limit_hit", "zswpout", "/a:replay.pswpout"):
        found = [each.counters[name] for each in under]
        assert (min(found), found[1], max(found)) == result.range[name]
    assert "zswap.written_back_pages" in result.range.apart
    assert result.counters["written_back_pages"] == result.range["written_back_pages"][1]
    # the counters are those of the default, and nothing else has moved
    plain, ranged = without_timing(replay(trace, settings)), without_timing(result)
    assert SCHEDULING in plain.pop("warnings")
    del ranged["range"]
    assert plain == ranged


def test_a_range_is_the_same_from_any_number_of_processes(
    trace: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = replay(trace, settings, range=True, jobs=1)
    monkeypatch.setattr(spread, "_WORTH_A_PROCESS", 0)
    values = spread._values_of_all

    def without_the_file(*arguments: Any) -> list[spread.Values]:
        Path(trace).unlink()  # its rows are there, for other processes too
        return values(*arguments)

    monkeypatch.setattr(spread, "_values_of_all", without_the_file)
    apart = replay(trace, settings, range=True, jobs=3)
    assert without_timing(apart) == without_timing(together)


def test_no_codec_runs_again_on_what_it_has_compressed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[bytes]] = []

    class Noting:
        def __init__(self, codec: Codec) -> None:
            self._codec = codec
            self._seen: set[bytes] = set()
            seen.append(self._seen)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._codec, name)

        def compress(self, page: bytes) -> bytes | None:
            self._seen.add(bytes(page))
            return self._codec.compress(page)

    monkeypatch.setattr(page_data, "get_codec", lambda spec, kernel: Noting(get_codec(spec, kernel)))
    made = Settings(**options(compressor="lz4"), recipe="server")
    result = replay(bench.save(rounds()), made, range=True, jobs=1)
    assert result.range is not None
    assert result.range.apart
    first, *others = [each for each in seen if each]
    assert all(first.isdisjoint(other) for other in others)


@pytest.mark.parametrize(
    ("trace_of", "more"),
    [
        (rounds, {"max_pool_percent": 100}),
        (rounds, {"reclaim": "lru"}),
        (lambda: stored("/a", 0, 200), {"knobs": ()}),
    ],
    ids=["no limit hit", "plain LRU", "page-outs alone"],
)
def test_where_no_delay_matters_nothing_is_said_and_nothing_replayed(
    bench: Bench, trace_of: Any, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, settings = bench.save(trace_of()), bench.settings(**options(**more))
    plain = replay(path, settings)
    assert SCHEDULING not in plain.warnings
    assert not plain.depends_on_scheduling
    monkeypatch.setattr(spread, "_values_of_all", None)
    result = replay(path, settings, range=True)
    assert result.range is not None
    assert not result.range.apart
    assert (0, 0, 0) == result.range["mismatches"]


def test_another_default_is_in_the_range(trace: str, bench: Bench) -> None:
    result = replay(trace, bench.settings(**options(shrink_delay=400)), range=True)
    assert result.range is not None
    assert "zswap.pool_limit_hit" in result.range.apart
    own = result.counters["pool_limit_hit"]
    ends = [each for each in result.range["pool_limit_hit"] if each is not None]
    assert own == ends[1] == sorted([own, *ends])[2]


def test_ranges_come_back_from_json(trace: str, settings: Settings) -> None:
    result = replay(trace, settings, range=True)
    again = Result.from_json(without_timing(result))
    assert result.range == again.range
    assert isinstance(again.range, Ranges)
    assert result.range is not None
    with pytest.raises(KeyError, match="written_back_pages"):
        result.range["writen_back_pages"]
