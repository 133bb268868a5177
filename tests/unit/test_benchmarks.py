"""The benchmark runs and shows what it is to show; how fast anything is, is no matter here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import accesses, model
from benchmarks.bench import main
from benchmarks.lines import Line, Section, Target
from benchmarks.machines import InMemory
from benchmarks.measure import process, ratios, take_turns
from benchmarks.scale import QUICK
from benchmarks.start import demo_arguments


def quick(*options: str, results: Path) -> str:
    done = CliRunner().invoke(main, ["--quick", "--results", str(results), *options], catch_exceptions=False)
    assert 0 == done.exit_code, done.output
    return results.read_text(encoding="utf-8")


def rows(markdown: str) -> list[list[str]]:
    """The cells of all tables, without their headers."""
    found = [line[2:-2].split(" | ") for line in markdown.splitlines() if line.startswith("| ")]
    return [cells for cells in found if cells[0] not in ("what", "---")]


def test_every_target_is_shown_with_what_was_measured(tmp_path: Path) -> None:
    shown = rows(quick(results=tmp_path / "RESULTS.md"))
    for what, target in (
        ("zipf, patch-v4, against libCacheSim LRU (hashpower 20)", "at least 2 x"),
        ("scan, 6.12, against libCacheSim LRU (hashpower 20)", "at least 1 x"),
        ("lz4, --jobs 1, against bare codec calls", "at most 1.35 x"),
        ("zstd, --jobs 1, against bare codec calls", "at most 1.15 x"),
        ("lz4, --jobs 2, against bare codec calls", "at most 0.95 x"),
        ("zstd, --jobs 2, against bare codec calls", "at most 0.75 x"),
        ("zstd, second replay against the first", "at most 0.1 x"),
        ("lz4, compress", "at most 1.2 x"),
        ("lzo-rle, compress", "at most 1.5 x"),
        ("growing pages: 10,000 events (1,000 pages) against 1,000", "at most 10.5 x"),
        ("--help against python -c pass", "at most 5 x"),
        ("run of the demo", "at most 1 s"),
    ):
        assert [what, target] in [[row[0], row[3]] for row in shown]
    assert 8 == sum("peak memory" in row[0] for row in shown)
    assert {"yes", "no"} >= {row[4] for row in shown if row[3] and row[1] != "left out"}
    left_out = [row[0] for row in shown if row[1] == "left out"]
    assert [] == [what for what in left_out if "libCacheSim" not in what]


def test_without_the_peer_its_lines_alone_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "installed", lambda: False)
    shown = rows(quick("--only", "model", results=tmp_path / "RESULTS.md"))
    left_out = [row for row in shown if row[1] == "left out"]
    assert 16 == len(left_out)
    assert {"libcachesim is not installed"} == {row[2] for row in left_out}
    assert {"events"} == {row[0].rpartition(", ")[2] for row in shown if row not in left_out}


def test_accesses_give_contents_on_writes_and_first_touches() -> None:
    made = accesses.joined(accesses.accesses("zipf", 300, 2000))
    first = np.zeros(2000, np.bool_)
    first[np.unique(made.page, return_index=True)[1]] = True
    assert np.array_equal(first | made.write, made.given)
    assert 300 > int(made.page.max())


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accesses, "CHUNK", 700)
    made = accesses.joined(accesses.accesses("scan", 300, 2000))
    assert 2000 == len(made)
    seen: set[int] = set()
    for page, write, given in zip(made.page.tolist(), made.write, made.given, strict=True):
        assert (bool(write) or page not in seen) == given
        seen.add(page)
    cold = [page for page in made.page.tolist() if page >= 30]
    assert [30 + place % 270 for place in range(len(cold))] == cold


def test_columns_in_memory_are_replayed_to_the_end() -> None:
    memory = InMemory(accesses.joined(accesses.accesses("scan", QUICK.scan_pages, 3000)), QUICK.scan_pages)
    assert memory.replay("patch-v4") > 0
    assert 3000 == memory.end["patch-v4"].replay["accesses"]


def test_contenders_take_turns() -> None:
    called: list[str] = []

    def action(name: str, seconds: float) -> float:
        called.append(name)
        return seconds

    taken = take_turns(2, {"a": lambda: action("a", 3.0), "b": lambda: action("b", 2.0)})
    assert ["a", "b", "a", "b"] == called
    assert (1.5, 1.5) == ratios(taken["a"], taken["b"])


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        (Target(2.0), "yes"),
        (Target(1.9), "no"),
        (Target(2.0, at_least=True), "yes"),
        (Target(2.1, True), "no"),
    ],
)
def test_the_median_is_held_against_the_target(target: Target, reached: str) -> None:
    cells = Line("what", (9.0, 2.0, 1.0), target).cells()
    assert ("2.000 x", "1.000 to 9.000", reached) == (cells[1], cells[2], cells[4])


def test_a_section_is_a_table_in_markdown() -> None:
    section = Section("Title", "How.", [Line("one", (1.0,), unit="s")], ["a fact"])
    expected = """\
## Title

How.

| what | median | min to max | target | reached |
| --- | --- | --- | --- | --- |
| one | 1.000 s | one round |  |  |

- a fact
"""
    assert expected == section.markdown()


def test_a_process_does_not_answer_for_the_memory_of_the_one_that_started_it() -> None:
    kept = np.ones(64 << 20, np.uint8)
    small = process("-S", "-c", "pass").peak
    assert small < kept.nbytes
    assert process("-S", "-c", "b'x' * (96 << 20)").peak > 96 << 20


def test_a_process_that_fails_is_an_error_that_says_why() -> None:
    with pytest.raises(RuntimeError, match=r"exit status 3: it broke"):
        process("-c", "import sys; sys.stderr.write('it broke'); sys.exit(3)")


def test_the_demo_is_the_command_of_its_script() -> None:
    arguments = demo_arguments()
    assert ["run", "traces/two-tenants.parquet", "-c", "zstd"] == arguments[:4]
    assert "/db:memory.max=6M" == arguments[-1]
