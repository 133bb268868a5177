from __future__ import annotations

import pytest

from zswap_replay.errors import SettingsError
from zswap_replay.sweep.pareto import Figure, front, parse_figures
from zswap_replay.sweep.result import Cell

COLUMNS = (
    "zswap.pool_total_size",
    "vmstat.pswpin",
    "/:pswpin",
    "/web:pswpin",
    "/web:replay.pswpin",
    "/web:zswap",
    "/web:replay.oom",
    "derived.writeback_bytes",
    "derived.compression_ratio",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("writeback_bytes", "derived.writeback_bytes:min"),
        ("zswap.pool_total_size", "zswap.pool_total_size:min"),
        ("pool_total_size:max", "zswap.pool_total_size:max"),
        ("compression_ratio", "derived.compression_ratio:max"),
        ("compression_ratio:min", "derived.compression_ratio:min"),
        ("pswpin", "vmstat.pswpin:min"),
        ("/web:zswap", "/web:zswap:min"),
        ("/web:pswpin:max", "/web:pswpin:max"),
        ("/web:replay.pswpin", "/web:replay.pswpin:min"),
        ("/web:oom", "/web:replay.oom:min"),
        ("/:pswpin", "/:pswpin:min"),
        # as earlier versions had it
        ("memcg:/web:pswpin:max", "/web:pswpin:max"),
        ("replay.memcg:/web:pswpin", "/web:replay.pswpin:min"),
        ("/web:memcg.pswpin", "/web:pswpin:min"),
    ],
)
def test_a_figure_is_a_column_or_its_short_name_and_a_direction(text: str, expected: str) -> None:
    assert [expected] == [str(figure) for figure in parse_figures([text], COLUMNS)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (
            ["writeback_byte"],
            "--pareto writeback_byte: found no such counter or figure; expected derived.writeback_bytes",
        ),
        (
            ["xyz"],
            "--pareto xyz: found no such counter or figure; "
            "expected a counter or a derived figure, as derived.swap_write_bytes",
        ),
        (
            ["pswpin", "vmstat.pswpin:max"],
            "--pareto vmstat.pswpin:max: vmstat.pswpin is named twice",
        ),
    ],
)
def test_a_name_that_is_no_column_or_several_is_refused(texts: list[str], expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_figures(texts, COLUMNS)
    assert expected == str(caught.value)


def test_the_front_are_the_rows_that_no_other_beats() -> None:
    rows: list[dict[str, Cell]] = [
        {"a": 1, "b": 9},
        {"a": 2, "b": 9},
        {"a": 5, "b": 1},
        {"a": 5, "b": 2},
        {"a": 1, "b": 9},
    ]
    assert (True, False, True, False, True) == front(rows, [Figure("a", False), Figure("b", False)])
    assert (False, False, True, True, False) == front(rows, [Figure("a", True)])


def test_a_row_without_the_figure_is_the_worst_in_it() -> None:
    rows: list[dict[str, Cell]] = [{"a": 1, "b": None}, {"a": 1, "b": 7}, {"a": 0, "b": None}]
    assert (False, True, True) == front(rows, [Figure("a", False), Figure("b", True)])
