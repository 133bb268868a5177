"""``zswap-replay sweep`` as a user types it: golden outputs, equal bytes however it runs, interrupts and mistakes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import command, output
from tests.golden import assert_golden
from tests.paths import ROOT
from zswap_replay.trace.builder import TraceBuilder

GOLDENS = Path(__file__).with_name("goldens")
STORY = "sweep traces/story.parquet --kernel 6.6,6.12 -c zstd,lz4 --set /batch:memory.zswap.max=0.1ws,max"
POINTS = 12
FRONT = "--pareto writeback_bytes,pool_total_size"


def sweep(arguments: str, *more: str) -> str:
    return output(*arguments.split(), *more)


def process(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "zswap_replay", "sweep", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_the_table() -> None:
    assert_golden("sweep.txt", sweep(f"{STORY} {FRONT} -j 1"), GOLDENS)


def test_csv() -> None:
    assert_golden("sweep.csv", sweep(f"{STORY} {FRONT} -j 1 --format csv"), GOLDENS)


def test_json() -> None:
    document = json.loads(sweep(f"{STORY} {FRONT} -j 1 --format json"))
    document["manifest"]["versions"] = sorted(document["manifest"]["versions"])
    assert_golden("sweep.json", json.dumps(document, indent=2) + "\n", GOLDENS)


def test_any_number_of_jobs_gives_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / f"{jobs}.parquet" for jobs in (1, 2, 3)]
    texts = {sweep(f"{STORY} {FRONT} --format json", "-j", file.stem, "-o", str(file)) for file in files}
    assert 1 == len(texts)
    assert 1 == len({file.read_bytes() for file in files})
    assert {file.name for file in files} == {path.name for path in tmp_path.iterdir()}


def test_axes_are_in_the_order_in_which_they_are_given_and_options_may_be_repeated() -> None:
    document = json.loads(
        sweep(
            "sweep traces/story.parquet --no-shrinker-enabled -c zstd --seed 3 --format json -j 1 -c lz4 "
            "--max-events 2000 --kernel 6.8 --shrinker-enabled --set /batch:memory.high=max"
        )
    )
    assert ["shrinker_enabled", "compressor"] == document["axes"]
    assert [(False, "zstd"), (False, "lz4"), (True, "zstd"), (True, "lz4")] == [
        (row["shrinker_enabled"], row["compressor"]) for row in document["rows"]
    ]
    settings = document["manifest"]["settings"]
    assert ("6.8", 3, ["/batch:memory.high=max"]) == (settings["kernel"], settings["seed"], settings["set"])
    assert ["compressor", "shrinker_enabled"] == settings["fixed"]


def test_a_point_is_what_run_prints() -> None:
    flags = "--kernel 6.12 -c lz4 --set /batch:memory.zswap.max=64K --format json"
    alone = json.loads(sweep(f"run traces/story.parquet {flags} --no-timing"))
    (row,) = json.loads(sweep(f"sweep traces/story.parquet {flags}"))["rows"]
    end = alone["snapshots"][-1]
    for group in ("zswap", "vmstat"):
        assert {f"{group}.{name}": value for name, value in end[group].items()} == {
            name: value for name, value in row.items() if name.startswith(f"{group}.")
        }
    assert alone["derived"] == {
        name.removeprefix("derived."): value for name, value in row.items() if name.startswith("derived.")
    }


def slow_trace(folder: Path) -> str:
    """A trace whose points take a tenth of a second each, and say that they have ended by a note."""
    path = folder / "slow.parquet"
    trace = TraceBuilder().param("max_pool_percent", 40)
    for _ in range(3):
        trace.write("/a", 0, count=900).pageout("/a", 0, count=900)
    trace.save(path)
    return str(path)


LEVELS = ",".join(f"zstd:{level}" for level in range(1, 1 + POINTS))  # so that each point compresses
SLOW = ("-c", LEVELS, "--max-pool-percent", "20")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A trace, and what is printed where nothing interrupts its sweep."""
    trace = slow_trace(tmp_path_factory.mktemp("slow"))
    return trace, output("sweep", trace, *SLOW, "-j", "1", "--format", "json")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_leaves_rows_and_no_process_and_the_sweep_goes_on(
    jobs: str, uninterrupted: tuple[str, str], tmp_path: Path
) -> None:
    (trace, printed), file = uninterrupted, tmp_path / "out.parquet"
    arguments = [trace, *SLOW, "-j", jobs, "-o", str(file)]
    running = process(*arguments)
    assert running.stderr is not None
    assert "max_pool_percent was given as a flag" in running.stderr.readline()  # so a row is kept
    running.send_signal(signal.SIGINT)
    # It returns when nobody has standard error open any more: no worker is left.
    _, text = running.communicate(timeout=60)
    assert 130 == running.returncode
    assert not file.exists()
    kept = Path(f"{file}.partial").read_text().count('{"point"')
    assert 1 <= kept < POINTS
    assert [
        f"zswap-replay: interrupted: {kept} of {POINTS} points kept in {file}.partial; "
        "the same command goes on from there"
    ] == text.splitlines()
    rest = command("sweep", *arguments, "--format", "json")
    assert 0 == rest.returncode, rest.stderr
    assert printed == rest.stdout
    assert [file] == list(tmp_path.iterdir())


