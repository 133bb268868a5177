from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.bench import Bench, stored
from zswap_replay.errors import SettingsError
from zswap_replay.replay.loop import replay
from zswap_replay.replay.shares import whole_pages
from zswap_replay.settings import KnobWrite
from zswap_replay.sweep.grid import Option, build
from zswap_replay.trace.digest import TraceDigest
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.units import PAGE_SIZE, RamShare, Share


def limits(
    bench: Bench, *texts: str, metadata: TraceMetadata | None = None, **settings: Any
) -> dict[str, int]:
    knobs = tuple(KnobWrite.parse(text) for text in texts)
    result = bench.replay(stored("/web", 0, 10), metadata=metadata, knobs=knobs, **settings)
    written = str(result.manifest.settings["set"])
    assert "%" not in written
    assert "ws" not in written
    return result.end.limits["/web"]


@pytest.mark.parametrize(
    ("ram", "metadata", "expected"),
    [
        (1 << 20, None, 51 * 4096),
        (None, TraceMetadata(totalram_pages=100), 20 * 4096),
        (None, None, 0.2 * (4 << 30)),
    ],
)
def test_a_share_of_ram_is_of_the_flag_the_trace_or_the_default(
    bench: Bench, ram: int | None, metadata: TraceMetadata | None, expected: float
) -> None:
    found = limits(bench, "/web:memory.max=20%", metadata=metadata, totalram=ram)
    assert int(expected) // PAGE_SIZE * PAGE_SIZE == found["memory.max"]


def test_a_share_of_the_working_set(bench: Bench) -> None:
    share = Share("/", Fraction(2))
    found = limits(bench, "/web:memory.max=0.5ws", "/web:memory.high=50%", totalram_share=share)
    assert {"memory.max": 5 * PAGE_SIZE, "memory.high": 10 * PAGE_SIZE} == found


def test_a_share_takes_one_reading_more_and_no_digest_of_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zswap_replay.trace.reader.SHA256_ROWS", 1)
    trace = bench.save(stored("/web", 0, 10))
    readings: list[bool] = []

    def noted(**which: bool) -> TraceDigest:
        readings.append(which["sha256"])
        return TraceDigest(**which)

    monkeypatch.setattr("zswap_replay.trace.reader.TraceDigest", noted)
    result = replay(trace, bench.settings(knobs=(KnobWrite.parse("/web:memory.max=0.5ws"),)))
    assert 5 * PAGE_SIZE == result.end.limits["/web"]["memory.max"]
    assert [False, False] == readings


def test_a_share_of_a_memcg_that_is_not_there(bench: Bench) -> None:
    with pytest.raises(SettingsError, match=r"/wbe:memory\.max 0\.5ws: the trace has no memcg /wbe"):
        limits(bench, "/wbe:memory.max=0.5ws")


@pytest.mark.parametrize(
    ("word", "expected"), [("no", 0), ("off", 0), ("n", 0), ("0", 0), ("y", 1), ("on", 1), ("1", 1)]
)
def test_a_switch_takes_words(word: str, expected: int) -> None:
    assert KnobWrite("/web", "memory.zswap.writeback", expected) == KnobWrite.parse(
        f"/web:memory.zswap.writeback={word}"
    )


def test_a_grid_has_shares_of_one_size_of_ram() -> None:
    half = Option("/web:memory.max", ("50%",), (RamShare(Fraction(1, 2)),))
    assert 2 << 20 == build([half], ram=4 << 20).points.settings(0).knobs[0].value
    one = Option("totalram", ("1G",), (1 << 30,))
    assert 1 << 29 == build([half, one], ram=4 << 20).points.settings(0).knobs[0].value
    two = Option("totalram", ("1G", "2G"), (1 << 30, 2 << 30))
    with pytest.raises(SettingsError, match="50%: a share of RAM needs one --totalram; found 1G,2G"):
        build([half, two])


def test_a_share_of_more_than_64_bits_is_what_they_hold() -> None:
    assert (1 << 64) - PAGE_SIZE == whole_pages(Fraction(10**30), 1 << 40)
    assert 1 << 39 == whole_pages(Fraction(1, 2), 1 << 40)
