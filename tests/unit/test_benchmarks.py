"""The benchmark runs and shows what it is to show; how fast anything is, is no matter here."""

from __future__ import annotations

import json
import os
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import (
    accesses,
    bench,
    codecs,
    compare,
    many,
    measure,
    model,
    paced,
    scale,
    scaling,
    start,
    sweep_cost,
)
from benchmarks.busy import busy_core, conditions
from benchmarks.lines import Line, Section, Target, document
from benchmarks.machines import InMemory
from benchmarks.measure import Ended, process, ratios, take_turns
from benchmarks.sizes import FULL, TINY
from zswap_replay.cli.main import cli


@pytest.fixture(autouse=True)
def little_memory_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Touch no more memory than tests have."""
    monkeypatch.setattr(measure, "AT_HAND", 1 << 20)


def quick(*options: str, results: Path) -> str:
    done = CliRunner().invoke(
        bench.main, ["--tiny", "--results", str(results), *options], catch_exceptions=False
    )
    assert 0 == done.exit_code, done.output
    return results.read_text(encoding="utf-8")


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands in this process: how long one takes to start is no matter here."""

    def command(*arguments: str) -> Ended:
        alone = ["--jobs", "1"] if arguments[0] == "sweep" else []
        done = CliRunner().invoke(cli, [*arguments, *alone], catch_exceptions=False)
        assert 0 == done.exit_code, done.output
        return Ended(0.5, 1 << 20, done.stdout)

    for module in (codecs, many, scaling, start, sweep_cost):
        monkeypatch.setattr(module, "command", command)
    monkeypatch.setattr(start, "process", lambda *_: Ended(0.1, 1 << 20, ""))
    monkeypatch.setattr(start, "script", lambda *_: Ended(0.1, 1 << 20, ""))


def rows(markdown: str) -> list[list[str]]:
    """The cells of all tables, without their headers."""
    found = [line[2:-2].split(" | ") for line in markdown.splitlines() if line.startswith("| ")]
    return [cells for cells in found if cells[0] not in ("what", "---")]


def test_every_target_is_shown_with_what_was_measured(tmp_path: Path, in_process: None) -> None:
    quick("--only", "timeline", results=tmp_path / "RESULTS.md")
    shown = rows(quick(results=tmp_path / "RESULTS.md"))  # which leaves there what was measured before
    for what, target in (
        ("zipf, patch-v4, against libCacheSim LRU (hashpower 20)", "at least 2.5 x"),
        ("scan, 6.12, against libCacheSim LRU (hashpower 20)", "at least 2 x"),
        ("scan, 6.12, Parquet, against libCacheSim LRU (hashpower 20)", "at least 1.2 x"),
        ("zipf, 6.12, Arrow, against libCacheSim LRU (hashpower 20)", "at least 1.8 x"),
        ("scan, patch-v4, Arrow, against libCacheSim LRU (hashpower 20)", "at least 1.5 x"),
        ("zipf, Parquet, the digest's part of reading", "at most 0.1 x"),
        ("lz4, without --jobs, against bare codec calls", "at most 1.35 x"),
        ("lz4, --jobs 1, against bare codec calls", "at most 1.2 x"),
        ("zstd, --jobs 1, against bare codec calls", "at most 1.05 x"),
        ("lz4, --jobs 2, against bare codec calls", "at most 0.7 x"),
        ("zstd, --jobs 2, against bare codec calls", "at most 0.56 x"),
        ("zstd, second replay against the first", "at most 0.1 x"),
        ("lz4, compress", "at most 1.2 x"),
        ("lzo-rle, compress", "at most 1.5 x"),
        ("scan, against its model and one reading", "at most 1.15 x"),
        ("an event with 50 memcgs against one with 1, one limit above all", "at most 1.3 x"),
        ("an event with 50 memcgs against one with 1, a limit on each", "at most 1.3 x"),
        ("5 memcgs, 20 snapshots, peak memory", "at most 400 MiB"),
        ("growing pages: 10,000 events (1,000 pages) against 1,000", "at most 10.5 x"),
        ("--help against python -c pass", "at most 3 x"),
        ("run of a small trace against import pyarrow.parquet", "at most 2.5 x"),
        ("the demo", "at most 2 s"),
    ):
        assert [what, target] in [[row[0], row[3]] for row in shown]
    assert 13 == sum("peak memory:" in row[0] for row in shown)
    assert {"yes", "no"} >= {row[4] for row in shown if row[3] and row[1] != "left out"}
    left_out = [row[0] for row in shown if row[1] == "left out"]
    assert [] == [what for what in left_out if "libCacheSim" not in what and "cachetools" not in what]
    per_memcg = [row for row in shown if row[0].endswith("Parquet, events")]
    assert 8 == len(per_memcg)  # two patterns, two kernels, of one memcg and of eight


def test_without_the_peer_its_lines_alone_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "installed", lambda: False)
    monkeypatch.setattr(model, "cachetools_installed", lambda: False)
    shown = rows(quick("--only", "model", results=tmp_path / "RESULTS.md"))
    left_out = [row for row in shown if row[1] == "left out"]
    assert 2 * 2 * (5 + 2 + 2) == len(left_out)
    assert {"libcachesim is not installed", "cachetools is not installed"} == {row[2] for row in left_out}
    others = {row[0].rpartition(", ")[2] for row in shown if row not in left_out}
    stores, digest = "stores a second against a recorded kernel's", "the digest's part of reading"
    assert {"events", "against one", stores, digest} == others  # one machine in a thread


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
    memory = InMemory(accesses.joined(accesses.accesses("scan", TINY.scan_pages, 3000)), TINY.scan_pages)
    assert memory.replay("patch-v4") > 0
    assert 3000 == memory.end["patch-v4"].replay["accesses"]


