"""The model counts what Linux 6.12 counted with a zram device, with the kernel's own lengths."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.check import first_difference
from tests.conformance.zram_cases import ZramAccesses, ZramCase, load_zram_accesses, load_zram_cases
from zswap_replay.replay.loop import replay

TOLERANCE = 0.02
"""How far a count may be from the range that the kernel's runs gave, as a share of its end."""


@pytest.mark.parametrize("case", load_zram_cases(), ids=lambda case: case.name)
def test_counters_are_the_kernels(case: ZramCase, tmp_path: Path) -> None:
    settings = case.settings(case.write_lengths(tmp_path))

    difference = first_difference(case, case.write_trace(tmp_path), settings)

    assert difference is None, f"{case.name}: {difference}"


@pytest.mark.parametrize("case", load_zram_accesses(), ids=lambda case: case.name)
def test_accesses_fault_as_often_as_on_the_kernel(case: ZramAccesses, tmp_path: Path) -> None:
    lengths = case.twin.write_lengths(tmp_path)
    ended = replay(case.twin.write_trace(tmp_path), case.settings(lengths)).end

    for counter, (low, high) in case.ranges.items():
        assert low * (1 - TOLERANCE) <= ended.vmstat[counter] <= high * (1 + TOLERANCE), counter


def test_no_case_is_left_out() -> None:
    assert 55 == len(load_zram_cases())
    assert ["R_hotscan_50", "R_phase_50"] == [case.name for case in load_zram_accesses()][:2]
