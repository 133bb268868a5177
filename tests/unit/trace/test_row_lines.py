"""Rows as lines of text."""

from __future__ import annotations

from pathlib import Path

import pytest

from zswap_replay.errors import TraceError
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.row_lines import HEADER, row_lines


def lines(where: Path, limit: int | None = None) -> list[str]:
    text = "".join(row_lines(open_trace(where), limit))
    assert not text or text.endswith("\n")
    return text.splitlines()


def test_a_null_is_a_dash(tmp_path: Path) -> None:
    rows = TraceBuilder().write("/a", 1, content=9).read("/b/ü", (1 << 64) - 2)
    rows.memcg_set("/a", "memory.max", "max").param("enabled", 1).snapshot("end").settle().save(
        tmp_path / "t"
    )
    assert [
        "0 write /a 1 1 0 9 - -",
        "1000000 read /b/ü 18446744073709551614 1 0 - - -",
        "2000000 memcg_set /a - - - - memory.max max",
        "3000000 param - - - - - enabled 1",
        "4000000 snapshot - - - - - end -",
        "5000000 settle - - - - - - -",
    ] == [line.replace("\t", " ") for line in lines(tmp_path / "t")]


def test_a_tab_or_a_newline_within_a_text_does_not_end_it(tmp_path: Path) -> None:
    TraceBuilder().read("/a\tb", 1).snapshot("two\nlines\t").save(tmp_path / "t")
    assert [
        "0\tread\t/a\\011b\t1\t1\t0\t-\t-\t-",
        "1000000\tsnapshot\t-\t-\t-\t-\t-\ttwo\\012lines\\011\t-",
    ] == lines(tmp_path / "t")


def test_the_header_names_the_columns() -> None:
    assert "time_ns event memcg page count node content key value\n" == HEADER.replace("\t", " ")


@pytest.mark.parametrize("limit", [0, 1, 16_384, 16_385, 20_000, 40_000])
def test_a_limit(tmp_path: Path, limit: int) -> None:
    rows = TraceBuilder()
    for page in range(20_000):
        rows.read(f"/{page // 5_000}", page)
    rows.save(tmp_path / "t")
    found, whole = lines(tmp_path / "t", limit), lines(tmp_path / "t")
    assert whole[:limit] == found
    assert [f"{page * 1_000_000} read /{page // 5_000} {page} 1 0 - - -" for page in range(20_000)] == [
        line.replace("\t", " ") for line in whole
    ]


def test_lines_before_the_batch_of_a_bad_row(tmp_path: Path) -> None:
    rows = TraceBuilder()
    for page in range(20_000):
        rows.read("/a", page)
    rows.read("/a", 1, count=0).save(tmp_path / "t")
    texts = row_lines(open_trace(tmp_path / "t"))
    assert 16_384 == next(texts).count("\n")
    with pytest.raises(TraceError, match="row 20000, column count"):
        next(texts)
    assert 1 == len(lines(tmp_path / "t", 1))
