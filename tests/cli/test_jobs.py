"""``--jobs`` and ``trace annotate`` as a user types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.commands import command, output
from tests.paths import ROOT, TRACES
from tests.processes import descendants, is_alive

DB = str(TRACES / "db.parquet")
LIMITS = ["--totalram", "24M", "--max-pool-percent", "3", "--set", "/db:memory.max=4M"]
JSON = ["--format", "json", "--no-timing", "-q"]


def test_results_are_the_same_bytes_for_every_number_of_jobs(tmp_path: Path) -> None:
    plain = output("run", DB, "-c", "lz4", "-c", "zstd", *LIMITS, *JSON)
    for jobs in ("1", "3"):
        assert plain == output("run", DB, "-c", "lz4", "-c", "zstd", *LIMITS, *JSON, "--jobs", jobs)
    expected = tmp_path / "expected.json"
    expected.write_text(plain, encoding="utf-8")
    assert "as in" in output("check", DB, str(expected), "-j", "2", "-q")


def test_annotated_lengths_spare_the_codec_under_other_settings(tmp_path: Path) -> None:
    lengths = str(tmp_path / "lengths.parquet")
    said = output("trace", "annotate", DB, "-c", "lz4", "-o", lengths)
    assert said.endswith(f"1 compressor: {lengths}\n")
    for kernel in ("6.6", "6.18"):
        options = [DB, "-c", "lz4", "--kernel", kernel, *LIMITS, "--format", "json", "-q"]
        known = json.loads(output("run", *options, "--lengths", lengths))
        plain = json.loads(output("run", *options))
        assert plain["snapshots"] == known["snapshots"]
        assert (0, True) == (known["timing"]["pages_compressed"], plain["timing"]["pages_compressed"] > 0)
    again = command("trace", "annotate", DB, "-c", "lz4", "-o", lengths)
    assert (2, "") == (again.returncode, again.stdout)
    assert "--force overwrites it" in again.stderr


def test_annotate_names_a_compressor_that_is_none(tmp_path: Path) -> None:
    done = command("trace", "annotate", DB, "-c", "lzma", "-o", str(tmp_path / "l.parquet"))
    assert (2, 1) == (done.returncode, done.stderr.count("\n"))
    assert "no compressor 'lzma'" in done.stderr
    assert [] == list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_a_run_that_is_interrupted(blow: signal.Signals, tmp_path: Path) -> None:
    trace = str(tmp_path / "long.parquet")
    output("trace", "generate", "uniform", "--pages", "40000", "--events", "800000", "-o", trace)
    result = tmp_path / "result.json"
    options = ["-c", "zstd:19", "--set", "/a:memory.max=40M", "--format", "json", "-o", str(result)]
    process = subprocess.Popen(
        [sys.executable, "-m", "zswap_replay", "run", trace, "--jobs", "3", *options],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # as a shell does, so that all of the group can be sent an interrupt
    )
    deadline = time.monotonic() + 60
    while len(workers := descendants(process.pid)) < 3 and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.02)
    assert 3 == len(workers)  # two, and the process that they are forked from
    if blow is signal.SIGINT:
        os.killpg(process.pid, blow)
    else:
        process.send_signal(blow)
    process.communicate(timeout=60)
    assert (-blow if blow is signal.SIGKILL else 128 + blow) == process.returncode
    while (left := [pid for pid in workers if is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [] == left
    if blow is not signal.SIGKILL:
        assert [Path(trace)] == list(tmp_path.iterdir())
