from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.factories import MEMCGS, TIMING, make_manifest, make_result, make_snapshot
from zswap_replay.compare.side_by_side import MATTERS, Comparison, Line, compare, memcg_paths
from zswap_replay.result.by_name import CounterName
from zswap_replay.result.counters import Better
from zswap_replay.result.labels import labels, labels_of_files
from zswap_replay.result.result import Result

PLACE = CounterName("vmstat", "pswpin")


def compared(results: Sequence[Result], **options: Any) -> Comparison:
    return compare(results, labels(results), **{"timing": False} | options)


def changed(**counters: int) -> Result:
    end = make_snapshot()
    end.vmstat.update(counters)
    return make_result(snapshots=(end,))


def test_what_matters_comes_first_in_its_order() -> None:
    lines = compared([make_result(), make_result("lz4", scale=5)], timing=True).lines
    assert [
        ("swap_write_bytes", "bytes", "lower", (900 * 4096, 1500 * 4096)),
        ("swap_read_bytes", "bytes", "lower", (270 * 4096, 450 * 4096)),
        ("memory_saved_mean_bytes", "bytes", "higher", (3_225_600, 5_376_000)),
        ("rejects", "stores", "lower", (153, 255)),
        ("compression_ratio_mean", "ratio", "higher", (2.25, 2.25)),
        ("pool_efficiency_mean", "ratio", "higher", (1.875, 1.875)),
        ("stall_ns", "ns", "lower", (65_385_990, 55_306_650)),
        ("compress_ns", "ns", "lower", (412_837_203, 181_557_170)),
        ("endurance_per_year", "ratio", "lower", (0.064586, 0.064586)),
        ("codec_seconds", "seconds", "lower", (1.5, 1.5)),
    ] == [(line.name, line.unit, line.better, line.values) for line in lines if line.section == MATTERS]
    assert MATTERS == lines[9].section != lines[10].section


def test_then_come_the_counters_that_differ_and_no_others() -> None:
    lines = compared([changed(), changed(pswpin=9, pgmajfault=1)]).lines
    assert [("vmstat", "pswpin", (270, 9)), ("vmstat", "pgmajfault", (6270, 1))] == [
        (line.section, line.name, line.values) for line in lines if line.section != MATTERS
    ]


def test_memcgs_are_shown_when_they_are_asked_for_and_told_of_when_not() -> None:
    end = make_snapshot()
    end.memcg["/web"]["zswpwb"] += 7
    end.memcg["/web"]["memory.current"] += 1
    end.memcg["/batch"]["zswpin"] += 1
    results = [make_result(), make_result(snapshots=(end,))]
    plain = compared(results)
    assert ([], ("/batch", "/web"), False) == (
        [line for line in plain.lines if line.memcg],
        plain.memcgs,
        plain.equal,
    )
    asked = compared(results, memcgs=["/web"])
    # Writeback matters more than memory, which stands before it among the counters
    assert [("/web", "zswpwb"), ("/web", "memory.current")] == [
        (line.memcg, line.name) for line in asked.lines if line.memcg
    ]
    assert ("/batch",) == asked.memcgs
    assert {"/web", "/batch"} == {each.memcg for each in compared(results, memcgs=MEMCGS).lines} - {None}


def test_a_counter_of_a_memcg_that_one_release_lacks_is_the_replays() -> None:
    end = make_snapshot()
    del end.memcg["/web"]["pswpin"]
    end.replay_memcg["/web"]["pswpin"] = 5
    lines = compared([make_result(), make_result(snapshots=(end,))], memcgs=["/web"]).lines
    assert [("pswpin", (0, 5))] == [(line.name, line.values) for line in lines if line.memcg]


def test_a_counter_that_a_release_lacks_is_shown_only_where_it_counted_elsewhere() -> None:
    end = make_snapshot()
    end.vmstat.update({"swpin_zero": 0, "swpout_zero": 5})
    lines = compared([make_result(), make_result(snapshots=(end,), kernel="6.18")]).lines
    assert [("swpout_zero", (None, 5))] == [
        (line.name, line.values) for line in lines if line.section != MATTERS
    ]


def test_equal_results_are_equal_whatever_their_settings_and_time() -> None:
    other = replace(make_result(kernel="6.8"), timing=replace(TIMING, compress=9.0))
    comparison = compared([make_result(), other], timing=True)
    assert comparison.equal
    assert ["kernel"] == [setting.what for setting in comparison.settings]
    assert not compared([make_result(), changed(pswpin=9)]).equal


def test_snapshots_before_the_end_are_told_of() -> None:
    one, two, end = make_snapshot("one", 1), make_snapshot("two", 2), make_snapshot()
    comparison = compared(
        [make_result(snapshots=(one, two, end)), make_result(snapshots=(one, replace(one, label="two"), end))]
    )
    assert (("two",), False) == (comparison.snapshots, comparison.equal)
    comparison = compared([make_result(), make_result(snapshots=(one, end))])
    assert (("one",), False) == (comparison.snapshots, comparison.equal)


