"""What is written to memory.reclaim with keys."""

from __future__ import annotations

import pytest

from tests.bench import EVERY_RELEASE, FULL, MS, Bench
from tests.rows import row_texts
from zswap_replay.errors import SettingsError
from zswap_replay.mm.releases import RELEASES
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace

WITH_KEYS = [name for name, release in RELEASES.items() if "swappiness" in release.reclaim_keys]


def reclaimed(text: str, pages: int = 4000) -> TraceBuilder:
    """Pages that were written and are asked back, some of them."""
    trace = TraceBuilder(step_ns=MS).write("/web", 0, count=pages, content=FULL).memcg_reclaim("/web", "64K")
    return trace.memcg_reclaim("/web", text)


@pytest.mark.parametrize("kernel", WITH_KEYS)
@pytest.mark.parametrize("reclaim", ["k", "lru"])
def test_swappiness_60_is_the_default_and_0_takes_no_anonymous_page(
    bench: Bench, kernel: str, reclaim: str
) -> None:
    plain, same, none = (
        bench.end(reclaimed(text), kernel=kernel, reclaim=reclaim)
        for text in ("256K", "256K swappiness=60", "256K swappiness=0")
    )
    assert plain == same
    before = bench.end(
        TraceBuilder().write("/web", 0, count=4000, content=FULL).memcg_reclaim("/web", "64K"),
        kernel=kernel,
        reclaim=reclaim,
    )
    assert before.vmstat["zswpout"] == none.vmstat["zswpout"] < plain.vmstat["zswpout"]


@pytest.mark.parametrize("kernel", WITH_KEYS)
def test_swappiness_changes_the_share_that_is_scanned(bench: Bench, kernel: str) -> None:
    def taken(value: int) -> list[int]:
        trace = (
            TraceBuilder()
            .write("/p/a", 0, count=2000, content=FULL)
            .write("/p/b", 0, count=2000, content=FULL)
        )
        end = bench.end(trace.memcg_reclaim("/p", f"3M swappiness={value}"), kernel=kernel)
        return [end.memcg[path]["zswpout"] for path in ("/p/a", "/p/b")]

    (one, other), (first, second) = taken(1), taken(200)
    assert abs(one - other) < abs(
        first - second
    )  # the less of a list is scanned, the more evenly memcgs give


@pytest.mark.parametrize("kernel", [name for name in EVERY_RELEASE if name not in WITH_KEYS])
def test_older_releases_refuse_it_with_the_release_that_takes_it(bench: Bench, kernel: str) -> None:
    message = (
        r"row 2: found '65536 swappiness=5', which .* refuses \(EINVAL\): .* from 6\.11 on; --kernel 6\.12"
    )
    with pytest.raises(SettingsError, match=message):
        bench.end(reclaimed("64K  swappiness=5 "), kernel=kernel)


def test_max_is_of_later_releases(bench: Bench) -> None:
    with pytest.raises(SettingsError, match=r"swappiness=max from 6\.16 on"):
        bench.end(reclaimed("64K swappiness=max"), kernel="6.12")
    assert bench.end(reclaimed("64K swappiness=max"), kernel="6.18").vmstat["zswpout"] > 0


def test_keys_come_back_as_they_were_written(bench: Bench) -> None:
    trace = bench.save(reclaimed("64K swappiness=1 swappiness=max").memcg_reclaim("/web", "1 swappiness=20"))
    assert ["65536", "65536 swappiness=max", "1 swappiness=20"] == [
        row[-1] for row in row_texts(open_trace(trace)) if row[1] == "memcg_reclaim"
    ]
