from __future__ import annotations

import re

import pytest

from zswap_replay.compare.tolerance import Tolerance
from zswap_replay.errors import SettingsError
from zswap_replay.result.counters import COUNTERS

PLACES = [
    (group, memcg, name)
    for group, counters in COUNTERS.items()
    for memcg in (
        [None] if group in ("zswap", "zram", "meminfo", "vmstat", "replay") else ["/web", "/web:x", "/"]
    )
    for name in counters
]


def covered(text: str) -> set[tuple[str, str | None, str]]:
    tolerance = Tolerance.parse(text)
    return {place for place in PLACES if tolerance.covers(*place)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zswap.written_back_pages=1", {("zswap", None, "written_back_pages")}),
        ("vmstat.zswpwb=1", {("vmstat", None, "zswpwb")}),
        ("replay.accesses=1", {("replay", None, "accesses")}),
        (
            "zswpwb=1",
            {("vmstat", None, "zswpwb"), *(("memcg", p, "zswpwb") for p in ("/", "/web", "/web:x"))},
        ),
        ("memcg.zswpwb=1", {("memcg", p, "zswpwb") for p in ("/", "/web", "/web:x")}),
        ("memory.current=1", {("memcg", p, "memory.current") for p in ("/", "/web", "/web:x")}),
        ("memcg.memory.current=1", {("memcg", p, "memory.current") for p in ("/", "/web", "/web:x")}),
        ("replay.memcg.oom=1", {("replay.memcg", p, "oom") for p in ("/", "/web", "/web:x")}),
        ("/web:zswpwb=1", {("memcg", "/web", "zswpwb")}),
        ("/web:x:zswpwb=1", {("memcg", "/web:x", "zswpwb")}),
        ("/:memory.current=1", {("memcg", "/", "memory.current")}),
        ("/web:pswpin=1", {(group, "/web", "pswpin") for group in ("memcg", "replay.memcg", "node")}),
        ("/web:node.pswpin=1", {("node", "/web", "pswpin")}),
        ("node.pswpin=1", {("node", p, "pswpin") for p in ("/", "/web", "/web:x")}),
        ("/web:node1.pswpin=1", set()),
        ("/web:memcg.pswpin=1", {("memcg", "/web", "pswpin")}),
        ("/web:replay.pswpin=1", {("replay.memcg", "/web", "pswpin")}),
        # as the files of sweeps had it
        ("memcg:/web:pswpin=1", {("memcg", "/web", "pswpin")}),
        ("replay.memcg:/web:x:pswpin=1", {("replay.memcg", "/web:x", "pswpin")}),
        ("*=1", set(PLACES)),
        ("zswap.*=1", {place for place in PLACES if place[0] == "zswap"}),
        ("/web:*=1", {place for place in PLACES if place[1] == "/web"}),
        ("/web:replay.*=1", {place for place in PLACES if place[:2] == ("replay.memcg", "/web")}),
    ],
)
def test_a_name_covers(text: str, expected: set[tuple[str, str | None, str]]) -> None:
    assert expected == covered(text)


def test_every_counter_can_be_named_alone() -> None:
    for group, memcg, name in PLACES:
        prefix = group if memcg is None else f"{memcg}:{group.removesuffix('.memcg')}"
        assert {(group, memcg, name)} == covered(f"{prefix}.{name}=1")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("zswpwb", "expected COUNTER=5 or COUNTER=1%"),
        ("=5", "expected COUNTER=5 or COUNTER=1%"),
        ("zswpwb=", "expected COUNTER=5 or COUNTER=1%"),
        ("zswpwb=-1", "expected COUNTER=5 or COUNTER=1%"),
        ("zswpwb=1.5", "expected COUNTER=5 or COUNTER=1%"),
        ("zswpwb=%", "expected COUNTER=5 or COUNTER=1%"),
        ("zswpwb=1e3", "expected COUNTER=5 or COUNTER=1%"),
        ("zswpbw=1", "no counter is named 'zswpbw'"),
        ("vmstat.stored_pages=1", "no counter is named 'vmstat.stored_pages'"),
        ("pool.zswpwb=1", "no counter is named 'pool.zswpwb'"),
        ("/web:pool_limit_hit=1", "no counter of a memcg is named 'pool_limit_hit'"),
        ("/web:vmstat.pswpin=1", "no counter of a memcg is named 'vmstat.pswpin'"),
        ("/web:memory.max=1", "no counter of a memcg is named 'memory.max'"),
        ("web:zswpwb=1", "'web' is no memcg path"),
    ],
)
def test_what_is_no_tolerance_is_refused(text: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=f"^{re.escape(repr(text))}: .*{re.escape(fault)}"):
        Tolerance.parse(text)


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    with pytest.raises(SettingsError, match=r"did you mean zswpwb or "):
        Tolerance.parse("zswpbw=1")
    with pytest.raises(
        SettingsError, match=r"no counter of a memcg is named 'replay\.omm'; did you mean .*oom"
    ):
        Tolerance.parse("/web:replay.omm=1")


@pytest.mark.parametrize(
    ("text", "expected", "allowed"),
    [
        ("zswpwb=0", 100, [100]),
        ("zswpwb=5", 100, range(95, 106)),
        ("zswpwb=1%", 1000, range(990, 1011)),
        ("zswpwb=1%", 99, [99]),
        ("zswpwb=1%", 0, [0]),
        ("zswpwb=0.1%", 1000, [999, 1000, 1001]),
        ("zswpwb=.1%", 1000, [999, 1000, 1001]),
        ("zswpwb=100%", -2, range(-4, 1)),
    ],
)
def test_what_is_allowed(text: str, expected: int, allowed: list[int]) -> None:
    tolerance = Tolerance.parse(text)
    assert list(allowed) == [value for value in range(-10, 2000) if tolerance.allows(expected, value)]


def test_percents_of_large_counters_are_exact() -> None:
    expected = 10**18
    assert Tolerance.parse("zswpwb=1%").allows(expected, expected + 10**16)
    assert not Tolerance.parse("zswpwb=1%").allows(expected, expected + 10**16 + 1)
