"""The model counts what each kernel counted: every case, with the kernel's own lengths."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conformance.cases import KERNELS, RECORDED, Case, load_cases
from tests.conformance.check import first_difference

WITHOUT_PLACES = {
    "6.12/h_shrinker0": "memory.reclaim chooses pages in an order that the kernel does not repeat",
    "6.12/h_shrinker1": "the dynamic shrinker writes back when reclaim calls it, which the kernel does not repeat",
    "6.12/h_shrinker1_pressure": "the dynamic shrinker under memory.max, likewise",
}
"""Cases of which only the counters that are a rule are compared, and not where each page is, and why."""


@pytest.mark.parametrize("case", load_cases(), ids=lambda case: case.id)
def test_counters_are_the_kernels(case: Case, tmp_path: Path) -> None:
    settings = case.settings(lengths=case.write_lengths(tmp_path))

    difference = first_difference(case, case.write_trace(tmp_path), settings)

    assert difference is None, f"{case.id}: {difference}"


def test_places_are_left_out_for_a_reason_alone() -> None:
    assert {case.id for case in load_cases() if not case.deterministic} == set(WITHOUT_PLACES)


def test_every_snapshot_of_a_case_is_there() -> None:
    for kernel in KERNELS:
        counters = pq.read_table(RECORDED / kernel / "counters.parquet", columns=["case"])
        packed = Counter(counters.column("case").to_pylist())
        assert packed == {case.name: case.snapshots for case in load_cases() if case.kernel == kernel}