def test_contenders_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(measure, "have_memory_at_hand", lambda: called.append("memory"))

    def action(name: str, seconds: float) -> float:
        called.append(name)
        return seconds

    taken = take_turns(2, {"a": lambda: action("a", 3.0), "b": lambda: action("b", 2.0)})
    assert ["memory", "a", "memory", "b"] * 2 == called
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
    cells = Line("what", (9.0, 2.0, 1.0), target).cells(judged=True)
    assert ("2.000 x", "1.000 to 9.000", reached) == (cells[1], cells[2], cells[4])


def test_smaller_inputs_are_not_judged() -> None:
    section = Section("Title", "How.", [Line("one", (1.0,), Target(2.0))], judged=False)
    assert "| one | 1.000 x | one round | at most 2 x |  |" in section.markdown()
    assert ["one", "1.000", "x", "one", "round", "at", "most", "2", "x"] == section.text().splitlines()[
        2
    ].split()


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


def test_the_demo_is_its_script() -> None:
    shown = measure.script(*start.DEMO_SCRIPT)
    assert shown.output.startswith("$ zswap-replay run traces/two-tenants.parquet -c zstd -c lz4")
    assert "\n$ zswap-replay tune traces/story.parquet" in shown.output
    assert shown.output.endswith("echo Y > /sys/module/zswap/parameters/enabled\n")


def test_a_core_is_kept_busy_by_a_process_that_is_killed_at_the_end() -> None:
    with busy_core() as spinner:
        assert {max(os.sched_getaffinity(0))} == os.sched_getaffinity(spinner)
    with pytest.raises(ProcessLookupError):
        os.kill(spinner, 0)


def test_everything_is_measured_again_with_a_core_busy_in_fewer_rounds() -> None:
    assert ["Start"] == [condition.title("Start") for condition in conditions(TINY)]
    both = [(condition.title("Start"), condition.of(FULL.starts)) for condition in conditions(FULL)]
    assert [("Start", 20), ("Start, one core busy", FULL.busy_rounds)] == both


def test_a_part_that_fails_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> list[Section]:
        raise RuntimeError("it counts otherwise")

    monkeypatch.setattr(bench, "PARTS", {"bad": fails, "good": lambda *_: [Section("Good", "How.")]})
    results = tmp_path / "RESULTS.md"
    done = CliRunner().invoke(bench.main, ["--tiny", "--results", str(results)])
    assert 1 == done.exit_code
    assert "bad failed: RuntimeError: it counts otherwise" in done.output
    text = results.read_text(encoding="utf-8")
    assert "## Good" in text
    assert "- processor: " in text


def test_sections_that_were_not_measured_again_stay() -> None:
    first = document([Section("One", "Old."), Section("Two", "Old.", facts=["kept"])], {"cores": "2"})
    again = document([Section("One", "New.")], {"cores": "4"}, first)
    assert ["# Benchmarks", "## One", "## Two"] == [line for line in again.splitlines() if line[:1] == "#"]
    assert "- cores: 4" in again
    assert "- cores: 2" not in again
    assert "Old." in again.partition("## Two")[2]
    assert "Old." not in again.partition("## Two")[0]
    assert again == document([Section("One", "New.")], {"cores": "4"}, again)


def test_two_results_are_held_against_each_other_line_by_line(tmp_path: Path) -> None:
    target = Target(2.0, at_least=True)
    old = [
        Line("faster", (1.0, 1.5, 1.9), target),
        Line("alike", (1.0, 2.0, 3.0)),
        Line("gone", (1.0,), unit="s"),
        Line("peer", left_out="not there"),
    ]
    new = [Line("faster", (2.0, 3.0, 3.1), target), Line("alike", (1.5, 1.9, 2.0)), Line("new", (7.0,))]
    for name, lines in (("old.md", old), ("new.md", new)):
        (tmp_path / name).write_text(document([Section("S", "How.", lines)], {}), encoding="utf-8")
    done = CliRunner().invoke(compare.main, [str(tmp_path / "old.md"), str(tmp_path / "new.md")])
    expected = """\
S
  faster  1.500 x  3.000 x  +100.0 %  apart, target reached
  alike   2.000 x  1.900 x    -5.0 %
  new           -  7.000 x            new
  gone    1.000 s        -            gone
"""
    assert expected == done.output
    (tmp_path / "old.md").write_text("no table", encoding="utf-8")
    done = CliRunner().invoke(compare.main, [str(tmp_path / "old.md"), str(tmp_path / "new.md")])
    assert 2 == done.exit_code
    assert "found no table of benchmarks; expected a RESULTS.md" in done.output


def test_very_many_events_are_replayed_as_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_this_process(*arguments: str) -> Ended:
        assert ("-m", "benchmarks.paced") == arguments[:2]
        with redirect_stdout(StringIO()) as output:
            paced.main(arguments[2], arguments[3], *map(int, arguments[4:]))
        told = json.loads(output.getvalue())
        assert 100 == len(told["seconds"]) == len(told["resident"])
        return Ended(1.0, 1 << 20, output.getvalue())

    monkeypatch.setattr(scale, "process", in_this_process)
    results = tmp_path / "RESULTS.md"
    options = ["--events", "1e4", "--pages", "500", "--results", str(results)]
    done = CliRunner().invoke(scale.main, options, catch_exceptions=False)
    assert 0 == done.exit_code, done.output
    assert "10,000 events against their first tenth" in results.read_text(encoding="utf-8")
    for wrong in ("0", "1.5", "many"):
        assert 2 == CliRunner().invoke(scale.main, ["--events", wrong]).exit_code


def test_events_of_memcgs_are_whole_lives(tmp_path: Path) -> None:
    assert 24 == many.write_memcg_events(tmp_path / "t.parquet", 27, 2)
