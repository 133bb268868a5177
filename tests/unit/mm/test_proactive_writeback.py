"""``source=zswap`` of memory.reclaim, a proposal: which entries go, in whose turn, and where the next walk begins."""

from __future__ import annotations

import pytest

from tests.bench import HALF, Bench, store
from zswap_replay.errors import SettingsError
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.trace.builder import TraceBuilder

LENGTH = 2040
ON = "7.1+proactive_writeback=on"
CURSOR = f"{ON}+cursor_per_memcg=on"


def family() -> TraceBuilder:
    """Two memcgs of one parent with a hundred entries each, none of which was looked at."""
    trace = store(TraceBuilder().memcg_create("/a"), "/a/x", 0, 100, HALF)
    return store(trace, "/a/y", 0, 100, HALF + 100)


def ask(trace: TraceBuilder, entries: int, memcg: str = "/a") -> TraceBuilder:
    return trace.memcg_reclaim(memcg, f"{entries * LENGTH} source=zswap")


def written(snapshot: Snapshot, *memcgs: str) -> list[int]:
    return [snapshot.memcg[memcg]["zswpwb"] for memcg in memcgs]


def test_entries_go_in_turn_after_their_second_chance_until_the_bytes_are_gone(bench: Bench) -> None:
    end = bench.end(ask(family(), 64), kernel=ON)
    # a visit looks at 64: all have their bits first, then 28 of each go, then what is left of the 64 of /a/x
    assert [120, 92, 28] == written(end, "/a", "/a/x", "/a/y")
    assert {memcg: end.memcg[memcg]["zswpwb_proactive_b"] for memcg in ("/", "/a", "/a/x", "/a/y")} == {
        "/": 120 * LENGTH,
        "/a": 120 * LENGTH,
        "/a/x": 92 * LENGTH,
        "/a/y": 28 * LENGTH,
    }
    assert 200 == end.vmstat["zswpout"]  # no page was reclaimed for it


def test_a_cursor_goes_on_where_the_last_walk_of_the_memcg_ended(bench: Bench) -> None:
    twice = ask(ask(family(), 64), 1)
    assert [100, 28] == written(bench.end(twice, kernel=ON), "/a/x", "/a/y")
    assert [92, 92] == written(bench.end(twice, kernel=CURSOR), "/a/x", "/a/y")
    # that of another memcg is another one
    other = ask(ask(ask(family(), 64), 1, "/a/y"), 1)
    assert [92, 100] == written(bench.end(other, kernel=CURSOR), "/a/x", "/a/y")


def test_a_cursor_leaves_a_memcg_that_goes_offline(bench: Bench) -> None:
    trace = ask(ask(family(), 64).memcg_offline("/a/x"), 1)
    # its 8 entries are the parent's, and the cursor is at /a/y: behind that comes the parent, then /a/y again
    assert [128, 28] == written(bench.end(trace, kernel=CURSOR), "/a", "/a/y")
    assert [192, 92] == written(bench.end(ask(trace, 1), kernel=CURSOR), "/a", "/a/y")


@pytest.mark.parametrize("memcg", ["/", "/a"])
def test_a_memcg_gives_what_it_has_and_no_more(bench: Bench, memcg: str) -> None:
    end = bench.end(ask(family(), 1000, memcg), kernel=CURSOR)
    assert [100, 100] == written(end, "/a/x", "/a/y")
    kept = family().memcg_set("/a", "memory.zswap.writeback", 0)
    end = bench.end(ask(kept, 1000, memcg), kernel=CURSOR)
    assert [0, 0] == written(end, "/a/x", "/a/y")
    assert 0 == end.memcg["/"]["zswpwb_proactive_b"]


def test_no_release_takes_it(bench: Bench) -> None:
    with pytest.raises(
        SettingsError, match=r"7.1 refuses \(EINVAL\): no release .* --rule proactive_writeback=on"
    ):
        bench.replay(ask(family(), 1), kernel="7.1")
    assert "zswpwb_proactive_b" not in bench.end(family(), kernel="7.1").memcg["/a"]
