"""Tables on terminals of any width: no figure is lost, and none is shortened."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from tests.factories import MEMCGS, make_result, make_snapshot
from tests.sweeps import make_sweep
from zswap_replay.codec.survey import ClassSurvey, Yield
from zswap_replay.compare.expected import Verdict, judge
from zswap_replay.compare.side_by_side import compare
from zswap_replay.report.terminal import check, comparison, survey, sweep_table, table
from zswap_replay.report.terminal.grid import Grid, broken
from zswap_replay.result.result import Result

WIDTHS = (20, 40, 60, 80, 100)
WIDE = 10_000
LONG = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0123456789abcdef.slice/" + "f" * 64

Show = Callable[[Console], None]


def shown(show: Show, width: int) -> str:
    text = io.StringIO()
    show(Console(file=text, width=width, force_terminal=True, color_system=None, _environ={}))
    return text.getvalue()


def results(count: int) -> list[Result]:
    end = make_snapshot(scale=7)
    end.memcg[LONG] = end.memcg["/batch"]
    end.replay_memcg[LONG] = end.replay_memcg["/batch"]
    made = [make_result("zstd:19", snapshots=(end,))]
    return made + [make_result(f"lz4:{place}", scale=10**place) for place in range(1, count)]


def run(count: int) -> Show:
    return lambda console: table.show(results(count), console, timing=True)


def compared(console: Console) -> None:
    names = ["a-result-with-a-name-of-its-own.json", "new.json", "other.json"]
    comparison.show(compare(results(3), names, memcgs=MEMCGS, timing=True), console)


def checked(console: Console) -> None:
    one, *_, other = results(4)
    check.show(Verdict((judge(one, other),)), console)


def surveyed(console: Console) -> None:
    rows = [ClassSurvey(name, [Yield(12, 345, 6789, 0.5)] * 3, 12_345) for name in ("half-zero", "all")]
    console.print(survey.table(rows, ["zstd:19", "lz4", "deflate"]))


TABLES: dict[str, Show] = {
    "run": run(1),
    "run with six compressors": run(6),
    "compare": compared,
    "check": checked,
    "sweep": lambda console: sweep_table.show(make_sweep(), console),
    "sweep with a front": lambda console: sweep_table.show(make_sweep(pareto=True), console),
    "payload": surveyed,
}


def figures(text: str) -> list[str]:
    """The numbers of a table, in order of size."""
    return sorted(re.findall(r"\d[\d,.]*", re.sub(r"(?m)^\S.*:.*events.*$", "", text)))


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", TABLES)
def test_no_figure_is_lost_at_any_width(name: str, width: int) -> None:
    text = shown(TABLES[name], width)
    assert "…" not in text
    sentences = re.compile(
        "warning: |memcgs that differ|snapshots before|[a-z* ]+: .*front|\\* on the"
    )  # the terminal wraps them
    assert max(cell_len(line) for line in text.splitlines() if not sentences.match(line)) <= width
    joined = re.sub(r"\s+", "", text)
    wide = shown(TABLES[name], WIDE)
    values = {value for value in figures(wide) if len(value) < width - 10}
    assert len(values) > 5
    assert [] == [value for value in values if value not in joined]


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_the_mark_of_the_front_is_kept(width: int) -> None:
    lines = shown(TABLES["sweep with a front"], width).splitlines()
    rows = [line for line in lines if re.match(r"(\* +| +)?(compressor )?(zstd|lz4:8)\b", line)]
    parts = len(rows) // 3
    assert [True, False, True] * parts == [line.startswith("*") for line in rows]
    assert parts >= 1


def printed(made: Grid, width: int) -> list[str]:
    return shown(lambda console: console.print(made), width).splitlines()


def sample() -> Grid:
    made = Grid("", "zswap.max", "written_back", "disk reads", "", left=(0, 4), keys=2)
    made.add_row("*", "64.0 MiB", "1,000,000", "2,000,000", "pages")
    made.add_row("", "max", "4", "5", "of it")
    return made


def test_headings_are_broken_first() -> None:
    assert [
        "   zswap.max  written_back  disk reads",
        "*   64.0 MiB     1,000,000   2,000,000  pages",
        "         max             4           5  of it",
    ] == printed(sample(), 45)
    assert [
        "               written_       disk",
        "   zswap.max       back      reads",
        "*   64.0 MiB  1,000,000  2,000,000  pages",
        "         max          4          5  of it",
    ] == printed(sample(), 41)


def test_then_figures_are_put_below_each_other_each_with_the_names() -> None:
    assert [
        "   zswap.max  written_back",
        "*   64.0 MiB     1,000,000",
        "         max             4",
        "",
        "   zswap.max  disk reads",
        "*   64.0 MiB   2,000,000  pages",
        "         max           5  of it",
    ] == printed(sample(), 32)


def test_then_each_row_is_a_stack() -> None:
    assert [
        "* zswap.max 64.0",
        "  MiB",
        "  written_back",
        "  1,000,000",
        "  disk reads",
        "  2,000,000",
        "  pages",
        "zswap.max max",
        "  written_back",
        "  4",
    ] == printed(sample(), 16)[:10]


def test_names_are_broken_after_their_parts() -> None:
    assert ["workingset_", "  refault_", "  anon"] == lines("workingset_refault_anon", 12)
    assert ["/a/kubepods.slice", "  /pod0123"] == lines("/a/kubepods.slice/pod0123", 18)
    assert ["│ └ kubepods-", "      burstable"] == lines("│ └ kubepods-burstable", 16)
    assert ["abcdefgh", "ijkl"] == lines("abcdefghijkl", 8)
    assert ["as it is"] == lines("as it is", 8)


def lines(text: str, width: int) -> list[str]:
    return [line.plain for line in broken(Text(text), width)]


@given(st.text(alphabet="ab_/. 漢é\n", max_size=40), st.integers(1, 30))
def test_a_broken_text_fits_and_has_all_its_letters(text: str, width: int) -> None:
    found = lines(text, width)
    assert max(map(cell_len, found)) <= max(width, 2)  # a letter may be two columns wide
    assert "".join(text.split()) == "".join("".join(found).split())


def test_texts_of_users_are_no_markup() -> None:
    made = Grid("", "[red]a", keys=1)
    made.add_row("/web[bold]", "1")
    assert ["[red]a", "1"] == [line.split()[-1] for line in printed(made, 80)]
    assert printed(made, 80)[1].startswith("/web[bold]")
