"""Ordinary accesses under memory.max: reclaim picks the pages, and counters come near the kernel's."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conformance.access import Measured, ended, measure, tolerance
from tests.conformance.cases import AccessCase, load_access_cases
from tests.conformance.documents import assert_table, markdown
from zswap_replay.settings import KnobWrite
from zswap_replay.units import PAGE_SIZE

Cases = dict[str, list[Measured]]

COUNTERS = ("pgmajfault", "zswpout", "zswpin", "zswpwb", "pswpin", "pswpout")
DELAYS = (0, 1, 4, 8, 16)
DELAYED = ("A_zipf10_50", "A_uniform_50", "A_phase_50", "A_hotscan_50")


@cache
def measured(reclaim: str) -> Cases:
    """Every case under one model of reclaim."""
    with TemporaryDirectory() as folder:
        return {case.name: measure(case, Path(folder), reclaim) for case in load_access_cases()}


@pytest.mark.parametrize("reclaim", ["k", "mglru"])
@pytest.mark.parametrize("case", load_access_cases(), ids=lambda case: case.name)
def test_counters_are_near_the_kernels(case: AccessCase, reclaim: str) -> None:
    compared = [each for each in measured(reclaim)[case.name] if each.compared]

    assert compared
    assert [] == [str(each) for each in compared if abs(each.error) > tolerance(case, each.name, reclaim)]


def test_every_case_is_there_and_held_to_its_tolerance() -> None:
    cases = load_access_cases()

    assert {"A": 6, "B": 6, "T": 1, "Z": 1} == Counter(case.name[0] for case in cases)
    assert [0.10] * 6 + [0.05] * 8 == [tolerance(case, "zswpin") for case in cases]
    wide = [case.name for case in cases if tolerance(case, "zswpin", "mglru") == 0.15]
    assert ["B_hotscan_50", "B_phase_50"] == wide


def test_an_error_is_the_distance_from_the_nearer_end_of_the_range() -> None:
    assert [0.0, 0.0, 0.5, -0.5] == [
        Measured("zswpin", 1000, 2000, count).error for count in (1000, 2000, 3000, 500)
    ]


def test_an_exact_lru_is_farther_off() -> None:
    assert 3 * mean_error(measured("k")) < mean_error(measured("lru"))
    assert worst_error(measured("k")) < 0.05 < 0.20 < worst_error(measured("lru"))


def test_either_is_near_the_kernel_on_the_average() -> None:
    assert mean_error(measured("k")) < 0.01
    assert mean_error(measured("mglru")) < 0.015


def test_a_working_set_that_moves_is_near_without_a_limit_too(tmp_path: Path) -> None:
    # the accesses of A_phase_50 at three quarters of the pages: what 6.12 counted with its lists, and with MGLRU
    case = next(case for case in load_access_cases() if case.name == "A_phase_50")
    limit = KnobWrite("/a", "memory.max", (4500 - 13) * PAGE_SIZE)

    faults = [
        ended(case, tmp_path, reclaim=reclaim, knobs=(limit,)).vmstat["pgmajfault"]
        for reclaim in ("k", "mglru")
    ]

    assert [8555, 7975] == pytest.approx(faults, rel=0.05)


def test_lists_whose_statistics_are_never_old_miss_it(tmp_path: Path) -> None:
    case = next(case for case in load_access_cases() if case.name == "A_phase_50")
    limit = KnobWrite("/a", "memory.max", (4500 - 13) * PAGE_SIZE)

    assert ended(case, tmp_path, knobs=(limit,), stat_flush=0).vmstat["pgmajfault"] < 0.92 * 8555


@pytest.mark.parametrize("reclaim", ["k", "mglru", "lru"])
def test_the_page_shows_what_each_reclaim_gives(reclaim: str) -> None:
    assert_table("reclaim.md", f"every case under --reclaim {reclaim}", table(measured(reclaim)))


def test_the_page_shows_how_far_the_lists_and_mglru_are_apart() -> None:
    rows = []
    for case in load_access_cases():
        recorded = [middle(ranges["pgmajfault"]) for ranges in (case.ranges, case.mglru_ranges)]
        counted = [faults(measured(reclaim)[case.name]) for reclaim in ("k", "mglru")]
        cells = [
            cell
            for classic, mglru in (recorded, counted)
            for cell in (f"{classic:,}", f"{mglru:,}", f"{100 * (mglru / classic - 1):+.1f} %")
        ]
        rows.append([f"`{case.name}`", *cells])
    kinds = ["kernel: two lists", "kernel: MGLRU", "apart", "`k`", "`mglru`", "apart"]
    assert_table("reclaim.md", "the lists and MGLRU apart", markdown(["pgmajfault", *kinds], rows))


def middle(seen: tuple[int, int]) -> int:
    """The middle of a range."""
    return sum(seen) // 2


def faults(counters: list[Measured]) -> int:
    """The major faults of a replay."""
    return next(each.replayed for each in counters if each.name == "pgmajfault")


def test_a_longer_delay_writes_back_less_and_refuses_more(tmp_path: Path) -> None:
    rows = []
    for case in load_access_cases():
        if case.name not in DELAYED:
            continue
        ends = [ended(case, tmp_path, pool_percent=1, shrink_delay=delay) for delay in DELAYS]
        written = [end.zswap["written_back_pages"] for end in ends]
        refused = [end.replay["pool_limit_reject"] for end in ends]

        assert refused == sorted(refused)
        assert written[0] > 2 * written[-1]
        # what it does not change: how often a page has to come back
        came_back = [end.vmstat["pgmajfault"] for end in ends]
        assert max(came_back) < 1.10 * min(came_back)

        hits = [end.zswap["pool_limit_hit"] for end in ends]
        for name, counts in (
            ("written_back_pages", written),
            ("pool_limit_hit", hits),
            ("pgmajfault", came_back),
        ):
            rows.append([f"`{case.name}` {name}", *(f"{count:,}" for count in counts)])

    assert_table("reclaim.md", "a pool of 1 % by --shrink-delay", markdown(["", *map(str, DELAYS)], rows))


def table(cases: Cases) -> str:
    """One row a case: what the replay counts of what the kernel counted, and how far that is outside."""
    rows = []
    for name, counters in cases.items():
        cells = {each.name: cell(each) for each in counters}
        rows.append([f"`{name}`", *(cells.get(counter, "") for counter in COUNTERS)])
    mean, worst = (f"{100 * error:.1f} %" for error in (mean_error(cases), worst_error(cases)))
    return f"{markdown(['case', *COUNTERS], rows)}\n\nMean distance of the counters compared: {mean}; worst {worst}."


def cell(counter: Measured) -> str:
    """``16,238 of 16,265..16,563`` and the distance; a count that is too small to be compared has none."""
    counts = f"{counter.replayed:,} of {counter.kernel}"
    if not counter.compared:
        return counts
    return f"{counts}<br>{f'{100 * counter.error:+.1f} %' if counter.error else 'within'}"


def mean_error(cases: Cases) -> float:
    """Mean distance from the kernel's range, of the counters compared."""
    found = errors(cases)
    return sum(found) / len(found)


def worst_error(cases: Cases) -> float:
    """The greatest of them."""
    return max(errors(cases))


def errors(cases: Cases) -> list[float]:
    """All distances, as shares without a sign."""
    return [abs(each.error) for counters in cases.values() for each in counters if each.compared]
