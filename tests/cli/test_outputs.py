"""What commands do to the files that they are told to write: one policy, tried with every command that writes."""

from __future__ import annotations

import errno
import gzip
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests import warm
from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.generate import Synthetic, generate

PROGRAM = shlex.join([sys.executable, "-m", "zswap_replay"])
"""For what depends on the limits, files and signals of the process itself; the rest is run by ``warm.program()``."""

ENDED_BY_A_LIBRARY = {1, 127, -signal.SIGABRT, -signal.SIGSEGV}
"""Statuses of a process that OpenBLAS, the loader or jemalloc ended where they had no memory: nobody can clean up."""

OVER_AN_INPUT = {
    "run t.parquet --lengths lengths.parquet -o OUT": ("t.parquet", "lengths.parquet"),
    "run t.parquet --lengths lengths.parquet --timeline OUT": ("t.parquet", "lengths.parquet"),
    "run t.parquet --payload-file pages.bin -o OUT": ("pages.bin",),
    "run t.parquet --recipe recipe.toml -o OUT": ("recipe.toml",),
    "run folder -o OUT": ("folder/part.parquet",),
    "run file://HERE/t.parquet -o OUT": ("t.parquet",),
    "check t.parquet expected.json --junit OUT": ("t.parquet", "expected.json"),
    "check t.parquet known.json --junit OUT": ("lengths.parquet",),
    "compare expected.json known.json -o OUT": ("expected.json", "known.json"),
    "sweep t.parquet --lengths lengths.parquet --seed 1,2 -o OUT": ("t.parquet", "lengths.parquet"),
    "sweep t.parquet --lengths lengths.parquet -f -o OUT": ("t.parquet", "lengths.parquet"),
    "sweep t.parquet --recipe default,recipe.toml -f -o OUT": ("recipe.toml",),
    "sweep j.parquet.partial -f -o j.parquet": ("j.parquet.partial",),
    "report expected.json -f -o OUT": ("expected.json",),
    "payload --recipe recipe.toml -f -o OUT": ("recipe.toml",),
    "trace import lackey lackey.txt -f -o OUT": ("lackey.txt",),
    "trace merge t.parquet=/a folder=/b -f -o OUT": ("t.parquet", "folder/part.parquet"),
    "trace annotate t.parquet --payload-file pages.bin -f -o OUT": ("t.parquet", "pages.bin"),
    "trace filter folder --memcg / -f -o OUT": ("folder/part.parquet",),
    "trace rewrite folder -f -o OUT": ("folder/part.parquet",),
    "trace sample folder --rate 1/2 -f -o OUT": ("folder/part.parquet",),
    "trace cut t.parquet --events 1.. --payload-file pages.bin -f -o OUT": ("t.parquet", "pages.bin"),
    "trace annotate t.parquet --recipe recipe.toml -f -o OUT": ("recipe.toml",),
    "trace annotate t.parquet --from lengths.parquet -f -o OUT": ("t.parquet", "lengths.parquet"),
    "memory measure pages.bin -f -o OUT": ("pages.bin",),
    "memory fit lengths.parquet -f -o OUT": ("lengths.parquet",),
}
"""Commands, and the files that they read and could be told to write over."""

EVERY_NAME = tuple(OVER_AN_INPUT)[:1] + tuple(
    each for each in OVER_AN_INPUT if each.startswith(("sweep t", "trace"))
)
"""Those that are tried with a link and a hard link too."""

PARQUET = (
    "trace generate zipf --events 100",
    "trace merge t.parquet=/a",
    "trace annotate t.parquet",
    "trace import lackey lackey.txt",
    "sweep t.parquet",
)
"""Commands whose output is Parquet, all of which take -f."""

ANEW = ("payload --pages 3", "report expected.json", *PARQUET[:-1])
"""Commands that ask for -f where their output exists."""

