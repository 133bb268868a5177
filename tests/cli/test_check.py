"""``zswap-replay check``: what it prints, its status, and what it writes."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.cli.commands import command, output
from tests.golden import assert_golden
from tests.paths import TRACES
from zswap_replay.cli.main import PROGRAM, cli, guarded
from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.compare import check as check_module
from zswap_replay.replay.loop import replay
from zswap_replay.result.file import read_results
from zswap_replay.result.result import Result
from zswap_replay.trace.builder import TraceBuilder

GOLDENS = Path(__file__).with_name("goldens")
STORY = str(TRACES / "story.parquet")
DB = str(TRACES / "db.parquet")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two compressors count on the trace that tells a story."""
    file = tmp_path_factory.mktemp("story") / "expected.json"
    output("run", STORY, "-c", "zstd", "-c", "lz4", "--format", "json", "--no-timing", "-o", str(file))
    return file


@pytest.fixture
def expected(story: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(story, tmp_path / "expected.json"))


def edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes the runs in a file of results, each as ``change`` does."""
    document = json.loads(file.read_text())
    for run in document["runs"]:
        change(run)
    file.write_text(json.dumps(document, indent=2) + "\n")


def plant(file: Path) -> None:
    """Changes a few values of the first run, as if the program had counted otherwise when it was written."""
    document = json.loads(file.read_text())
    first, end = document["runs"][0]["snapshots"][0], document["runs"][0]["snapshots"][-1]
    first["vmstat"]["zswpout"] += 1
    end["zswap"]["written_back_pages"] -= 7
    end["memcg"]["/web"]["zswpin"] *= 2
    end["replay"]["memcg"]["/batch"]["pool_limit_reject"] = 0
    del end["replay"]["oom"]
    end["memcg"]["/gone"] = end["memcg"]["/web"]
    file.write_text(json.dumps(document, indent=2) + "\n")


def check(*arguments: str | Path) -> int:
    return guarded(cli, PROGRAM, ["check", *map(str, arguments)])


def printed_command(text: str) -> list[str]:
    """The last command that an output offers to type, without the program's name."""
    line = text.rstrip("\n").rpartition("\n")[2]
    assert line.startswith("    zswap-replay check ")
    return shlex.split(line)[1:]


# As real processes


def test_an_equal_replay_has_status_0(expected: Path) -> None:
    before = expected.read_bytes()
    done = command("check", STORY, str(expected))
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith(f"{STORY}: as in {expected} (2 runs, 12 snapshots, ")
    assert before == expected.read_bytes()


def test_a_regression_has_status_1_and_only_its_lines(expected: Path, tmp_path: Path) -> None:
    plant(expected)
    before = expected.read_bytes()
    done = command("check", STORY, str(expected))
    assert (1, "") == (done.returncode, done.stderr)
    text = done.stdout.replace(STORY, "story.parquet").replace(str(tmp_path), "folder")
    assert_golden("check-failed.txt", text, GOLDENS)
    assert before == expected.read_bytes()


