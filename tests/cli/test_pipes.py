"""A reader that has seen enough: every command then ends quietly, with status 0."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.paths import ROOT

PIPE_BUFFER = 1 << 16
"""Bytes that Linux takes for a reader that does not read."""

STORY = "run traces/story.parquet -q"
LARGE = f"{STORY} --interval 1s"
COMMANDS = {
    f"{STORY} --format table": 0,
    f"{LARGE} --format json": PIPE_BUFFER,
    f"{LARGE} --format csv": PIPE_BUFFER,
    f"{STORY} --format openmetrics": 0,
    f"{STORY} -c zstd -c lz4 -c deflate --format openmetrics": PIPE_BUFFER,
    "trace cat traces/db.parquet": PIPE_BUFFER,
    "trace head traces/db.parquet": 0,
    "trace info traces/story.parquet": 0,
    "trace validate traces/story.parquet": 0,
    "compare RESULT RESULT --format csv": 0,
    "check traces/story.parquet RESULT -q": 0,
    "kernels": 0,
    "payload --pages 50 -c lz4": 0,
    "completion zsh": 0,
    "--version": 0,
    "--help": 0,
    "run --help": 0,
}
"""Commands, and the bytes that each prints at least."""

COLD = (f"{STORY} --format table", "trace cat traces/db.parquet", "--help")
"""Those that are run by a process that starts from nothing: an interpreter that ends flushes what is left."""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of results, the RESULT of the commands above."""
    path = str(tmp_path_factory.mktemp("results") / "story.json")
    bash(f"{program(STORY, cold=False)} --format json --no-timing -o {shlex.quote(path)}")
    return path


def bash(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def words(arguments: str, *, cold: bool = True) -> list[str]:
    program = (sys.executable, "-m", "zswap_replay") if cold else warm.program()
    return [*program, *arguments.split()]


def program(arguments: str, *, cold: bool = True) -> str:
    return shlex.join(words(arguments, cold=cold))


@pytest.mark.parametrize("arguments", COMMANDS)
def test_head_takes_one_line(arguments: str, result: str) -> None:
    done = bash(
        f'{program(arguments.replace("RESULT", result), cold=arguments in COLD)} | head -n 1; echo "${{PIPESTATUS[*]}}"'
    )
    _, status = done.stdout.splitlines()
    assert ("0 0", "") == (status, done.stderr)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_nobody_reads_at_all(arguments: str, result: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        words(arguments.replace("RESULT", result), cold=arguments in COLD),
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert (0, b"") == (done.returncode, done.stderr)


@pytest.mark.parametrize("more", ["", "-q"])
def test_a_check_that_differs_says_so_to_whoever_reads(more: str, result: str, tmp_path: Path) -> None:
    """By its status, which a pipeline passes on, whether somebody reads or not."""
    other = tmp_path / "other.json"
    document = json.loads(Path(result).read_text())
    document["snapshots"][-1]["vmstat"]["pswpin"] += 1
    other.write_text(json.dumps(document))
    reader, writer = os.pipe()
    os.close(reader)
    command = words(f"check traces/story.parquet {other} {more}", cold=False)
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writer)
    assert (1, b"") == (done.returncode, done.stderr)
    plain = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (1, True) == (plain.returncode, "1 difference" in plain.stdout)


@pytest.mark.parametrize("arguments", [arguments for arguments, size in COMMANDS.items() if size])
def test_what_is_large_is_larger_than_a_pipe(arguments: str) -> None:
    size = int(bash(f"{program(arguments, cold=False)} | wc -c").stdout)
    assert COMMANDS[arguments] < size


def test_a_file_that_is_full_is_an_error() -> None:
    done = bash(f"{program('kernels')} > /dev/full")
    assert (2, "zswap-replay: No space left on device\n") == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    ("arguments", "closed", "status"),
    [(STORY, ">&-", 0), ("run missing.parquet", "2>&-", 2), (STORY, "<&- >&- 2>&-", 0)],
)
def test_standard_streams_may_be_closed(arguments: str, closed: str, status: int) -> None:
    done = bash(f"exec {program(arguments)} {closed}")
    assert (status, "", "") == (done.returncode, done.stdout, done.stderr)


WARNED = "run traces/db.parquet --max-events 100 --no-timing --format json"
"""A command that has a warning to print beside its result."""


@pytest.mark.parametrize("error", ["2>/dev/full", "2</dev/null", "2> >(exec true)", "2>&-"])
@pytest.mark.parametrize(("arguments", "status"), [(WARNED, 0), ("run missing.parquet", 2)])
def test_what_standard_error_cannot_take_is_lost_alone(arguments: str, status: int, error: str) -> None:
    done = bash(f"exec {program(arguments)} {error}")
    assert (status, "", not status) == (done.returncode, done.stderr, done.stdout.startswith("{"))
