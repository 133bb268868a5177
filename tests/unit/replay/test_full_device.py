"""A device in RAM that takes no more, behind zswap whose shrinker writes back to it: a replay ends all the same."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from random import Random

import pytest

from tests import warm
from tests.pressure import any_events, lengths_file, lived, save
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

KERNELS = ("6.8", "6.10", "6.12", "6.18", "7.1")
OPTIONS = ("--tier", "zswap+zram", "--shrinker-enabled", "--mem-limit", str(PAGE_SIZE), "--totalram", "8M")


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("full") / "t.parquet"
    rows = TraceBuilder().memcg_create("/a")
    for _ in range(2):
        rows.write("/a", 0, count=12).read("/a", 0, count=12)
    rows.save(path)
    return path


@pytest.mark.parametrize("limit", ["memory.high", "memory.max"])
@pytest.mark.parametrize("reclaim", ["k", "lru", "mglru"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_reclaim_that_only_goes_round_counts_as_none(
    kernel: str, reclaim: str, limit: str, trace: Path
) -> None:
    """What zswap stores and the device sends back is no progress: each round would find as much again."""
    command = [*warm.program(), "run", str(trace), *OPTIONS, "--kernel", kernel, "-q"]
    command += ["--reclaim", reclaim, "--set", f"/a:{limit}={PAGE_SIZE}", "-c", "lz4", "--format", "json"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert 0 == done.returncode, done.stderr
    end = json.loads(done.stdout)["snapshots"][-1]
    assert reclaim == "lru" or end["zswap"]["written_back_pages"] > 100
    assert end["zram"]["failed_writes"] >= end["zswap"]["written_back_pages"]
    assert limit == "memory.high" or end["replay"]["oom"]


def test_so_does_reclaim_of_the_whole_machine(tmp_path: Path) -> None:
    """Here it is the shrink worker that writes back, every few rounds."""
    events = zip(range(300), lived(any_events(Random(500_682))), strict=False)
    trace = save(str(tmp_path), [{"time_ns": 150_000 * number, **row} for number, row in events])
    options = [
        "--tier",
        "zram",
        "--enabled",
        "--mem-limit",
        "40960",
        "--totalram",
        "163840",
        "--kernel",
        "6.10",
    ]
    options += [
        "--set",
        "/a:memory.swap.max=0",
        "--nodes",
        "2",
        "--lengths",
        lengths_file(),
        "--format",
        "json",
    ]
    command = [*warm.program(), "run", trace, *options, "-q"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert 0 == done.returncode, done.stderr
    end = json.loads(done.stdout)["snapshots"][-1]
    assert end["zswap"]["written_back_pages"]
    assert end["zram"]["failed_writes"]
