"""What a replay has otherwise than a kernel is found: a counter, a memcg that is not there, a file the root has not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from tests.conformance.recording import Found, Recording
from zswap_replay.result.counters import COUNTERS
from zswap_replay.result.numbers import LIMITS, Layout, Numbers

NAMES = {group: (() if group in ("zram", "meminfo") else tuple(names)) for group, names in COUNTERS.items()}
LAYOUT = Layout(NAMES, 1, ("memory.current",))


def counted(**counters: int) -> Numbers:
    """A snapshot of two memcgs, / and /a, with counters of the machine as ``zswap__NAME``, of /a as ``NAME``."""
    numbers = Numbers.empty(LAYOUT, "end", 0, {}, ["/", "/a"], np.arange(2))
    numbers.values[:] = 0
    machine = [f"{group}__{name}" for group in ("zswap", "vmstat", "replay") for name in NAMES[group]]
    for name, value in counters.items():
        if name in machine:
            numbers.machine[machine.index(name)] = value
        else:
            numbers.memcgs[1, NAMES["memcg"].index(name)] = value
    assert numbers.memcgs.shape[1] > len(LIMITS)
    return numbers


def recording(memcg: str = "/a", **counters: int | None) -> Recording:
    """One snapshot in which a kernel showed counters of the machine, and ``zswpin`` 4 of a memcg."""
    shown = {name.replace("__", "."): [value] for name, value in counters.items()}
    return Recording(
        pa.table({"snapshot": [0], "label": ["end"], **shown}),
        pa.table({"snapshot": [0], "memcg": [memcg], "zswpin": [4], "memory.current": [None]}),
        pa.table({"snapshot": [], "memcg": [], "page": [], "where": []}),
    )


GOT = counted(zswap__stored_pages=3, vmstat__zswpout=5, zswpin=4)


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (recording(zswap__stored_pages=3, vmstat__zswpout=5), None),
        (recording(zswap__stored_pages=None, vmstat__zswpout=6), ("vmstat.zswpout", 6, 5)),
        (recording(zswap__stored_pages=3, zswap__unheard_of=0), ("zswap.unheard_of", 0, None)),
        (recording("/b", vmstat__zswpout=5), ("/b zswpin", 4, None)),
        (recording("/", vmstat__zswpout=5), ("/ zswpin", 4, 0)),
    ],
)
def test_the_first_counter_that_differs_is_found(kernel: Recording, expected: Found | None) -> None:
    assert expected == kernel.first(0, GOT)
    assert expected == kernel.first(0, GOT)


def test_what_the_root_has_not_is_missing() -> None:
    kernel = Recording(
        pa.table({"snapshot": [0], "label": ["end"]}),
        pa.table({"snapshot": [0], "memcg": ["/"], "memory.current": [0]}),
        pa.table({"snapshot": [], "memcg": [], "page": [], "where": []}),
    )
    assert ("/ memory.current", 0, None) == kernel.first(0, GOT)
    assert None is kernel.first(0, replace(GOT, layout=replace(LAYOUT, not_of_root=())))
