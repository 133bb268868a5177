"""What memcgs save over time, held against a look at all entries after each change."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.replay.assemble import saved_by_memcg
from zswap_replay.units import PAGE_SIZE

DEEP = 10
"""Memcgs in a line below the root: more than there is room for at first."""
STORE, FREE, REMOVE = range(3)

changes = st.tuples(
    st.sampled_from([STORE, STORE, STORE, STORE, FREE, FREE, REMOVE]),
    st.integers(1, DEEP),
    st.sampled_from([0, 64, 2040, PAGE_SIZE]),
    st.sampled_from([0, 1, 1000, 1 << 40, (1 << 58) - 1]),
)


@given(st.lists(changes, max_size=60))
def test_sums_and_peaks_are_those_of_a_look_after_each_change(
    steps: list[tuple[int, int, int, int]],
) -> None:
    memcgs = MemCgroups("none", 1)
    for parent in range(DEEP):
        memcgs.mem_cgroup_css_alloc(parent)
    entries: list[tuple[int, int]] = []
    live = DEEP
    sums, peaks = [0] * (DEEP + 1), [0] * (DEEP + 1)

    def saved(memcg: int) -> int:
        """What the entries of a memcg and all below it save: the deeper has the higher number."""
        lengths = [length for objcg, length in entries if memcgs.obj_cgroup_memcg(objcg) >= memcg]
        return sum(PAGE_SIZE - length for length in lengths)

    for what, memcg, length, passed in steps:
        memcgs.savings.passed += passed
        sums = [total + passed * saved(each) for each, total in enumerate(sums)]
        if what == STORE:
            objcg = min(memcg, live)
            memcgs.obj_cgroup_charge_zswap(objcg, 0, length)
            entries.append((objcg, length))
        elif what == FREE and entries:
            objcg, size = entries.pop(length % len(entries))
            memcgs.obj_cgroup_uncharge_zswap(objcg, 0, size)
        elif what == REMOVE and live > 1:
            memcgs.mem_cgroup_css_offline(live)
            live -= 1
        peaks = [max(peak, saved(each)) for each, peak in enumerate(peaks)]
    now = memcgs.savings.passed
    found = saved_by_memcg(memcgs, [f"/{memcg}" for memcg in range(DEEP + 1)])
    assert {
        f"/{memcg}": {
            "memory_saved_mean_bytes": round(Fraction(sums[memcg], now)) if now else saved(memcg),
            "memory_saved_peak_bytes": peaks[memcg],
        }
        for memcg in range(1, live + 1)
    } == found
