from __future__ import annotations

from tests.factories import make_result, make_snapshot
from zswap_replay.result.counters import COUNTERS
from zswap_replay.result.labels import labels, warnings
from zswap_replay.result.long_format import rows


def test_rows_are_every_value_of_a_snapshot_in_the_order_of_the_table() -> None:
    end = make_snapshot()
    expected = [("zswap", None, name) for name in COUNTERS["zswap"] if name in end.zswap]
    assert expected == [(row.group, row.memcg, row.counter) for row in rows(end)][: len(expected)]
    values = [end.zswap, end.vmstat, end.replay, *end.memcg.values(), *end.replay_memcg.values()]
    values += [node for nodes in end.nodes.values() for node in nodes]
    assert sum(len(group) for group in values) == len(list(rows(end)))
    assert [None, 0, 1] == list(dict.fromkeys(row.node for row in rows(end)))
    assert {("node", "/web")} == {(row.group, row.memcg) for row in rows(end) if row.node is not None}


def test_labels_are_compressors_and_more_only_where_they_meet() -> None:
    assert ["zstd", "lz4"] == labels([make_result(), make_result("lz4")])
    assert ["zstd patch-v4", "zstd 6.8"] == labels([make_result(), make_result(kernel="6.8")])
    assert ["zstd patch-v4 #1", "zstd patch-v4 #2"] == labels([make_result(), make_result()])


def test_a_warning_of_all_results_is_given_once_and_one_of_some_with_their_names() -> None:
    results = [make_result(warnings=("both", "one")), make_result("lz4", warnings=("both",))]
    assert ["both", "zstd: one"] == warnings(results)
