from __future__ import annotations

from pathlib import Path

import pytest

from tests.rows import row_texts
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.shift import ShiftSummary, parse_time, shift

END = (1 << 64) - 1


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (0, "0"),
        (0, "000"),
        (5, "5"),
        (END, str(END)),
        (36 * 3600 * 10**9, "36h"),
        (10**7, "10ms"),
        (1000, "1_000"),
    ],
)
def test_parse_time(expected: int, text: str) -> None:
    assert expected == parse_time(text)


@pytest.mark.parametrize("text", ["", "-1", "soon", str(END + 1), "9" * 5000, "9999999h", "1.5"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_time(text)


@pytest.mark.parametrize("to_ns", [0, 7, 10**18, END - 30])
def test_the_clock_is_moved_and_nothing_else(tmp_path: Path, to_ns: int) -> None:
    trace = TraceBuilder(step_ns=10).at(1 << 63).memcg_set("/a", "memory.max", "64M").write("/a", 1, count=2)
    trace.snapshot("x").settle().save(tmp_path / "t", TraceMetadata(nodes=2), row_group_rows=2)
    assert ShiftSummary(4, 1 << 63, to_ns + 30) == shift(tmp_path / "t", tmp_path / "s", to_ns=to_ns)
    before, after = (row_texts(open_trace(tmp_path / name)) for name in ("t", "s"))
    assert [row[1:] for row in before] == [row[1:] for row in after]
    assert [to_ns, to_ns + 10, to_ns + 20, to_ns + 30] == [int(row[0]) for row in after]
    assert 2 == open_trace(tmp_path / "s").metadata.nodes


def test_a_clock_does_not_pass_its_end(tmp_path: Path) -> None:
    TraceBuilder(step_ns=10).write("/a", 1).write("/a", 1).write("/a", 2).save(tmp_path / "t")
    with pytest.raises(
        TraceError, match=f"row 2, column time_ns: 20 would become {END + 1}; expected at most {END}"
    ):
        shift(tmp_path / "t", tmp_path / "s", to_ns=END - 19)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("group", [1, 10])
def test_rows_out_of_order_are_sorted_first(tmp_path: Path, group: int) -> None:
    TraceBuilder().at(9).write("/a", 1).at(3).write("/a", 2).save(tmp_path / "t", row_group_rows=group)
    with pytest.raises(TraceError, match=r"row 1, column time_ns: found 3 after 9; .*trace sort"):
        shift(tmp_path / "t", tmp_path / "s", to_ns=0)


def test_an_empty_trace_has_no_clock(tmp_path: Path) -> None:
    TraceBuilder().save(tmp_path / "t")
    assert ShiftSummary(0, 0, 5) == shift(tmp_path / "t", tmp_path / "s", to_ns=5)
