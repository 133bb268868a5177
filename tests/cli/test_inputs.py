"""Where commands read from: standard input and pipes, folders, names of any bytes."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from zswap_replay.cli.main import PROGRAM, cli, guarded
from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.trace.builder import TraceBuilder


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    made = TraceBuilder().memcg_create("/web").param("compressor", "lz4")
    for page in range(20):
        made = made.write("/web", page, content=page).pageout("/web", page)
    path = tmp_path / "in" / "t.parquet"
    path.parent.mkdir()
    made.save(path)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = guarded(
        cli, PROGRAM, [os.fspath(each) if isinstance(each, Path) else str(each) for each in arguments]
    )
    out, err = capsys.readouterr()
    return status, out, err


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_every_command_reads_standard_input(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, result, swept = trace.read_bytes(), tmp_path / "r.json", tmp_path / "s.parquet"
    feed(monkeypatch, data)
    assert 0 == run(capsys, "run", "-", "-q", "--format", "json", "--no-timing", "-o", result)[0]
    assert "-" == json.loads(result.read_text())["manifest"]["trace"]["path"]
    commands: tuple[tuple[object, ...], ...] = (
        ("trace", "validate", "-"),
        ("trace", "info", "-"),
        ("trace", "cat", "-"),
        ("trace", "head", "-"),
        ("trace", "merge", "-o", tmp_path / "m.parquet", "-"),
        ("trace", "annotate", "-o", tmp_path / "l.parquet", "-"),
        ("check", "-", result),
        ("sweep", "-", "--max-pool-percent", "5,10", "-j", "1", "-o", swept),
    )
    for command in commands:
        feed(monkeypatch, data)
        status, _, err = run(capsys, *command)
        assert 0 == status, err
    with_results: tuple[tuple[tuple[object, ...], Path], ...] = (
        (("check", trace, "-"), result),
        (("compare", "-", result), result),
        (("report", "-", "-o", tmp_path / "s.html"), swept),
    )
    for command, read in with_results:
        feed(monkeypatch, read.read_bytes())
        status, _, err = run(capsys, *command)
        assert 0 == status, err


def test_names_need_not_be_utf_8(trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe"))
    folder.mkdir()
    odd, result = folder / "t.parquet", folder / "r.json"
    for command in (
        ("trace", "merge", trace, "-o", odd),
        ("trace", "annotate", odd, "-c", "lz4", "-o", folder / "l.parquet"),
        ("run", odd, "-q", "--format", "json", "-o", result, "--timeline", tmp_path / "line.parquet"),
        (
            "run",
            odd,
            "-q",
            "-c",
            "lz4",
            "--lengths",
            folder / "l.parquet",
            "--no-timing",
            "-o",
            folder / "r.txt",
        ),
        ("check", odd, result),
        ("sweep", odd, "--max-pool-percent", "5,10", "-j", "1", "-o", tmp_path / "s.parquet"),
        ("trace", "generate", "scan", "--events", "10", "-o", folder / "g.parquet"),
    ):
        assert 0 == run(capsys, *command)[0]
    assert f"{tmp_path}/\\xff\\xfe/t.parquet" == json.loads(result.read_text())["manifest"]["trace"]["path"]


def test_what_is_passed_over_is_noted(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = trace.parent
    (folder / "notes.txt").write_text("")
    said = f"zswap-replay: {folder}: passed over, as no Parquet by their names: notes.txt\n"
    for command in (("trace", "validate"), ("trace", "head"), ("run", "--no-timing")):
        status, _, err = run(capsys, *command, folder)
        assert (0, 1) == (status, err.count(said))
    assert "passed over" not in run(capsys, "run", "-q", folder)[2]
    status, _, err = run(capsys, "run", folder, "--timeline", folder / "line.parquet")
    assert 2 == status
    assert "would be read as a part of the trace" in err


def test_a_trace_sets_a_compressor_of_which_the_lengths_are_known(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lengths = tmp_path / "l.parquet"
    contents = np.arange(20, dtype=np.uint64)
    write_lengths(lengths, contents, np.full(20, 1000, np.int32), compressor=["lz4"] * 20)
    status, out, err = run(capsys, "run", trace, "--lengths", lengths, "-q", "--format", "json")
    assert 0 == status, err
    assert 20 == json.loads(out)["snapshots"][-1]["vmstat"]["zswpout"]
    for arguments in (("-c", "zstd"), ("--max-events", "1", "-c", "zstd")):
        status, _, err = run(capsys, "run", trace, "--lengths", lengths, "-q", *arguments)
        assert (2, True) == (status, "no row for 'zstd'; the file has lz4" in err)
    early = tmp_path / "early.parquet"
    TraceBuilder().write("/a", 1, content=1).pageout("/a", 1).save(early)
    status, _, err = run(capsys, "run", early, "--lengths", lengths, "-q")
    assert (2, True) == (status, "no row for 'zstd'; the file has lz4" in err)


NINES = "9" * 5000


@pytest.mark.parametrize(
    "arguments",
    [
        ("--set", f"/web:memory.max={NINES}"),
        ("--totalram", NINES),
        ("-c", f"zstd:{NINES}"),
        ("--interval", f"{NINES}s"),
        ("--max-pool-percent", NINES),
        ("--seed", NINES),
    ],
)
def test_a_flag_of_any_length_is_an_error_of_one_line(
    arguments: tuple[str, str], trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "run", trace, *arguments)
    assert (2, "", 1) == (status, out, err.count("\n"))


@pytest.mark.parametrize(
    ("event", "key"),
    [
        ("param", "max_pool_percent"),
        ("param", "compressor"),
        ("memcg_set", "memory.max"),
        ("memcg_reclaim", None),
    ],
)
def test_a_value_of_any_length_is_an_error_of_one_line(
    event: str, key: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = f"zstd:{NINES}" if key == "compressor" else NINES
    made = TraceBuilder().memcg_create("/a")
    if event == "param":
        made = made.param(str(key), value)
    else:
        made = made.memcg_set("/a", str(key), value) if key else made.memcg_reclaim("/a", value)
    made.save(tmp_path / "t.parquet")
    status, _, err = run(capsys, "run", tmp_path / "t.parquet", "-q")
    assert (2, 1) == (status, err.count("\n"))
    assert len(err) < 1000
