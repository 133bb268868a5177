from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from json import loads
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.commands import output
from tests.paths import ROOT
from tests.sweeps import make_rows, write_sweep
from tests.timelines import make_timeline
from zswap_replay.cli.main import PROGRAM, cli, guarded
from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.report.html.needs import require
from zswap_replay.result import file
from zswap_replay.result.result import Result
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.rewrite import rewrite


def write_results(path: Path, results: Sequence[Result]) -> Path:
    path.write_text(file.render(results, timing=True), encoding="utf-8")
    return path


@pytest.fixture
def result(tmp_path: Path) -> Path:
    return write_results(tmp_path / "result.json", [make_timeline("zstd"), make_timeline("lz4", scale=2)])


@pytest.fixture
def failure(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command that has to end with status 2, and gives the one line that it prints."""

    def run(*arguments: str) -> str:
        status = guarded(cli, PROGRAM, list(arguments))
        printed = capsys.readouterr()
        assert (2, "", 1) == (status, printed.out, printed.err.count("\n")), printed.err
        return printed.err.removeprefix("zswap-replay: ").removesuffix("\n")

    return run


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_a_page_is_written_beside_its_input(result: Path, failure: Callable[..., str]) -> None:
    page = result.with_suffix(".html")
    assert f"16 charts: {page}\n" == output("report", str(result))
    first = page.read_bytes()
    assert first.startswith(b"<!doctype html>")
    assert f"{page}: is there already; --force overwrites it" == failure("report", str(result))
    assert f"16 charts: {page}\n" == output("report", str(result), "-f")
    assert first == page.read_bytes()
    assert [page.name, result.name] == sorted(path.name for path in result.parent.iterdir())


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_pictures_are_the_same_again(result: Path, tmp_path: Path, failure: Callable[..., str]) -> None:
    pictures = []
    for folder in (tmp_path / "deep" / "one", tmp_path / "two"):
        page = tmp_path / f"{folder.name}.html"
        output("report", str(result), "-o", str(page), "--png", str(folder))
        pictures.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert pictures[0] == pictures[1]
    assert {"pool.png", "codec-cost.png", "lengths-1-zstd.png", "writebacks-2-web.png"} <= pictures[0].keys()
    assert 16 == len(pictures[0])
    again = failure("report", str(result), "-o", str(tmp_path / "new.html"), "--png", str(tmp_path / "two"))
    assert again.endswith(".png: is there already; --force overwrites it")
    assert not (tmp_path / "new.html").exists()


def test_a_sweep_is_known_by_its_bytes(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path / "sweep.json", make_rows())
    page = tmp_path / "page.html"
    arguments = ("--figure", "reject_rate", "--axes", "compressor,max_pool_percent")
    assert f"7 charts: {page}\n" == output("report", str(sweep), "-o", str(page), *arguments)
    assert "Reject rate over the settings" in page.read_text(encoding="utf-8")


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_a_run_becomes_a_page(tmp_path: Path) -> None:
    trace = tmp_path / "trace.parquet"
    output("trace", "generate", "zipf", "--pages", "600", "--events", "4000", "-o", str(trace))
    settings = (
        "--set",
        "/a:memory.max=1M",
        "--totalram",
        "8M",
        "-c",
        "lz4",
        "--interval",
        "500us",
        "--format",
        "json",
    )
    run = output("run", str(trace), *settings)
    page = tmp_path / "page.html"
    done = subprocess.run(
        [sys.executable, "-m", "zswap_replay", "report", "-", "-o", str(page)],
        input=run,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (0, "") == (done.returncode, done.stderr)
    text = page.read_text(encoding="utf-8")
    assert "Pool size" in text
    assert f"{loads(run)['manifest']['trace']['events']:,} events" in text
    assert "This file holds the counters" not in text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"not json", "found no JSON"),
        (b"[]", "the document: found []; expected an object"),
        (b'{"schema": 1}', "snapshots: found nothing; expected this key"),
        (b"PAR1 and no more", "found no readable Parquet"),
    ],
)
def test_what_is_no_result_is_named(
    tmp_path: Path, content: bytes, text: str, failure: Callable[..., str]
) -> None:
    path = tmp_path / "input"
    path.write_bytes(content)
    said = failure("report", str(path))
    assert said.startswith(f"{path}: ")
    assert text in said
    assert [path] == list(tmp_path.iterdir())


def test_a_result_that_lacks_a_counter_is_named(result: Path, failure: Callable[..., str]) -> None:
    result.write_text(
        result.read_text(encoding="utf-8").replace('"pool_total_size"', '"pool_size"'), encoding="utf-8"
    )
    said = failure("report", str(result))
    assert said.startswith(f"{result}: runs[0].snapshots[")
    assert said.endswith("; expected the counter pool_total_size in it")


def test_parquet_of_others_is_no_sweep(tmp_path: Path, failure: Callable[..., str]) -> None:
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"price": [1], "day": [2]}), other)
    said = failure("report", str(other))
    assert said.startswith(f"{other}: found Parquet without the metadata 'zswap_replay.sweep'")


def test_usage(result: Path, tmp_path: Path, failure: Callable[..., str]) -> None:
    assert "Missing argument" in failure("report")
    assert f"{tmp_path}/none.json: No such file or directory" == failure("report", f"{tmp_path}/none.json")
    assert "are for sweeps" in failure("report", str(result), "--figure", "rejects")
    assert f"{result}: is an input of this command; expected another file to write to" == (
        failure("report", str(result), "-f", "-o", str(result))
    )
    assert "-o names one" in failure("report", "-")
    sweep = write_sweep(tmp_path / "s.parquet", make_rows())
    assert "'nothing' is no figure of this sweep" in failure("report", str(sweep), "--figure", "nothing")
    assert "expected two of" in failure("report", str(sweep), "--axes", "compressor")
    unwritable = failure("report", str(result), "-o", "/nowhere/page.html")
    assert "/nowhere/page.html: No such file or directory" == unwritable


def test_help_has_an_example() -> None:
    assert "zswap-replay report result.json" in output("report", "--help")


def test_missing_libraries_are_named(
    result: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    require("json")

    def without_matplotlib(name: str) -> object:
        return None if name == "matplotlib" else find_spec(name)

    monkeypatch.setattr("zswap_replay.report.html.needs.find_spec", without_matplotlib)
    assert 2 == guarded(cli, PROGRAM, ["report", str(result)])
    assert (
        "zswap-replay: a report needs matplotlib, not found here: pip install 'zswap-replay[report]'\n"
        == capsys.readouterr().err
    )


@pytest.mark.parametrize("arguments", [("report", "--help"), ("report",), ("--help",)])
def test_help_and_usage_load_none_of_the_libraries(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys; from zswap_replay.cli.main import cli, PROGRAM; from zswap_replay.cli.main import guarded\n"
        f"guarded(cli, PROGRAM, {list(arguments)})\n"
        "print(sorted({'matplotlib', 'jinja2', 'pyarrow', 'numpy', 'rich'} & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "[]" == done.stderr.splitlines()[-1]


def test_a_file_of_lengths_has_a_page(tmp_path: Path, failure: Callable[..., str]) -> None:
    path = tmp_path / "lengths.parquet"
    write_lengths(
        path, np.arange(3, dtype=np.uint64), np.array([0, 70, 900], np.int32), [None, 0, None], ["lz4"] * 3
    )
    assert f"2 charts: {path.with_suffix('.html')}\n" == output("report", str(path))
    text = path.with_suffix(".html").read_text(encoding="utf-8")
    assert "3 pages · kernel" in text
    assert "Compressed lengths, lz4" in text
    assert f"{path}: --figure and --axes are for sweeps, and this is a file of lengths" == (
        failure("report", str(path), "-f", "--figure", "ratio")
    )
    write_lengths(path, np.zeros(0, np.uint64), np.zeros(0, np.int32))
    assert failure("report", str(path), "-f").startswith(f"{path}: found no content that each compressor has")


def test_a_trace_has_a_page(tmp_path: Path, failure: Callable[..., str]) -> None:
    rows = TraceBuilder(step_ns=10**8).memcg_create("/a&b").memcg_set("/a&b", "memory.max", "8M")
    for page in (*range(40), *range(20), *range(30)):
        rows.write("/a&b", page)
    trace = tmp_path / "t.parquet"
    rows.save(trace)
    assert f"4 charts: {tmp_path / 't.html'}\n" == output("report", str(trace))
    page = (tmp_path / "t.html").read_text(encoding="utf-8")
    for told in ("Miss ratio", "Working set", "Reuse distances", "/a&amp;b", "memory.max 8.0 MiB", "44.44 %"):
        assert told in page
    rewrite(trace, tmp_path / "t.arrow")
    output("report", str(tmp_path / "t.arrow"), "-o", str(tmp_path / "a.html"))
    assert page.replace("t.parquet", "t.arrow") == (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "--figure and --axes are for sweeps" in failure("report", str(trace), "-f", "--axes", "a,b")
    TraceBuilder().snapshot("end").save(tmp_path / "none.parquet")
    assert "0 charts" in output("report", str(tmp_path / "none.parquet"))
    assert "holds no page event" in (tmp_path / "none.html").read_text(encoding="utf-8")
    TraceBuilder().read("/a", 1, count=0).save(tmp_path / "bad.parquet")
    assert "column count: found 0" in failure("report", str(tmp_path / "bad.parquet"))