RESULTS = (
    "run t.parquet -o OUT",
    "run t.parquet --timeline OUT",
    "check t.parquet expected.json --junit OUT",
    "compare expected.json known.json -o OUT",
)
"""Commands whose output takes the place of what stood there."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of each kind that commands read."""
    tmp_path = tmp_path_factory.mktemp("made")
    trace = TraceBuilder().write("/a", 0, count=20, content=0).pageout("/a", 0, count=20)
    trace.save(tmp_path / "t.parquet")
    trace.save(tmp_path / "j.parquet.partial")
    (tmp_path / "folder").mkdir()
    trace.save(tmp_path / "folder" / "part.parquet")
    (tmp_path / "pages.bin").write_bytes(os.urandom(4096 * 30))
    (tmp_path / "lackey.txt").write_text("I  04000000,3\n L 1ffe0000,8\n")
    write_lengths(tmp_path / "lengths.parquet", np.arange(30, dtype=np.uint64), np.full(30, 1000, np.int32))
    recipe = Path(__file__).parents[2] / "src/zswap_replay/payload/recipes/default.toml"
    (tmp_path / "recipe.toml").write_bytes(recipe.read_bytes())
    for name, options in (("expected", ""), ("known", "--lengths lengths.parquet")):
        run = f"{shlex.join(warm.program())} run t.parquet {options} --format json --no-timing -o {name}.json"
        assert 0 == bash(f"cd {shlex.quote(str(tmp_path))} && {run}").returncode
    return tmp_path