@pytest.mark.parametrize(
    ("timings", "expected"),
    [
        ([TIMING, TIMING], (1.5, 1.5)),
        ([TIMING, None, TIMING], (1.5, None, 1.5)),
        ([TIMING, None], None),
        ([None, None], None),
    ],
)
def test_codec_time_is_a_line_where_two_results_have_it(
    timings: list[Any], expected: tuple[float | None, ...] | None
) -> None:
    results = [replace(make_result(), timing=timing) for timing in timings]
    lines = {line.name: line.values for line in compared(results, timing=True).lines}
    assert expected == lines.get("codec_seconds")
    assert "codec_seconds" not in {line.name for line in compared(results).lines}


@pytest.mark.parametrize(
    ("better", "values", "winner"),
    [
        ("lower", (3, 2), 1),
        ("lower", (0, 2, 1), 0),
        ("higher", (1.5, 2.25), 1),
        ("lower", (2, 2), None),
        ("lower", (2, 2, 3), None),
        ("lower", (None, 2, 3), 1),
        ("lower", (None, 2), None),
        (None, (1, 2), None),
    ],
)
def test_the_winner_is_the_one_best_value(
    better: Better | None, values: tuple[int | float | None, ...], winner: int | None
) -> None:
    assert winner == Line("s", None, "n", "u", better, values, PLACE).winner


def test_counters_of_which_fewer_are_better_and_neutral_ones() -> None:
    lines = {line.name: line for line in compared([make_result(), make_result(scale=5)]).lines}
    for name in ("written_back_pages", "zswpwb", "pswpin", "pool_limit_reject", "reject_compress_poor"):
        assert "lower" == lines[name].better
    for name in ("stored_pages", "zswpout", "zswpin", "pool_total_size", "compressed_bytes", "accesses"):
        assert lines[name].better is None


def test_values_are_relative_to_the_first() -> None:
    line = Line("s", None, "n", "u", None, (200, 250, 0, None), PLACE)
    assert [0.0, 0.25, -1.0, None] == [line.relative(place) for place in range(4)]
    assert [None, None] == [replace(line, values=(0, 5)).relative(place) for place in range(2)]
    assert [None, None] == [replace(line, values=(None, 5)).relative(place) for place in range(2)]


def test_results_that_cannot_be_compared_are_compared_and_it_is_said() -> None:
    other = replace(make_result(scale=5), manifest=replace(make_manifest(), seed=7))
    comparison = compared([make_result(), other])
    assert ["seed"] == [reason.what for reason in comparison.obstacles]
    assert comparison.lines[0].differs


def test_memcgs_come_after_their_parents() -> None:
    assert ["/", "/batch", "/web", "/web/worker"] == memcg_paths([make_result(), make_result()])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([("out/a.json", ["zstd", "lz4"])], ["zstd", "lz4"]),
        ([("out/a.json", ["zstd"]), ("out/b.json", ["zstd"])], ["a", "b"]),
        ([("a.json", ["zstd", "lz4"]), ("b.json", ["zstd"])], ["a zstd", "a lz4", "b"]),
        ([("old/a.json", ["zstd"]), ("new/a.json", ["zstd"])], ["old/a", "new/a"]),
        ([("x/old/a.json", ["zstd"]), ("x/new/a.json", ["zstd"]), ("b", ["lz4"])], ["old/a", "new/a", "b"]),
        ([("a.json", ["zstd"]), ("a.json", ["zstd"]), ("b", ["zstd"])], ["a.json #1", "a.json #2", "b"]),
        ([("a.json", ["zstd", "zstd"])], ["zstd patch-v4 #1", "zstd patch-v4 #2"]),
    ],
)
def test_labels_are_short_and_tell_the_results_apart(
    files: list[tuple[str, list[str]]], expected: list[str]
) -> None:
    assert expected == labels_of_files([(path, [*map(make_result, names)]) for path, names in files])


def test_the_nodes_of_a_memcg_are_shown_where_one_differs_and_there_are_several() -> None:
    end = make_snapshot()
    end.nodes["/web"][1]["pswpin"] = 5
    results = [make_result(), make_result(snapshots=(end,))]
    (line,) = [line for line in compared(results, memcgs=["/web"]).lines if line.place.group == "node"]
    assert ("/web", "node1.pswpin", "pages", (0, 5), 0) == (
        line.memcg,
        line.name,
        line.unit,
        line.values,
        line.winner,
    )
    alone = [
        make_result(snapshots=(replace(each.end, nodes={"/web": each.end.nodes["/web"][1:]}),))
        for each in results
    ]
    assert [] == [line for line in compared(alone, memcgs=["/web"]).lines if line.memcg]
