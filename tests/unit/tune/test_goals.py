from __future__ import annotations

import pytest

from zswap_replay.errors import SettingsError
from zswap_replay.tune.goals import Goals, check_constraints, parse_constraint, parse_goals

COLUMNS = (
    "replay.oom",
    "vmstat.pswpin",
    "vmstat.zswpout",
    "/web:replay.oom",
    "derived.swap_write_bytes",
    "derived.swap_read_bytes",
    "derived.memory_saved_mean_bytes",
    "derived.reject_rate",
)


@pytest.mark.parametrize(
    ("text", "column", "sign", "bound"),
    [
        ("swap_write_bytes<=2G", "derived.swap_write_bytes", "<=", 2 << 30),
        ("oom==0", "replay.oom", "==", 0),
        ("oom=0", "replay.oom", "==", 0),
        (" /web:oom < 3 ", "/web:replay.oom", "<", 3),
        ("reject_rate<=5%", "derived.reject_rate", "<=", 0.05),
        ("vmstat.pswpin>=1.5", "vmstat.pswpin", ">=", 1.5),
    ],
)
def test_a_constraint_is_a_figure_a_sign_and_a_number(
    text: str, column: str, sign: str, bound: float
) -> None:
    found = parse_constraint(text, COLUMNS)
    assert (column, sign, bound) == (found.column, found.sign, found.bound)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nope<=3", "found no such counter"),
        ("oom", "expected a figure, one of"),
        ("oom<=2G", "expected a number"),
        ("swap_write_bytes<=2X", "is not a size"),
        ("oom<=", "expected a figure, one of"),
        ("oom=<0", "expected a figure, one of"),
    ],
)
def test_what_is_no_constraint_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        parse_constraint(text, COLUMNS)


@pytest.mark.parametrize(
    "texts",
    [
        ["oom<0"],
        ["oom==-1"],
        ["oom<1", "oom>1"],
        ["oom==1", "oom==2"],
        ["swap_write_bytes>=2G", "swap_write_bytes<=1G"],
        ["oom>0", "oom<1"],
        ["oom==1.5"],
        ["reject_rate>100%"],
    ],
)
def test_what_nothing_can_meet_is_refused(texts: list[str]) -> None:
    with pytest.raises(SettingsError, match="nothing can meet"):
        check_constraints([parse_constraint(text, COLUMNS) for text in texts])


@pytest.mark.parametrize(
    "texts", [["memory_saved_mean_bytes<0"], ["oom<=1", "oom>=1"], ["oom!=0"], ["oom<1", "pswpin>1"]]
)
def test_what_something_can_meet_is_not(texts: list[str]) -> None:
    check_constraints([parse_constraint(text, COLUMNS) for text in texts])


def test_the_first_figure_decides_and_several_traces_count_by_their_worst_or_mean() -> None:
    figures = parse_goals(["swap_read_bytes"], ["memory_saved_mean_bytes"], COLUMNS)
    assert ["derived.swap_read_bytes:min", "derived.memory_saved_mean_bytes:max"] == [
        str(each) for each in figures
    ]
    rows = [{"derived.swap_read_bytes": 4, "replay.oom": 0}, {"derived.swap_read_bytes": 8, "replay.oom": 2}]
    held = (parse_constraint("oom<=1", COLUMNS),)
    assert 8 == Goals(figures, held, "worst").value(rows, figures[0])
    assert 6 == Goals(figures, held, "mean").value(rows, figures[0])
    assert Goals(figures, held, "worst").missed_by(rows) == (1.0,)
    assert Goals(figures, held, "mean").missed_by(rows) == (0.0,)


def test_a_mark_weighs_more_than_a_constraint_and_that_more_than_a_figure() -> None:
    goals = Goals(
        parse_goals(["swap_read_bytes"], [], COLUMNS), (parse_constraint("pswpin<=1", COLUMNS),), "worst"
    )
    good = {"vmstat.zswpout": 1, "replay.oom": 0, "vmstat.pswpin": 1, "derived.swap_read_bytes": 9}
    rows = [
        good,
        {**good, "vmstat.pswpin": 2, "derived.swap_read_bytes": 0},
        {**good, "replay.oom": 1, "derived.swap_read_bytes": 0},
    ]
    assert rows == sorted([rows[2], rows[1], rows[0]], key=lambda row: goals.rank([row]))


@pytest.mark.parametrize(
    ("lower", "higher", "told"),
    [
        ([], [], "expected --minimize"),
        (["oom"], ["oom"], "named twice"),
        (["stal"], [], "found no such counter"),
    ],
)
def test_goals_that_are_none_are_told(lower: list[str], higher: list[str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        parse_goals(lower, higher, COLUMNS)