@pytest.fixture
def files(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the same files, in which commands run."""
    folder = tmp_path / "files"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    return folder


def bash(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, errors="replace", timeout=120, check=False
    )


@pytest.mark.parametrize("arguments", OVER_AN_INPUT)
def test_no_command_writes_over_what_it_reads(arguments: str, files: Path) -> None:
    for name in OVER_AN_INPUT[arguments]:
        before = (files / name).read_bytes()
        (files / "link").unlink(missing_ok=True)
        (files / "hard").unlink(missing_ok=True)
        (files / "link").symlink_to(files / name)
        os.link(files / name, files / "hard")
        entries = sorted(files.rglob("*"))
        for output in (name, "link", "hard") if arguments in EVERY_NAME else (name,):
            given = arguments.replace("OUT", output).replace("HERE", str(files))
            done = bash(f"{shlex.join(warm.program())} {given}")
            assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
            assert "input" in done.stderr
            assert f"zswap-replay: {output}: " in done.stderr or ".partial: is an input" in done.stderr
        assert before == (files / name).read_bytes()
        assert entries == sorted(files.rglob("*"))


@pytest.mark.parametrize("arguments", PARQUET)
def test_force_never_replaces_what_is_no_regular_file(arguments: str, files: Path) -> None:
    warmed = shlex.join(warm.program())
    os.mkfifo(files / "fifo")
    (files / "to-fifo").symlink_to(files / "fifo")
    for output in ("fifo", "to-fifo", os.devnull, "/dev/stdout"):
        for force in ("", "-f"):
            done = bash(f"{warmed} {arguments} {force} -o {output} | cat; exit ${{PIPESTATUS[0]}}")
            assert (2, "") == (done.returncode, done.stdout)
            assert f"{output}: found no regular file; expected one to write Parquet to" in done.stderr
    assert stat.S_ISFIFO((files / "fifo").stat().st_mode)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize("arguments", ANEW)
def test_what_is_there_is_overwritten_with_force_alone_and_links_are_followed(
    arguments: str, files: Path
) -> None:
    warmed = shlex.join(warm.program())
    (files / "precious").write_text("precious")
    (files / "precious").chmod(0o600)
    (files / "link").symlink_to(files / "precious")
    for output in ("precious", "link"):
        done = bash(f"{warmed} {arguments} -o {output}")
        assert (2, "") == (done.returncode, done.stdout)
        assert f"{output}: is there already; --force overwrites it" in done.stderr
    assert "precious" == (files / "precious").read_text()
    assert 0 == bash(f"{warmed} {arguments} -f -o link").returncode
    assert (files / "link").is_symlink()
    assert b"precious" != (files / "precious").read_bytes()
    assert 0o600 == stat.S_IMODE((files / "precious").stat().st_mode)


@pytest.mark.parametrize("arguments", RESULTS)
def test_a_result_replaces_what_stood_there(arguments: str, files: Path) -> None:
    warmed = shlex.join(warm.program())
    (files / "old").write_text("old")
    (files / "old").chmod(0o640)
    (files / "link").symlink_to(files / "old")
    assert 0 == bash(f"{warmed} {arguments.replace('OUT', 'link')}").returncode
    assert (files / "link").is_symlink()
    assert b"old" != (files / "old").read_bytes()
    assert 0o640 == stat.S_IMODE((files / "old").stat().st_mode)


@pytest.mark.parametrize("arguments", [*RESULTS, "payload --pages 9 -o OUT", "report expected.json -o OUT"])
def test_devices_and_pipes_are_written(arguments: str, files: Path) -> None:
    warmed = shlex.join(warm.program())
    assert 0 == bash(f"{warmed} {arguments.replace('OUT', os.devnull)}").returncode
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    piped = bash(f"{warmed} {arguments.replace('OUT', '/dev/stdout')} | cat; exit ${{PIPESTATUS[0]}}")
    assert (0, "") == (piped.returncode, piped.stderr)
    os.mkfifo(files / "fifo")
    got = bash(f"{warmed} {arguments.replace('OUT', 'fifo')} & cat fifo > got; wait $!")
    assert 0 == got.returncode
    assert (files / "got").stat().st_size > 0
    assert stat.S_ISFIFO((files / "fifo").stat().st_mode)
    assert len(piped.stdout) > 50
    # the pipe of a substitution is a file of the process itself
    substituted = bash(f"{PROGRAM} {arguments.replace('OUT', '>(wc -c >&2)')}; sleep 0.3")
    assert 0 == substituted.returncode
    assert int(substituted.stderr) > 50


@pytest.mark.parametrize(
    "arguments",
    [
        "run t.parquet --interval 1us --format json",
        "trace generate zipf --events 200000",
        "payload --pages 900",
    ],
)
def test_a_full_disk_is_told_with_the_name_of_the_file_and_leaves_nothing(
    arguments: str, files: Path
) -> None:
    # coverage would write more than is allowed
    done = bash(f"unset ${{!COVERAGE_*}}; ulimit -f 2; exec {PROGRAM} {arguments} -o out")
    assert (2, f"zswap-replay: out: {os.strerror(errno.EFBIG)}\n") == (done.returncode, done.stderr)
    assert not [path for path in files.iterdir() if path.name.endswith((".tmp", "out"))]


@pytest.mark.parametrize(
    ("arguments", "blow"),
    [
        ("trace generate zipf --events 90000000 -o out", signal.SIGTERM),
        ("run large.parquet --set /a:memory.max=40M -c zstd:19 -o out --timeline line", signal.SIGHUP),
        ("run large.parquet --set /a:memory.max=40M -c zstd:19 -o out --timeline line", signal.SIGTERM),
        ("run large.parquet --set /a:memory.max=40M -c zstd:19 -o out --jobs 2", signal.SIGINT),
        ("run large.parquet --set /a:memory.max=40M -c zstd:19 -o out --jobs 2", signal.SIGTERM),
        ("trace annotate large.parquet -c zstd:19 -o out", signal.SIGINT),
        ("trace annotate large.parquet -c zstd:19 -o out", signal.SIGTERM),
    ],
)
def test_a_signal_that_asks_for_an_end_leaves_no_file(
    arguments: str, blow: signal.Signals, files: Path
) -> None:
    generate("uniform", Synthetic(pages=30_000, events=100_000), "large.parquet")
    before = sorted(files.iterdir())
    process = subprocess.Popen(
        [sys.executable, "-m", "zswap_replay", *arguments.split(), *(["-q"] if arguments[0] == "r" else [])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while sorted(files.iterdir()) == before and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(blow)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + blow
    assert "" == errors
    assert before == sorted(files.iterdir())


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_sweep_that_is_told_to_end_keeps_its_points(blow: signal.Signals, jobs: int, files: Path) -> None:
    generate("uniform", Synthetic(pages=3000, events=20_000), "large.parquet")
    grid = ["--set", "/a:memory.max=4M", "--seed", ",".join(map(str, range(1000))), "-j", str(jobs)]
    process = subprocess.Popen(
        [sys.executable, "-m", "zswap_replay", "sweep", "large.parquet", *grid, "-o", "out.parquet", "-q"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    journal = files / "out.parquet.partial"
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.read_text().count("\n") > 1) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(blow)
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert 128 + blow == process.returncode
    assert "the same command goes on from there" in errors
    assert not (files / "out.parquet").exists()
    assert [] == [path for path in files.iterdir() if path.name.endswith(".tmp")]


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_end_says_where_it_goes_on(blow: signal.Signals, files: Path) -> None:
    generate("uniform", Synthetic(pages=3_000, events=100_000), "large.parquet")
    options = [
        "run",
        "large.parquet",
        "--set",
        "/a:memory.max=4M",
        "-c",
        "lz4",
        "--format",
        "json",
        "--no-timing",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "zswap_replay", *options, "--checkpoint", "c", "--checkpoint-every", "200"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not Path("c").exists() and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(blow)
    _, errors = process.communicate(timeout=60)
    assert 128 + blow == process.returncode
    told = re.fullmatch(
        r"zswap-replay: interrupted: c has the first ([\d,]+) events; --resume c goes on from there\n", errors
    )
    assert told is not None, errors
    whole, rest = (bash(f"{PROGRAM} {shlex.join(options)} {more}") for more in ("", "--resume c"))
    assert whole.stdout == rest.stdout


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("sweep t.parquet --max-pool-percent 1,2,3 -q -j 1 -o o", "o.partial: "),
        (
            "tune t.parquet --vary max_pool_percent=1..9 --minimize vmstat.pgmajfault --replays 2 -q --study o",
            "o: ",
        ),
        ("trace generate zipf --events 1000 -f -o /dev/stdout > o", "HERE/tmp"),
        ("run - < <(cat pages.bin)", "HERE: "),
        ("trace import parquet packed.gz -o o --memcg /a", "HERE: "),
    ],
)
def test_the_file_that_cannot_grow_is_named(files: Path, command: str, named: str) -> None:
    with gzip.open(files / "packed.gz", "wb") as packed:
        packed.write((files / "pages.bin").read_bytes())
    done = bash(f"ulimit -f 1; export TMPDIR={shlex.quote(str(files))}; {PROGRAM} {command}")
    name = named.replace("HERE", str(files))
    assert (2, 1) == (done.returncode, done.stderr.count("\n")), done.stderr
    assert done.stderr.startswith(f"zswap-replay: {name}"), done.stderr
    assert done.stderr.endswith("File too large\n")


def test_memory_that_cannot_be_had_is_told_in_one_line(files: Path) -> None:
    told = set()
    for megabytes in (150, 220, 280, 340):
        done = bash(
            f"unset ${{!COVERAGE_*}}; ulimit -v {megabytes << 10}; exec {PROGRAM} run t.parquet -q -o out"
        )
        assert "Traceback" not in done.stderr
        told.add((done.returncode, "out of memory" in done.stderr))
        left = list(files.glob(".out*"))
        assert done.returncode in ENDED_BY_A_LIBRARY or not left
        assert done.returncode != -signal.SIGSEGV or "jemalloc" in done.stderr
        for path in left:
            path.unlink()
    assert (2, True) in told
    assert {status for status, _ in told} <= {0, 2} | ENDED_BY_A_LIBRARY
