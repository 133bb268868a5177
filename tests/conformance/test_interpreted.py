"""The interpreted core counts what the kernels counted too: a few cases of each release.

All of them run interpreted in ``python -m tools.sanitize``.
"""

from __future__ import annotations

import subprocess
import sys

from tests.conformance.cases import KERNELS, load_cases
from tests.environment import interpreted
from tests.paths import ROOT

SAMPLE = ("b_limit_12287", "d_global_root", "f_offline_order", "h_reload", "n_wb0_inherit", "r_raw_limit")
"""Limits, the worker, dead memcgs, loads, the writeback switch, raw pages. A release has some of these cases."""

SCRIPT = """
import sys, tempfile
from pathlib import Path
from tests.conformance.cases import load_cases
from tests.conformance.check import first_difference
from zswap_replay.machine import compiled
assert not compiled()
for case in load_cases():
    if case.id in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            settings = case.settings(lengths=case.write_lengths(Path(folder)))
            print(case.id, first_difference(case, case.write_trace(Path(folder)), settings))
"""


def test_a_sample_of_cases_runs_interpreted() -> None:
    chosen = [case.id for case in load_cases() if case.name in SAMPLE]
    assert set(KERNELS) == {case.partition("/")[0] for case in chosen}
    assert len(chosen) >= 3 * len(KERNELS)
    command = [sys.executable, "-c", SCRIPT, *chosen]
    environment = interpreted()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    assert [f"{case} None" for case in chosen] == done.stdout.splitlines()
