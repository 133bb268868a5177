"""Which results may be the best of a line, and which are marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.factories import make_manifest, make_result, make_snapshot
from zswap_replay.compare.side_by_side import Comparison, compare
from zswap_replay.report.comparison_text import marked
from zswap_replay.report.machine import comparison_json, comparison_markdown
from zswap_replay.report.terminal import comparison as table
from zswap_replay.result.marks import marks, may_be_best
from zswap_replay.result.result import Result

BEST = {"pswpout": 0, "pswpin": 0}
"""What a setting that does nothing spares the swap device."""


def with_end(
    vmstat: Mapping[str, int] = BEST, replay: Mapping[str, int] | None = None, **zswap: int
) -> Result:
    end = make_snapshot()
    end.vmstat.update(vmstat)
    end.replay.update(replay or {})
    end.zswap.update(zswap)
    return make_result(snapshots=(end,))


NOTHING = with_end(
    {**BEST, "zswpout": 0, "zswpin": 0}, stored_pages=0, same_filled_pages=0, written_back_pages=0
)
KILLED = with_end(replay={"oom": 9})
FULL = with_end(replay={"swap_full": 9})
CUT = replace(with_end(), manifest=replace(make_manifest(), trace={**make_manifest().trace, "sha256": None}))
WARM = replace(
    with_end(), manifest=replace(make_manifest(), settings=make_manifest().settings | {"warmup": 1_000_000})
)


def compared(*results: Result, **options: Any) -> Comparison:
    return compare(results, [f"r{place}" for place in range(len(results))], timing=False, **options)


def winners(comparison: Comparison) -> dict[str, int | None]:
    return {line.name: line.winner for line in comparison.lines}


@pytest.mark.parametrize(
    "worst", [NOTHING, KILLED, FULL, CUT, WARM], ids=["nothing", "oom", "swap", "cut", "warm"]
)
def test_the_worst_setting_is_the_best_of_no_line(worst: Result) -> None:
    two = compared(make_result(), worst)
    assert {None} == set(winners(two).values())
    assert "*" not in table.render(two)
    assert "**r1**" not in comparison_markdown.render(two)
    # and the better of the others is
    three = winners(compared(make_result(), worst, make_result("lz4", scale=4)))
    assert 0 == three["swap_write_bytes"] == three["swap_read_bytes"]
    assert 2 == three["memory_saved_mean_bytes"]


def test_without_marks_the_same_figures_are_the_best() -> None:
    assert 1 == winners(compared(make_result(), with_end()))["swap_write_bytes"]


@pytest.mark.parametrize("worst", [KILLED, FULL], ids=["oom", "swap"])
def test_one_that_kills_may_be_the_best_where_that_is_asked_for(worst: Result) -> None:
    assert 1 == winners(compared(make_result(), worst, allow_oom=True))["swap_write_bytes"]
    assert winners(compared(make_result(), NOTHING, allow_oom=True))["swap_write_bytes"] is None


def test_marks_are_told_in_words_and_to_programs() -> None:
    comparison = compared(make_result(), KILLED, NOTHING)
    assert [
        "r1: pages were charged over a limit: a kernel would have killed programs; never marked the best",
        "r2: nothing was stored in zswap; never marked the best",
    ] == list(marked(comparison))
    for line in marked(comparison):
        assert line in table.render(comparison)
        assert f"- {line}\n" in comparison_markdown.render(comparison)
    assert '"marks": [\n    [],\n    [\n      "oom"\n    ],' in comparison_json.render(comparison)


@pytest.mark.parametrize(
    ("counters", "expected"),
    [
        ({"vmstat.zswpout": 5}, ()),
        ({}, ()),  # not known
        ({"vmstat.zswpout": 0}, ("stored_nothing",)),
        ({"vmstat.zswpout": 0, "zswap.stored_pages": 3}, ()),  # it holds what was stored in the warm-up
        (
            {"vmstat.zswpout": 0, "replay.oom": 1, "replay.swap_full": 2},
            ("oom", "swap_full", "stored_nothing"),
        ),
    ],
)
def test_marks_follow_from_counters(counters: dict[str, int], expected: tuple[str, ...]) -> None:
    assert expected == marks(counters.get)


def test_nothing_but_a_clean_result_is_the_best_unless_it_may_kill() -> None:
    assert may_be_best(())
    assert [False, False, False] == [may_be_best([mark]) for mark in ("oom", "swap_full", "stored_nothing")]
    assert [True, True, False] == [
        may_be_best([mark], allow_oom=True) for mark in ("oom", "swap_full", "stored_nothing")
    ]
