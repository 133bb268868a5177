"""Equal replays give equal bytes: run again, compiled or interpreted, and whatever the size of a row group."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.commands import output
from tests.paths import TRACES
from zswap_replay.machine import compiled

SMALL = ["--totalram", "24M", "--max-pool-percent", "3"]
PRESSURE = {
    "app": [*SMALL, "--set", "/app:memory.max=2M", "--set", "/app:memory.zswap.max=256K"],
    "build": [*SMALL, "--set", "/build:memory.max=3M", "--set", "/build:memory.zswap.max=256K"],
    "db": [*SMALL, "--set", "/db:memory.max=4M", "--set", "/db:memory.zswap.max=256K"],
    "story": [],
    "two-tenants": [
        *[*SMALL, "--set", "/build:memory.max=3M", "--set", "/build:memory.zswap.max=256K"],
        *["--set", "/db:memory.max=4M"],
    ],
}
"""By bundled trace, the limits under which it stores, loads, writes back and is refused."""

EVENTS = {"app": 9000, "build": 5000, "db": 4000, "story": 2000, "two-tenants": 7000}
"""By bundled trace, events that come to all of that; interpreted, more of them take long."""

JSON = ["--format", "json", "--no-timing", "-q"]


def replayed(name: str, *options: str, pure: bool = False, cold: bool = False) -> str:
    trace = str(TRACES / f"{name}.parquet")
    arguments = ("run", trace, "-c", "zstd", "-c", "lz4", *PRESSURE[name], *JSON, *options)
    return output(*arguments, pure=pure, cold=cold)


@pytest.mark.skipif(not compiled(), reason="the core is not compiled: there is nothing to compare with")
def test_a_run_is_compiled_unless_it_is_to_be_interpreted() -> None:
    assert "(core compiled)" in output("--version")
    assert "(core interpreted)" in output("--version", pure=True)


def test_every_bundled_trace_is_tried() -> None:
    assert {trace.stem for trace in TRACES.glob("*.parquet")} == set(PRESSURE)


@pytest.mark.skipif(not compiled(), reason="the core is not compiled: there is nothing to compare with")
@pytest.mark.parametrize(
    ("name", "kernel"),
    [(name, ("6.12", "patch-v4")[place % 2]) for place, name in enumerate(PRESSURE)],
)
def test_compiled_and_interpreted_runs_print_the_same(name: str, kernel: str) -> None:
    options = ("--kernel", kernel, "--max-events", str(EVENTS[name]))
    printed = replayed(name, *options)
    assert printed == replayed(name, *options, pure=True)
    for run in json.loads(printed)["runs"]:
        end = run["snapshots"][-1]
        assert end["vmstat"]["zswpout"] > 0
        assert end["zswap"]["written_back_pages"] > 0
        assert end["replay"]["memcg_limit_reject"] + end["replay"]["pool_limit_reject"] > 0


@pytest.mark.parametrize("name", ["db", "story"])
def test_the_same_command_prints_the_same_bytes(name: str) -> None:
    assert replayed(name, cold=True) == replayed(name)


def test_without_asserts_the_same_is_printed() -> None:
    short = ["run", str(TRACES / "story.parquet"), *JSON, "--max-events", "500"]
    command = [sys.executable, "-O", "-m", "zswap_replay", *short]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert output(*short) == done.stdout


@pytest.mark.parametrize("rows", [997, 60_000])
def test_the_size_of_row_groups_changes_nothing(rows: int, tmp_path: Path) -> None:
    table = pq.read_table(TRACES / "db.parquet")
    pq.write_table(table, tmp_path / "db.parquet", row_group_size=rows)
    options = [*PRESSURE["db"], *JSON]
    expected = json.loads(output("run", str(TRACES / "db.parquet"), *options))
    actual = json.loads(output("run", str(tmp_path / "db.parquet"), *options))
    for document in (expected, actual):
        assert document["manifest"]["trace"].pop("path")
    assert expected == actual
