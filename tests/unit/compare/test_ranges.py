"""No winner is marked inside the spread of scheduling, and a file without its range is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.factories import make_result, make_snapshot
from zswap_replay.compare.expected import judge
from zswap_replay.compare.side_by_side import Comparison, Line, compare
from zswap_replay.compare.tolerance import Tolerance
from zswap_replay.report.machine import comparison_json, comparison_markdown, counters_csv, openmetrics
from zswap_replay.report.terminal import comparison as terminal
from zswap_replay.report.terminal import table
from zswap_replay.result.ranges import SCHEDULING, Ranges
from zswap_replay.result.result import Result

NAME = "zswap.written_back_pages"


def result(written_back: int, low: int, high: int) -> Result:
    end = make_snapshot()
    end.zswap["written_back_pages"] = written_back
    ranges = Ranges({NAME: (low, written_back, high), "vmstat.zswpout": (5, 5, 5), "/web:zswpwb": (1, 2, 3)})
    return replace(make_result(snapshots=(end,)), range=ranges)


def without(made: Result, *, hit: bool = True) -> Result:
    return replace(made, range=None, warnings=(SCHEDULING,) if hit else ())


def compared(*results: Result) -> tuple[Comparison, Line]:
    found = compare(results, [str(place) for place in range(len(results))], timing=False)
    return found, next(line for line in found.lines if str(line.place) == NAME)


@pytest.mark.parametrize(
    ("other", "winner"),
    [
        (result(200, 151, 250), 0),  # apart
        (result(200, 150, 250), None),  # its range begins where that of the best ends
        (result(200, 90, 250), None),
        (result(200, 90, 210), None),
    ],
)
def test_a_winner_is_one_whatever_the_scheduler_does(other: Result, winner: int | None) -> None:
    found, line = compared(result(100, 80, 150), other)
    assert (0, winner) == (line.best, line.winner)
    assert (NAME in found.undecided) is (winner is None)
    assert line.of([0, 1]).winner == winner
    for text in (terminal.render(found), comparison_markdown.render(found)):
        assert (f"no winner, as ranges overlap: {NAME}" in text) is (winner is None)
    assert '"ranges"' in comparison_json.render(found)


def test_a_result_that_was_made_without_its_range_is_named() -> None:
    found, _ = compared(result(100, 80, 150), without(result(200, 0, 0)))
    assert ("1",) == found.without_range
    for text in (terminal.render(found), comparison_markdown.render(found)):
        assert "made without --range: 1;" in text
    assert () == compared(result(1, 1, 1), without(result(2, 0, 0), hit=False))[0].without_range


def test_ranges_that_differ_are_differences_of_a_check_unless_tolerated() -> None:
    verdict = judge(result(100, 80, 150), result(100, 80, 160))
    assert [(f"{NAME} (high)", 150, 160)] == [
        (each.name, each.expected, each.found) for each in verdict.snapshots[-1].differences
    ]
    tolerated = judge(result(100, 80, 150), result(100, 80, 160), [Tolerance.parse(f"{NAME}=10")])
    assert () == tolerated.snapshots[-1].differences


def test_every_format_of_a_run_has_its_range() -> None:
    made = [result(100, 80, 150)]
    text = table.render(made, timing=False)
    assert ["80", "100", "150"] == next(
        line.split()[1:4] for line in text.splitlines() if line.strip().startswith(NAME)
    )
    assert "has the 1 range of memcgs too" in text
    csv = counters_csv.render(made, timing=False).splitlines()
    assert csv[0].endswith(",name,low,high")
    assert next(line for line in csv if NAME in line).endswith(f",100,{NAME},80,150")
    samples = openmetrics.render(made, timing=False)
    assert f'counter="{NAME}",bound="high"}} 150' in samples
    assert "zswpout" not in "".join(line for line in samples.splitlines() if "bound=" in line)
