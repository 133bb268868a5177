from __future__ import annotations

from dataclasses import replace

import pytest

from tests.factories import make_manifest, make_result, make_snapshot
from zswap_replay.compare.expected import Difference, Verdict, by_label, judge
from zswap_replay.compare.tolerance import Tolerance
from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot


def found(end: Snapshot) -> list[Difference]:
    """What differs where a result has ``end`` in the place of the usual one."""
    (snapshot,) = judge(make_result(), make_result(snapshots=(end,))).snapshots
    return list(snapshot.differences)


def test_equal_results_do_not_differ_and_all_their_values_are_compared() -> None:
    end = make_snapshot()
    (snapshot,) = judge(make_result(), make_result()).snapshots
    by_memcg = [end.memcg, end.replay_memcg, end.limits]
    values = sum(len(table) for tables in by_memcg for table in tables.values())
    values += sum(len(node) for nodes in end.nodes.values() for node in nodes)
    values += len(end.zswap) + len(end.vmstat) + len(end.replay) + len(end.params)
    assert ("end", ()) == (snapshot.label, snapshot.differences)
    # besides the time of the snapshot and the compressed lengths
    assert values + 2 == snapshot.compared


def test_a_value_of_each_kind_is_named_as_a_tolerance_takes_it() -> None:
    end = replace(make_snapshot(), time_ns=5, params={"zpool": "zbud"})
    end.zswap["stored_pages"] = 1
    end.vmstat["pswpin"] = 2
    end.replay["oom"] = 3
    end.limits["/web"]["memory.max"] = 4
    end.memcg["/web"]["zswpin"] = 5
    end.replay_memcg["/web"]["accesses"] = 6
    assert [
        Difference("snapshot.time_ns", 3_000_000_000, 5),
        Difference("params.zpool", None, "zbud"),
        Difference("zswap.stored_pages", 3000, 1),
        Difference("vmstat.pswpin", 270, 2),
        Difference("replay.oom", 0, 3),
        Difference("/web:memory.max", 64 << 20, 4),
        Difference("/web:zswpin", 4500, 5),
        Difference("/web:replay.accesses", 925_920, 6),
    ] == found(end)


def test_a_missing_counter_and_an_extra_one_are_differences() -> None:
    end = make_snapshot()
    del end.zswap["duplicate_entry"]
    end.vmstat["swpin_zero"] = 0
    assert [
        Difference("zswap.duplicate_entry", 0, None),
        Difference("vmstat.swpin_zero", None, 0),
    ] == found(end)


def test_a_missing_memcg_and_an_extra_one_are_one_difference_each() -> None:
    end = make_snapshot()
    for table in (end.memcg, end.replay_memcg, end.limits):
        table["/new"] = table.pop("/batch")
    assert [Difference("/batch", "present", None), Difference("/new", None, "present")] == found(end)


def test_a_missing_snapshot_and_an_extra_one_are_one_difference_each() -> None:
    first, end = make_snapshot("first", 1), make_snapshot()
    run = judge(
        make_result(snapshots=(first, end)), make_result(snapshots=(replace(first, label="1st"), end))
    )
    assert [
        ("first", (Difference("snapshot", "present", None),)),
        ("end", ()),
        ("1st", (Difference("snapshot", None, "present"),)),
    ] == [(snapshot.label, snapshot.differences) for snapshot in run.snapshots]


def test_snapshots_of_one_label_are_matched_in_their_order() -> None:
    now, later, end = make_snapshot("now", 1), make_snapshot("now", 2), make_snapshot()
    assert ["now", "now #2", "end"] == list(by_label((now, later, end)))
    taken = replace(later, label="now #2")
    assert ["now", "now #2", "now #3"] == list(by_label((now, taken, later)))
    run = judge(make_result(snapshots=(now, later, end)), make_result(snapshots=(now, now, end)))
    assert [False, True, False] == [bool(snapshot.differences) for snapshot in run.snapshots]


