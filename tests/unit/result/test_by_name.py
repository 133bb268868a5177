"""One spelling for each counter, and every spelling that there was."""

from __future__ import annotations

import json
import pickle

import pytest

from tests.factories import make_result
from zswap_replay.result.by_name import (
    CounterName,
    better_of,
    find,
    respelled,
    tree_order,
    unit_of,
    value_of,
)
from zswap_replay.result.counters import COUNTERS, MACHINE
from zswap_replay.result.derived import DECIDING, DERIVED, derive

EVERY = [
    CounterName(group, name, memcg, node)
    for group, counters in COUNTERS.items()
    for memcg in ([None] if group in MACHINE else ["/", "/web", "/web:x"])
    for node in ([0, 12] if group == "node" else [None])
    for name in counters
] + [CounterName("derived", name) for name in DERIVED]


def test_every_name_is_read_as_it_is_spelled_and_no_two_are_alike() -> None:
    assert EVERY == [CounterName.parse(str(name)) for name in EVERY]
    assert len(EVERY) == len({str(name) for name in EVERY})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zswap.stored_pages", "zswap.stored_pages"),
        ("memcg:/web:pswpin", "/web:pswpin"),
        ("memcg:/web:x:pswpin", "/web:x:pswpin"),
        ("memcg:/:memory.current", "/:memory.current"),
        ("replay.memcg:/web:pswpin", "/web:replay.pswpin"),
        ("/web:memcg.pswpin", "/web:pswpin"),
        ("/web:memcg.memory.current", "/web:memory.current"),
        ("/web:replay.oom", "/web:replay.oom"),
        ("/web:node1.zswpout", "/web:node1.zswpout"),
        ("timing.total", "timing.total"),
    ],
)
def test_a_spelling_of_earlier_versions_becomes_that_of_today(text: str, expected: str) -> None:
    assert expected == respelled(text)
    assert expected == str(CounterName.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        *("stored_pages", "zswap.pswpin", "web:pswpin", "/web:stored_pages", "/web:memory.zswap.max"),
        *("/web:node1.oom", "/web:nodes.zswpout", "kernel", "memcg:/web:oom", "derived.x", ""),
    ],
)
def test_what_is_no_whole_name_stays_as_it_is(text: str) -> None:
    assert CounterName.parse(text) is None
    assert text == respelled(text)


def test_units_and_directions_are_those_of_the_tables() -> None:
    assert ["pages", "bytes", "ratio", "seconds", ""] == [
        unit_of(name)
        for name in (
            "/web:replay.oom",
            "/web:zswap",
            "derived.reject_rate",
            "timing.read",
            "max_pool_percent",
        )
    ]
    assert ["lower", "higher", None, None] == [
        better_of(name)
        for name in ("/web:node0.pswpin", "derived.pool_efficiency", "zswap.stored_pages", "seed")
    ]


NAMES = ["zswap.pool_total_size", "vmstat.pswpin", "/web:pswpin", "/web:replay.pswpin", "/web:replay.oom"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pool_total_size", "zswap.pool_total_size"),
        ("pswpin", "vmstat.pswpin"),
        ("/web:pswpin", "/web:pswpin"),
        ("/web:oom", "/web:replay.oom"),
        ("replay.memcg:/web:oom", "/web:replay.oom"),
    ],
)
def test_a_name_is_found_in_any_spelling(text: str, expected: str) -> None:
    assert expected == find(text, NAMES)


def test_a_name_is_found_where_names_are_spelled_as_they_were() -> None:
    assert "memcg:/web:zswpwb" == find("/web:zswpwb", ["memcg:/web:zswpwb", "derived.rejects"])


def test_a_name_that_is_not_there_is_told_which_are_near() -> None:
    with pytest.raises(
        LookupError, match=r"^found no such counter or figure; expected zswap.pool_total_size$"
    ):
        find("pool_total_sise", NAMES)
    with pytest.raises(LookupError, match=r"expected a counter or a derived figure"):
        find("xyz", NAMES)
    with pytest.raises(LookupError, match=r"found several of that name; expected one of .*node0.*, .*node1"):
        find("/a:zswpin", ["/a:node0.zswpin", "/a:node1.zswpin"])


def test_every_value_of_a_snapshot_is_found_by_its_name() -> None:
    result = make_result()
    assert 3000 == value_of(result.end, CounterName("zswap", "stored_pages"))
    assert value_of(result.end, CounterName("node", "zswpin", "/web", 7)) is None
    for name in ("zswap.stored_pages", "vmstat.zswpout", "replay.accesses"):
        group, _, counter = name.partition(".")
        assert result.counters[name] == value_of(result.end, CounterName(group, counter))
    web = result.memcg["/web"]
    assert web["zswpout"] == web["memcg.zswpout"] == result.counters["/web:zswpout"]
    assert web["replay.accesses"] == result.counters["/web:replay.accesses"]
    node = result.end.nodes["/web"][0]["zswpout"]
    assert node == web["node0.zswpout"] == result.counters["/web:node0.zswpout"]
    assert "/web:zswpout" in result.counters
    assert "node2.zswpout" not in web
    assert 7 == web.get("node2.zswpout", 7)


def test_counters_list_each_value_once_and_are_plain_to_programs() -> None:
    counters = make_result().counters
    assert counters == json.loads(json.dumps(counters)) == pickle.loads(pickle.dumps(counters))
    assert pickle.loads(pickle.dumps(counters))["/web:zswpout"] == counters["/web:zswpout"]


def test_memcgs_come_behind_their_parents_and_siblings_by_name() -> None:
    # in order of their characters /a-b would come between /a and /a/x
    assert ["/", "/a", "/a/x", "/a/x/y", "/a-b", "/a.b", "/b"] == tree_order(
        ["/b", "/a.b", "/a-b", "/a/x/y", "/a", "/", "/a/x"]
    )


def test_figures_are_in_one_table() -> None:
    assert list(DERIVED) == list(derive(make_result().end, {})) == list(make_result().derived)
    assert [1, 2, 3, 4, 5, 6, 7, 8, 9] == [figure.weight for figure in DECIDING]
    for figure in DERIVED.values():
        assert figure.unit in ("bytes", "pages", "ratio", "stores", "ns")
        assert figure.title
        assert figure.meaning
        assert figure.chart_title
        assert figure.better in ("lower", "higher") or figure.about in ("pool size", "stored pages")
