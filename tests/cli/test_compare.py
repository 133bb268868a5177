"""``zswap-replay compare``: every format, its warnings and its mistakes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import command, output
from tests.golden import assert_golden
from tests.paths import TRACES
from zswap_replay.cli.compare import FORMATS
from zswap_replay.cli.main import PROGRAM, cli, guarded

GOLDENS = Path(__file__).with_name("goldens")
STORY = str(TRACES / "story.parquet")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with results of two compressors and of one of them under another release."""
    folder = tmp_path_factory.mktemp("results")
    plain = ["run", STORY, "--format", "json"]
    output(*plain, "-c", "zstd", "-c", "lz4", "--no-timing", "-o", str(folder / "both.json"))
    output(*plain, "-c", "lz4", "--kernel", "6.12", "-o", str(folder / "new.json"))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "results"))


def edit(file: Path, *keys: str, value: Any) -> None:
    document = inner = json.loads(file.read_text())
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    file.write_text(json.dumps(document))


def compare(*arguments: str | Path) -> int:
    return guarded(cli, PROGRAM, ["compare", *map(str, arguments)])


@pytest.mark.parametrize("form", FORMATS)
def test_each_format(form: str, folder: Path) -> None:
    arguments = ["both.json", "new.json", "--memcg", "/web", "--no-timing", "--format", form]
    text = output("compare", *(str(folder / each) if ".json" in each else each for each in arguments))
    assert_golden(f"compare.{form}", text, GOLDENS)
    file = folder / "out"
    paths = [str(folder / each) if ".json" in each else each for each in arguments]
    assert 0 == compare(*paths, "-o", file)
    assert text == file.read_text()


def test_the_runs_of_one_file_are_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == compare(folder / "both.json", "--format", "csv")
    assert capsys.readouterr().out.splitlines()[0].endswith("winner,zstd,lz4,lz4 vs zstd,name")


def test_equal_results_have_no_difference(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(folder / "new.json", "timing", "compress", value=99.0)
    shutil.copy(folder / "new.json", folder / "copy.json")
    assert 0 == compare(folder / "new.json", folder / "copy.json")
    assert "no difference\n" == capsys.readouterr().out


def test_codec_time_is_left_out_where_it_is_not_known_or_not_wanted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(folder / "new.json", folder / "copy.json")
    edit(folder / "copy.json", "timing", "compress", value=99.0)
    timed: list[str | Path] = [folder / "new.json", folder / "copy.json", "--format", "json"]
    assert 0 == compare(*timed)
    assert '"codec_seconds"' in capsys.readouterr().out
    assert 0 == compare(*timed, "--no-timing")
    assert '"codec_seconds"' not in capsys.readouterr().out
    assert 0 == compare(folder / "both.json", "--format", "json")
    assert '"codec_seconds"' not in capsys.readouterr().out


@pytest.mark.parametrize("form", FORMATS)
def test_what_cannot_be_compared_is_a_warning(
    form: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(folder / "new.json", "manifest", "seed", value=7)
    assert 0 == compare(folder / "both.json", folder / "new.json", "--format", form)
    captured = capsys.readouterr()
    said = "not comparable: seed: 0 (both zstd), 0 (both lz4), 7 (new)"
    if form == "csv":
        assert f"zswap-replay: warning: {said}\n" == captured.err
        assert captured.out.startswith("section,")
    else:
        assert "" == captured.err
        assert '"seed": [' in captured.out if form == "json" else said in captured.out.splitlines()[0]


def test_all_memcgs_or_some(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [folder / "both.json", folder / "new.json"]
    assert 0 == compare(*files, "--memcg", "all", "--format", "json")
    document = json.loads(capsys.readouterr().out)
    assert {None, "/", "/batch", "/db", "/web"} == {line["memcg"] for line in document["lines"]}
    assert [] == document["other_memcgs"]
    assert 0 == compare(*files, "--memcg", "/web", "--memcg", "/db", "--format", "json")
    document = json.loads(capsys.readouterr().out)
    assert {None, "/db", "/web"} == {line["memcg"] for line in document["lines"]}
    assert ["/", "/batch"] == document["other_memcgs"]


def test_run_with_several_compressors_shows_the_same_lines(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = output("run", STORY, "-c", "zstd", "-c", "lz4", "--no-timing")
    assert 0 == compare(folder / "both.json")
    compared = capsys.readouterr().out
    lines = compared[compared.index("\n\n") + 2 : compared.index("\nchanges are against zstd")]
    assert "swap writes" in lines
    assert f"comparison\n{lines}" in report
    for label in ("zstd", "lz4"):  # each has a table of what its memcgs cost
        assert f"\nmemcg, {label} " in report


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "Missing argument 'A.json B.json...'"),
        (["{}/new.json"], "new.json: one result; expected another one to compare with"),
        (["{}/new.json", "{}/none.json"], "none.json: No such file or directory"),
        (["{}/new.json", STORY], "story.parquet: found no JSON"),
        (
            ["{}/new.json", "{}/both.json", "--memcg", "/none"],
            "--memcg /none: no result has it; there are /, ",
        ),
        (["{}/new.json", "{}/both.json", "--format", "xml"], "'xml' is not one of"),
        (["{}/new.json", "{}/both.json", "-o", "/no/such/x"], "/no/such/x: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    arguments: list[str], fault: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [each.format(folder) for each in arguments]
    output_file: list[str | Path] = [] if "-o" in named else ["-o", folder / "out"]
    assert 2 == compare(*named, *output_file)
    captured = capsys.readouterr()
    assert ("", 1) == (captured.out, captured.err.count("\n"))
    assert fault in captured.err
    assert {"both.json", "new.json"} == {file.name for file in folder.iterdir()}


def test_a_process_ends_with_status_2_too(folder: Path) -> None:
    edit(folder / "new.json", "schema", value=9)
    done = command("compare", str(folder / "both.json"), str(folder / "new.json"))
    assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
    assert "new.json: schema: found 9; expected 1" in done.stderr


def test_help_has_an_example() -> None:
    text = output("compare", "--help")
    assert re.search(r"Example:\n +zswap-replay run trace.parquet -c zstd", text)
