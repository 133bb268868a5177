"""``zswap-replay sweep --scheduler``: on a real scheduler with two worker processes, over 127.0.0.1."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import LocalCluster

from tests.cli.commands import command, output
from tests.environment import unmeasured
from zswap_replay.errors import SweepError
from zswap_replay.sweep.cluster import Cluster
from zswap_replay.sweep.grid import Option
from zswap_replay.sweep.plan import make_plan
from zswap_replay.trace.builder import TraceBuilder

STORY = ["sweep", "traces/story.parquet", "-c", "zstd,lz4", "--set", "/batch:memory.zswap.max=0.1ws,max"]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a scheduler with two workers, each a process of its own."""
    with LocalCluster(
        n_workers=2, processes=True, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_a_cluster_gives_the_same_bytes_as_this_process(scheduler: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here.parquet", tmp_path / "there.parquet"
    expected = output(*STORY, "--format", "json", "-j", "1", "-o", str(here))
    assert expected == output(*STORY, "--format", "json", "--scheduler", scheduler, "-o", str(there))
    assert here.read_bytes() == there.read_bytes()
    assert ["here.parquet", "there.parquet"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_worker_that_does_not_have_the_trace_or_has_other_versions_is_named(
    scheduler: str, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.parquet"
    TraceBuilder().write("/a", 0).save(trace)
    plan = make_plan(str(trace), [Option("seed", ("1", "2"), (1, 2))], strict=False, remember=False)
    versions = {**plan.manifest["versions"], "zstd": "1.5.7"}
    other = replace(plan, manifest={**plan.manifest, "versions": versions}, token="other")
    with pytest.raises(
        SweepError, match=r"^Dask worker tcp://127.*: found zstd 1\.5\.6; expected 1\.5\.7, as here$"
    ):
        Cluster.for_plan(scheduler, other)
    trace.unlink()
    with pytest.raises(SweepError, match=rf"^Dask worker tcp://127.*: {trace}: no such file or folder$"):
        Cluster.for_plan(scheduler, plan)


def test_a_scheduler_that_does_not_answer_is_one_line_and_status_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zswap_replay.sweep.cluster._PATIENCE", 0.5)
    with pytest.raises(SweepError, match=r"^--scheduler tcp://127\.0\.0\.1:9: no Dask scheduler answers"):
        Cluster("tcp://127.0.0.1:9")


def test_an_address_that_is_none_is_one_line_and_status_2() -> None:
    done = command(*STORY, "--scheduler", "nowhere")
    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("zswap-replay: --scheduler nowhere: ")
    assert 1 == done.stderr.count("\n"), done.stderr


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_without_dask_one_line_says_what_to_install() -> None:
    script = (
        "import sys\n"
        "sys.modules['distributed'] = None\n"
        f"sys.argv = ['zswap-replay', *{STORY!r}, '--scheduler', 'tcp://127.0.0.1:9']\n"
        "from zswap_replay.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=unmeasured(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 2 == done.returncode
    assert done.stderr.startswith("zswap-replay: --scheduler needs Dask")
    assert done.stderr.endswith("pip install 'zswap-replay[dask]'\n")
    assert 1 == done.stderr.count("\n")