def test_no_worker_outlives_a_sweep_that_was_killed(tmp_path: Path) -> None:
    running = process(slow_trace(tmp_path), "--seed", "0,1,2,3,4,5", "--max-pool-percent", "20", "-j", "2")
    assert running.stderr is not None
    running.stderr.readline()
    running.kill()
    running.communicate(timeout=60)
    assert -signal.SIGKILL == running.returncode


def test_a_pipe_gets_no_progress_and_quiet_no_notes(tmp_path: Path) -> None:
    arguments = [
        "sweep",
        slow_trace(tmp_path),
        "--seed",
        "0,1",
        "--max-pool-percent",
        "20",
        "--max-events",
        "2",
    ]
    done = command(*arguments, "-q")
    assert (0, "") == (
        done.returncode,
        "".join(line for line in done.stderr.splitlines() if "warning" not in line),
    )
    assert 1 == command(*arguments).stderr.count("max_pool_percent was given as a flag")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--max-pool-percent 5,,10", "'5,,10': found an empty value"),
        ("--max-pool-percent 5,many", "'many' is not a whole number"),
        ("--max-pool-percent 5,200", "max_pool_percent 200: expected 0 to 100"),
        ("--kernel 6.8,2.4", "'2.4': zswap came with Linux 3.11"),
        ("-c zstd,zst", "compressor=zst: no compressor 'zst'"),
        ("-c zstd,zstd:99", "compressor=zstd:99: zstd:99: the level of zstd is a number from 1 to 22"),
        ("-c lz4 -c lz4", "--compressor lz4 is given twice"),
        ("--shrinker-enabled y,maybe", "'maybe' is not a valid boolean"),
        ("--totalram 1.5ws,4Q", "'4Q' is not a size"),
        ("--set /batch:memory.max=1M,4X", "'4X' is not a limit"),
        ("--set /batch:memory.mux=1M", "has no knob 'memory.mux'"),
        ("--set /batch:memory.zswap.writeback=0,0.5ws", "'0.5ws' is not a switch"),
        ("--set /batch", "expected PATH:KEY=VALUE"),
        ("--set /bitch:memory.max=0.5ws", "--set /bitch:memory.max 0.5ws: the trace has no memcg /bitch"),
        ("--kernel 6.12,6.18 --zpool zbud", "kernel=6.18: zpool zbud: 6.18 has zsmalloc"),
        ("--kernel 6.6,6.12 --exclusive-loads", "kernel=6.12: exclusive_loads: 6.12 has no such parameter"),
        ("--lengths none.parquet", "none.parquet"),
        (
            "--pareto writeback",
            "--pareto writeback: found no such counter or figure; expected derived.writeback_bytes",
        ),
        ("--jobs 0", "0 is not in the range x>=1"),
        ("--jobs 2 --scheduler tcp://127.0.0.1:1", "--jobs and --scheduler: give one"),
        ("-o /no/such/folder/x", "/no/such/folder/x: No such file or directory"),
        ("-o rows.csv", "--output rows.csv: a sweep's file is Parquet; --format csv and json print the rows"),
        ("-o /dev/null", "/dev/null: found no regular file"),
        ("-o traces/README.md", "traces/README.md: found no readable Parquet"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments: str, expected: str) -> None:
    done = command("sweep", "traces/story.parquet", *arguments.split())
    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("zswap-replay: ")
    assert expected in done.stderr
    assert 1 == done.stderr.count("\n"), done.stderr


def test_a_point_that_fails_is_named_and_the_status_says_so(tmp_path: Path) -> None:
    # Content 7 has no known length; it is stored where the limit leaves room for it alone.
    import numpy as np

    from zswap_replay.codec.lengths_file import write_lengths

    trace, lengths = str(tmp_path / "trace.parquet"), str(tmp_path / "lengths.parquet")
    TraceBuilder().write("/a", 0, count=8, content=0).pageout("/a", 0, count=8).save(trace)
    write_lengths(lengths, np.arange(7, dtype=np.uint64), np.full(7, 1000, np.int32))
    file = str(tmp_path / "out.parquet")
    done = command(
        "sweep", trace, "--lengths", lengths, "--set", "/a:memory.zswap.max=0,max", "-j", "1", "-o", file
    )
    assert 2 == done.returncode
    assert [
        f"zswap-replay: point /a:memory.zswap.max=max failed: {lengths}: no row for content 7, which the replay stores",
        "zswap-replay: 1 of 2 points failed; the same command replays them again",
    ] == [line for line in done.stderr.splitlines() if "warning" not in line]
    assert ", 1 point\n" in done.stdout
    assert {"trace.parquet", "lengths.parquet", "out.parquet.partial"} == set(os.listdir(tmp_path))
