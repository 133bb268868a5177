"""What memcgs count as memory.stat shows it: with what their descendants count. Models cgroup_rstat_flush().

MemCgroups counts an event where it happened; the sums up the tree, kernel/cgroup/rstat.c, are made when somebody looks.
"""

import cython
import numpy as np
import numpy.typing as npt

from zswap_replay.lib.columns import Column
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcontrol import EVENT_NAMES, MemCgroups

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import SWAPCACHE
    from zswap_replay.mm.memcontrol import NR_EVENTS
    from zswap_replay.mm.page import PAGE_SHIFT

NODE_NAMES = ("accesses", *EVENT_NAMES, "stored_pages", "compressed_bytes")

LIMITS_AND_CHARGES = (
    "memory_max",
    "memory_high",
    "swap_max",
    "zswap_max",
    "zswap_writeback",
    "usage",
    "resident",
    "swap",
    "zswap_bytes",
    "zswapped",
    "zswap_incomp",
    "zswpwb_proactive_b",
)
"""The limits of a memcg in bytes, -1 where there is none, and its writeback switch: 0 if it is off, else -1.

They are in the order in which results have them. Then what it is charged: ``usage``, that of
MemCgroups.memory_usage(), in pages, and fields of MEMCG as they are.
"""


def node_totals(memcgs: MemCgroups) -> "npt.NDArray[np.int64]":
    """Return what is counted by node, as [memcg, node, count], descendants' included.

    The counts are accesses, events, in the order of their names, and what is in zswap: those of ``NODE_NAMES``.
    """
    totals = np.empty((memcgs.nr, memcgs.nr_nodes, len(NODE_NAMES)), np.int64)
    add_up(memcgs, totals.reshape(-1).data)
    return totals


def add_up(memcgs: MemCgroups, totals: Column) -> None:
    """Write what is counted by memcg and node, in the order of ``NODE_NAMES``, and add it up the tree.

    A loop, and no columns put together by numpy: a replay may read its counters hundreds of thousands of times.
    """
    width: cython.Py_ssize_t = NR_EVENTS + 3
    place: cython.int
    event: cython.int
    for place in range(memcgs.nr * memcgs.nr_nodes):
        at: cython.Py_ssize_t = place * width
        totals[at] = memcgs.uses.accesses_of(place // memcgs.nr_nodes, place % memcgs.nr_nodes)
        for event in range(NR_EVENTS):
            totals[at + 1 + event] = memcgs.events[place * NR_EVENTS + event]
        totals[at + NR_EVENTS + 1] = memcgs.node_zswap[2 * place]
        totals[at + NR_EVENTS + 2] = memcgs.node_zswap[2 * place + 1]
    add_to_parents(memcgs, totals, memcgs.nr_nodes * cython.cast(cython.int, width))


def limits_and_charges(memcgs: MemCgroups) -> "npt.NDArray[np.int64]":
    """Return what memcgs may have and what they are charged, as [memcg, value], in the order of the names."""
    table = np.zeros((memcgs.nr, len(LIMITS_AND_CHARGES)), np.int64)
    read_limits_and_charges(memcgs, table.reshape(-1).data, len(LIMITS_AND_CHARGES))
    return table


def read_limits_and_charges(memcgs: MemCgroups, table: Column, width: cython.Py_ssize_t) -> None:
    """Write what ``limits_and_charges`` returns, in the order of the names; ``width`` is their number."""
    memcg: cython.int
    for memcg in range(memcgs.nr):
        at: cython.Py_ssize_t = memcg * width
        table[at] = in_bytes(memcgs.memcg[memcg].memory_max)
        table[at + 1] = in_bytes(memcgs.memcg[memcg].memory_high)
        table[at + 2] = in_bytes(memcgs.memcg[memcg].swap_max)
        table[at + 3] = in_bytes(memcgs.memcg[memcg].zswap_max)
        table[at + 4] = -memcgs.memcg[memcg].zswap_writeback
        table[at + 5] = memcgs.memory_usage(memcg)
        table[at + 6] = memcgs.memcg[memcg].resident
        table[at + 7] = memcgs.memcg[memcg].swap
        table[at + 8] = memcgs.memcg[memcg].zswap_bytes
        table[at + 9] = memcgs.memcg[memcg].zswapped
        table[at + 10] = memcgs.memcg[memcg].zswap_incomp
        table[at + 11] = memcgs.memcg[memcg].zswpwb_proactive_b


def in_bytes(limit: cython.longlong) -> cython.longlong:
    """Convert a limit in pages to bytes; -1, no limit, stays."""
    return limit << PAGE_SHIFT if limit >= 0 else -1


def swapcached(pages: PageTable, memcgs: MemCgroups) -> "npt.NDArray[np.int64]":
    """Return how many pages each memcg with its descendants has in the swap cache, mapped or not."""
    size = pages.indices().stop
    cached = np.flatnonzero(np.asarray(pages.flags)[:size] & SWAPCACHE)
    memcg = np.array(pages.records.view("memcg"))[cached] if len(cached) else cached
    counts = np.bincount(memcg, minlength=memcgs.nr).astype(np.int64)
    add_to_parents(memcgs, counts.data, 1)
    return counts


def add_to_parents(memcgs: MemCgroups, values: Column, width: cython.int) -> None:
    """Add the ``width`` items of each memcg to those of its parent, from the leaves up."""
    memcg: cython.int
    item: cython.Py_ssize_t
    for memcg in range(memcgs.nr - 1, 0, -1):  # a child is always younger than its parent
        up: cython.Py_ssize_t = (memcgs.memcg[memcg].parent - memcg) * width
        for item in range(memcg * width, (memcg + 1) * width):
            values[item + up] += values[item]