def test_the_command_that_it_prints_accepts_the_new_values(story: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(story, tmp_path / "it's expected.json"))
    plant(file)
    failed = command("check", STORY, str(file), "--tolerance", "vmstat.*=1", "-q")
    accepting = printed_command(failed.stdout)
    assert ["check", STORY, str(file), "--tolerance", "vmstat.*=1", "-q", "--update"] == accepting
    done = command(*accepting)
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.endswith(f"{file}: updated\n")
    assert story.read_bytes() == file.read_bytes()
    assert [file] == list(tmp_path.iterdir())


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_the_command_is_printed_as_it_has_to_be_typed(
    expected: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(expected)
    assert 1 == check("-q", "--", STORY, expected)
    accepting = printed_command(capsys.readouterr().out)
    assert ["check", "--update", "-q", "--", STORY, str(expected)] == accepting
    assert 0 == guarded(cli, PROGRAM, accepting)
    assert 0 == check(STORY, expected)


def test_what_cannot_be_compared_has_status_2(expected: Path, tmp_path: Path) -> None:
    edit(expected, lambda run: run["manifest"]["versions"].update(zstd="1.4.4", liblz4="1.8.3"))
    edit(expected, lambda run: run["manifest"]["recipe"].update(name="old"))
    done = command("check", STORY, str(expected), "--junit", str(tmp_path / "junit.xml"))
    assert (2, "") == (done.returncode, done.stdout)
    lines = done.stderr.splitlines()
    assert ["recipe name: expected old, found story", "zstd: expected 1.4.4, found "] == [
        lines[0].removeprefix("zswap-replay: not comparable: "),
        lines[1].removeprefix("zswap-replay: not comparable: ")[:28],
    ]
    assert lines[2].startswith("zswap-replay: not comparable: liblz4: expected 1.8.3, found ")
    again = printed_command(done.stderr)
    assert [*again[:-1], "--ignore-versions"] == again
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert ("12", "0", "12") == tuple(root.attrib[name] for name in ("tests", "failures", "errors"))
    assert "zstd: expected 1.4.4, found " in str(root.findall(".//error")[0].text)


# What is compared


def test_other_versions_around_the_codecs_are_no_reason(expected: Path) -> None:
    around = {"python": "3.0", "numpy": "0", "pyarrow": "0", "zswap_replay": "0"}
    edit(expected, lambda run: run["manifest"]["versions"].update(around))
    before = expected.read_bytes()
    assert 0 == check(STORY, expected, "--update")
    assert before == expected.read_bytes()


def test_with_other_versions_it_goes_on_when_told_to(
    expected: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(expected, lambda run: run["manifest"]["versions"].update(zstd="1.4.4"))
    assert 0 == check(STORY, expected, "--ignore-versions")
    captured = capsys.readouterr()
    assert "as in" in captured.out
    assert "zswap-replay: warning: not comparable: zstd: expected 1.4.4, found " in captured.err
    plant(expected)
    assert 1 == check(STORY, expected, "--ignore-versions")


def test_another_trace_is_not_comparable_unless_it_has_to_be(
    expected: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = json.loads(expected.read_text())["runs"][0]["manifest"]["trace"]["sha256"]
    assert 2 == check(DB, expected)
    captured = capsys.readouterr()
    assert captured.err.startswith(f"zswap-replay: not comparable: trace sha256: expected {digest}, found ")
    assert "" == captured.out
    assert 1 == check(DB, expected, "--ignore-versions")
    assert "snapshot   present      -     missing" in capsys.readouterr().out


def test_the_slow_digest_is_taken_where_the_expected_file_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zswap_replay.trace.reader.SHA256_ROWS", 1)
    long, expected, strong = tmp_path / "t.parquet", tmp_path / "fast.json", tmp_path / "strong.json"
    TraceBuilder().read("/a", 1).read("/a", 2).save(long)
    wanted = ["run", str(long), "-c", "lz4", "--format", "json", "--no-timing", "-o"]
    assert 0 == guarded(cli, PROGRAM, [*wanted, str(expected)])
    assert 0 == guarded(cli, PROGRAM, [*wanted, str(strong), "--sha256"])
    fast, both = (json.loads(file.read_text())["manifest"] for file in (expected, strong))
    assert fast["trace"] == both["trace"] | {"sha256": None}
    assert [0, 0] == [check(str(long), expected), check(str(long), strong)]
    other = tmp_path / "other.parquet"
    TraceBuilder().read("/a", 1).read("/a", 3).save(other)
    capsys.readouterr()
    for file, name in ((expected, "xxh3"), (strong, "sha256")):
        assert 2 == check(str(other), file)
        assert f"not comparable: trace {name}: expected {both['trace'][name]}" in capsys.readouterr().err


def test_another_setting_is_a_regression(expected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(expected, lambda run: run["manifest"]["settings"].update(set=["/batch:memory.zswap.max=0"]))
    assert 1 == check(STORY, expected)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    row = next(row for row in rows if row and row[0] == "/batch:memory.zswap.max")
    assert ["/batch:memory.zswap.max", "-", "0", "extra"] == row
    assert "/batch:replay.memcg_limit_reject" in {row[0] for row in rows if row}


def test_a_regression_of_the_program_is_found(
    expected: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def miscounting(*arguments: Any, **options: Any) -> Result:
        result = replay(*arguments, **options)
        end = replace(result.end, vmstat=result.end.vmstat | {"zswpin": result.end.vmstat["zswpin"] + 1})
        return replace(result, snapshots=(*result.snapshots[:-1], end))

    monkeypatch.setattr(check_module, "replay", miscounting)
    assert 1 == check(STORY, expected)
    out = capsys.readouterr().out
    assert 2 == out.count("vmstat.zswpin")
    assert "2 differences from" in out


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_what_it_takes_to_replay_again_is_in_the_file(tmp_path: Path) -> None:
    file = str(tmp_path / "expected.json")
    options = "--kernel 6.12 --totalram 24M --max-pool-percent 3 --seed 7 --warmup 1000 --interval 50ms"
    limits = ["--set", "/db:memory.max=4M", "--set", "/db:memory.zswap.max=256K"]
    output("run", DB, *options.split(), *limits, "--format", "json", "--no-timing", "-o", file)
    labels = [snapshot["label"] for snapshot in json.loads(Path(file).read_text())["snapshots"]]
    assert ["interval 1", "interval 2", "end"] == labels
    assert 0 == check(DB, file)


def test_other_lengths_are_no_regression(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace, lengths, file = (str(tmp_path / name) for name in ("trace.parquet", "lengths.parquet", "e.json"))
    TraceBuilder().write("/a", 0, content=7).pageout("/a", 0).save(trace)
    for length in (100, 200):
        write_lengths(lengths, np.array([7], np.uint64), np.array([length], np.int32))
        if length == 100:
            made = ["run", trace, "--lengths", lengths, "--format", "json", "-o", file]
            assert 0 == guarded(cli, PROGRAM, made)
            assert 0 == check(trace, file)
    assert 2 == check(trace, file)
    assert "not comparable: lengths sha256: expected " in capsys.readouterr().err
    assert 1 == check(trace, file, "--ignore-versions")


def test_what_was_strict_is_so_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace, file = str(tmp_path / "trace.parquet"), tmp_path / "expected.json"
    TraceBuilder().write("/a", 0).pageout("/a", 0).save(trace)
    assert 0 == guarded(cli, PROGRAM, ["run", trace, "--format", "json", "-o", str(file)])
    assert 0 == check(trace, file)
    document = json.loads(file.read_text())
    document["manifest"]["strict"] = True
    file.write_text(json.dumps(document))
    assert 2 == check(trace, file)
    assert "memcg" in capsys.readouterr().err


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_tolerances_allow_what_they_say(expected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(expected, lambda run: run["snapshots"][-1]["zswap"].update(stored_pages=0))
    run = json.loads(expected.read_text())["runs"]
    right = max(each["snapshots"][-1]["replay"]["memcg"]["/"]["stored_pages"] for each in run)
    assert 1 == check(STORY, expected, "--tolerance", f"zswap.stored_pages={right - 1}")
    assert 1 == check(STORY, expected, "--tolerance", "zswap.stored_pages=99%")
    assert 1 == check(STORY, expected, "--tolerance", f"/web:stored_pages={right}")
    before = expected.read_bytes()
    assert 0 == check(STORY, expected, "--tolerance", f"stored_pages={right}", "--update")
    assert before == expected.read_bytes()
    assert capsys.readouterr().out.endswith(f"{expected}: nothing to update\n")


# What is written


def test_an_update_of_nothing_leaves_the_very_file(expected: Path) -> None:
    before = (expected.stat().st_ino, expected.stat().st_mtime_ns, expected.read_bytes())
    assert 0 == check(STORY, expected, "--update")
    assert before == (expected.stat().st_ino, expected.stat().st_mtime_ns, expected.read_bytes())


def test_an_update_accepts_other_versions_only_when_told_to(story: Path, expected: Path) -> None:
    edit(expected, lambda run: run["manifest"]["versions"].update(zstd="1.4.4"))
    before = expected.read_bytes()
    assert 2 == check(STORY, expected, "--update")
    assert before == expected.read_bytes()
    assert 0 == check(STORY, expected, "--update", "--ignore-versions")
    assert story.read_bytes() == expected.read_bytes()


def test_an_update_of_one_run_is_a_file_of_one_run(tmp_path: Path) -> None:
    file = tmp_path / "expected.json"
    output("run", STORY, "--format", "json", "--no-timing", "-o", str(file))
    right = file.read_bytes()
    document = json.loads(right)
    document["snapshots"][-1]["replay"]["accesses"] = 0
    file.write_text(json.dumps(document))
    assert 0 == check(STORY, file, "--update")
    assert right == file.read_bytes()


def test_an_update_that_fails_leaves_the_old_file(
    expected: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(expected)
    before = expected.read_bytes()

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device", str(expected))

    monkeypatch.setattr(Path, "write_text", full)
    assert 2 == check(STORY, expected, "--update")
    assert f"zswap-replay: {expected}: No space left on device\n" == capsys.readouterr().err
    assert before == expected.read_bytes()
    assert [expected] == list(expected.parent.iterdir())


def test_junit_is_written_with_the_lines_that_are_printed(
    expected: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    xml = tmp_path / "junit.xml"
    assert 0 == check(STORY, expected, "--junit", xml)
    root = ElementTree.parse(xml).getroot()
    assert ("12", "0", "0") == tuple(root.attrib[name] for name in ("tests", "failures", "errors"))
    plant(expected)
    capsys.readouterr()
    assert 1 == check(STORY, expected, "--junit", xml)
    failures = ElementTree.parse(xml).getroot().findall(".//failure")
    out = capsys.readouterr().out
    assert 2 == len(failures)
    for failure in failures:
        assert str(failure.text) in out
    assert f"--junit {xml} --update" in out


def test_notes_are_given_once(expected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(expected, lambda run: run["manifest"]["settings"].update(fixed=["max_pool_percent"]))
    assert 1 == check(STORY, expected)
    assert 1 == capsys.readouterr().err.count("max_pool_percent was given as a flag")
    assert 1 == check(STORY, expected, "-q")
    assert "" == capsys.readouterr().err


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["{story}"], "EXPECTED is missing; to make it: zswap-replay run"),
        (["{story}", "/no/such/none.json"], "/no/such/none.json: No such file or directory"),
        (["{story}", "{story}"], "story.parquet: found no JSON"),
        (["{story}", "{expected}", "--tolerance", "zswap.stored=1"], "no counter is named 'zswap.stored'"),
        (["{story}", "{expected}", "--tolerance", "zswpin"], "expected COUNTER=5 or COUNTER=1%"),
        (["{story}", "{expected}", "--tolerance", "/none:zswpin=1"], "expected.json has no such memcg"),
        (["{story}", "{expected}", "--junit", "{expected}"], "is an input of this command"),
        (["{story}", "{expected}", "--junit", "/no/such/x.xml"], "/no/such/x.xml: No such file or directory"),
        (["none.parquet", "{expected}", "--junit", "{folder}/x.xml"], "none.parquet: no such file"),
        (["{expected}", "{expected}", "--junit", "{folder}/x.xml"], "expected a Parquet file"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    arguments: list[str], fault: str, expected: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = expected.read_bytes()
    named = [each.format(story=STORY, expected=expected, folder=tmp_path) for each in arguments]
    assert 2 == check(*named, "--update")
    captured = capsys.readouterr()
    assert ("", 1) == (captured.out, captured.err.count("\n"))
    assert fault in captured.err
    assert before == expected.read_bytes()
    assert [expected] == list(tmp_path.iterdir())


def test_a_file_that_is_not_there_yet_is_made_as_the_error_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, xml = tmp_path / "new.json", tmp_path / "new.xml"
    assert 2 == check(STORY, path)
    said = capsys.readouterr().err
    assert f"{path}: no such file; to make it: zswap-replay run {STORY} --format json" in said
    *_, command = said.rstrip().partition("or with the default ones: zswap-replay check ")
    assert 0 == check(*shlex.split(command), "--junit", xml)
    assert f"{path}: made, with the default settings\n" == capsys.readouterr().out
    assert 'failures="0" errors="0"' in xml.read_text()
    assert 0 == check(STORY, path)
    assert None is read_results(path)[0].timing


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda run: run.update(schema=2), "not comparable: {}: runs[0].schema: found 2; expected 1"),
        (lambda run: run.pop("snapshots"), "{}: runs[0].snapshots: found nothing"),
        (lambda run: run["manifest"]["settings"].update(speed=9), "{}: manifest: settings.speed: found 9"),
        (
            lambda run: run["manifest"]["settings"].update(max_pool_percent=200),
            "{}: manifest: max_pool_percent 200: expected 0 to 100",
        ),
    ],
)
def test_a_file_that_is_no_result_is_named_with_its_key(
    change: Callable[[dict[str, Any]], object],
    fault: str,
    expected: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    edit(expected, change)
    assert 2 == check(STORY, expected)
    assert capsys.readouterr().err.startswith(f"zswap-replay: {fault.format(expected)}")


def test_help_explains_the_names_of_counters_and_has_an_example() -> None:
    text = output("check", "--help")
    for part in ("/web:zswpwb", "zswap.written_back_pages", "--ignore-versions", "Example:"):
        assert part in text