def test_compressed_lengths_are_one_value_of_the_end() -> None:
    lengths = {100: 2, 4096: 1}
    expected = replace(make_result(), compressed_lengths=lengths)
    assert [] == list(
        judge(expected, replace(expected, compressed_lengths=lengths)).snapshots[-1].differences
    )
    other = replace(expected, compressed_lengths={100: 1, 101: 1, 4096: 1})
    assert (
        Difference("compressed_lengths", "3 pages, 4296 bytes", "3 pages, 4297 bytes, 2 lengths differ"),
    ) == judge(expected, other).snapshots[-1].differences
    assert () == judge(expected, other, [Tolerance.parse("zswpwb=1")]).snapshots[-1].differences


@pytest.mark.parametrize(
    ("tolerances", "names"),
    [
        ([], ["zswap.stored_pages", "/web:replay.stored_pages"]),
        (["stored_pages=5"], []),
        (["stored_pages=4"], ["zswap.stored_pages"]),
        (["zswap.stored_pages=1%"], ["/web:replay.stored_pages"]),
        (["zswap.stored_pages=1%", "/web:stored_pages=1"], []),
        (["zswap.stored_pages=1%", "/batch:stored_pages=1"], ["/web:replay.stored_pages"]),
        (["stored_pages=0", "*=1%"], []),
        (["*=1%", "stored_pages=0"], ["zswap.stored_pages", "/web:replay.stored_pages"]),
    ],
)
def test_of_the_tolerances_that_cover_a_counter_the_last_holds(
    tolerances: list[str], names: list[str]
) -> None:
    end = make_snapshot()
    end.zswap["stored_pages"] += 5
    end.replay_memcg["/web"]["stored_pages"] -= 1
    run = judge(make_result(), make_result(snapshots=(end,)), [*map(Tolerance.parse, tolerances)])
    assert names == [each.name for each in run.snapshots[0].differences]


def test_no_tolerance_makes_up_for_a_counter_that_is_missing() -> None:
    end = make_snapshot()
    del end.zswap["duplicate_entry"]
    run = judge(make_result(), make_result(snapshots=(end,)), [Tolerance.parse("*=100%")])
    assert ["zswap.duplicate_entry"] == [each.name for each in run.snapshots[0].differences]


def other_trace(result: Result) -> Result:
    return replace(result, manifest=replace(make_manifest(), trace=make_manifest().trace | {"sha256": "d"}))


def test_a_verdict_has_each_reason_once_and_the_differences_of_all_runs() -> None:
    runs = [judge(make_result(), other_trace(make_result(scale=2))) for _ in range(2)]
    verdict = Verdict(tuple(runs))
    assert ["trace sha256"] == [reason.what for reason in verdict.obstacles]
    assert verdict.differences == 2 * len(runs[0].snapshots[0].differences) > 0
    assert 2 == len(verdict.snapshots)


# NUMA nodes


def test_a_value_of_a_node_is_named_as_a_tolerance_takes_it() -> None:
    end = make_snapshot()
    end.nodes["/web"][1]["zswpout"] = 4
    assert [Difference("/web:node1.zswpout", 0, 4)] == found(end)
    for text, left in (
        ("/web:node1.zswpout=4", 0),
        ("/web:node.zswpout=4", 0),
        ("node.*=4", 0),
        ("/web:zswpout=4", 0),
        ("/web:node0.zswpout=4", 1),
        ("/web:memcg.zswpout=4", 1),
    ):
        run = judge(make_result(), make_result(snapshots=(end,)), [Tolerance.parse(text)])
        assert left == Verdict((run,)).differences


def test_the_figures_of_a_single_node_are_the_memcgs_and_not_compared_again() -> None:
    ends = []
    for zswpout in (3, 4):
        end = make_snapshot()
        ends.append(replace(end, nodes={"/web": ({**end.nodes["/web"][0], "zswpout": zswpout},)}))
    one, other = (make_result(snapshots=(end,)) for end in ends)
    assert 0 == Verdict((judge(one, other),)).differences
