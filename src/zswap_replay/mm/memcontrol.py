"""Memory cgroups: the tree, its limits and what is charged to it. Models mm/memcontrol.c, v6.12.

What a memcg is charged, its ancestors are charged too. Events are summed up the tree when shown: memcg_totals.py. What
reclaims where a charge meets a limit is memcg_limits.py, what each memcg saves over time memcg_savings.py.
"""

from typing import Any

import cython
import numpy as np
import numpy.typing as npt

from zswap_replay.lib.columns import INT, LONGLONG, Records, column, grown
from zswap_replay.mm.mem_cgroup import MEMCG
from zswap_replay.mm.memcg_savings import MemcgSavings
from zswap_replay.mm.memcg_uses import MemcgUses

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.columns import prefetch
    from zswap_replay.mm.page import PAGE_SHIFT, PAGE_SIZE

    ROOT = 0
    """The root memcg. It has no limits, and its pages no objcg: they are charged to nobody."""
    NO_LIMIT = -1
    NR_SWAP_PAGES = 1 << 40
    """Free slots of a device that has no end."""

    # events of a memcg, in the order of MemCgroups.events: those that are frequent stand in one cache line
    PGMAJFAULT = 0
    ZSWPIN = 1
    ZSWPOUT = 2
    PGSTEAL = 3
    WORKINGSET_REFAULT_ANON = 4
    WORKINGSET_ACTIVATE_ANON = 5
    PSWPIN = 6
    PSWPOUT = 7
    ZSWPWB = 8
    WRITTEN_BACK = 9
    MEMCG_LIMIT_REJECT = 10
    POOL_LIMIT_REJECT = 11
    COMPRESS_REJECT = 12
    OOM = 13
    SWAP_EVENTS_MAX = 14
    SWAP_EVENTS_FAIL = 15
    NR_EVENTS = 16

EVENT_NAMES = (
    *("pgmajfault", "zswpin", "zswpout", "pgsteal", "workingset_refault_anon", "workingset_activate_anon"),
    *("pswpin", "pswpout", "zswpwb", "written_back_pages"),
    *("memcg_limit_reject", "pool_limit_reject", "compress_reject", "oom"),
    *("swap.events.max", "swap.events.fail"),
)


class MemCgroups:
    """Columns over memcgs. Index 0 is the root; an index is never used again, so a dead memcg keeps its counts."""

    def __init__(self, writeback_switch: str, nr_nodes: int) -> None:
        room = 8
        self.nr = 0
        # how often a memcg came into the tree or went out of it
        self.tree_changes = 0
        self.nr_nodes = nr_nodes
        self.switch_exists = writeback_switch != "none"
        self.switch_inherited = writeback_switch == "own"
        self.switch_hierarchical = writeback_switch == "hierarchy"
        # by memcg; MEMCG says what is in it
        self.records = Records(room, MEMCG)
        self.memcg = self.records.array
        # the tree, children in order of creation; a dead memcg stays in it as long as something refers to it
        self.first_child = column(room, INT, -1)
        self.last_child = column(room, INT, -1)
        self.next_sibling = column(room, INT, -1)
        self.prev_sibling = column(room, INT, -1)
        # by memcg the first of the objcgs that belong to it, by objcg the next of its memcg's
        self.first_objcg = column(room, INT, -1)
        self.next_objcg = column(room, INT, -1)
        # whether any memcg has had a memory.swap.max, or the device has an end
        self.swap_limited = False
        # free slots of the device, and whether more than half of them are in use
        self.nr_swap_pages = NR_SWAP_PAGES
        self.vm_swap_full = False
        # entries and behind them their bytes, without those of descendants, [2 * (memcg * nr_nodes + nid)]
        self.node_zswap = column(2 * room * nr_nodes, LONGLONG)
        self.savings = MemcgSavings(self.records)
        self.uses = MemcgUses(room, nr_nodes)
        # [(memcg * nr_nodes + nid) * NR_EVENTS + event]
        self.events = column(room * nr_nodes * NR_EVENTS, LONGLONG)
        self.mem_cgroup_css_alloc(-1)

    # ---- the tree ----

    def mem_cgroup_css_alloc(self, parent: cython.int) -> cython.int:
        """Make an online memcg below ``parent``, behind its other children; return its index.

        Models mem_cgroup_css_alloc() and mem_cgroup_css_online().
        """
        memcg: cython.int = self.nr
        if memcg == self.records.size:
            self.grow()
        self.nr += 1
        self.tree_changes += 1
        self.memcg[memcg].parent = parent
        self.memcg[memcg].online = 1
        self.memcg[memcg].zswap_writeback = 1
        self.memcg[memcg].memory_max = NO_LIMIT
        self.memcg[memcg].memory_high = NO_LIMIT
        self.memcg[memcg].swap_max = NO_LIMIT
        self.memcg[memcg].zswap_max = NO_LIMIT
        self.memcg[memcg].objcg_memcg = memcg
        self.memcg[memcg].reclaim_iter = -1
        self.first_objcg[memcg] = memcg
        if parent < 0:
            return memcg
        self.memcg[parent].refs += 1
        last: cython.int = self.last_child[parent]
        self.prev_sibling[memcg] = last
        if last < 0:
            self.first_child[parent] = memcg
        else:
            self.next_sibling[last] = memcg
        self.last_child[parent] = memcg
        if self.switch_inherited:
            self.memcg[memcg].zswap_writeback = self.memcg[parent].zswap_writeback
        return memcg

    def mem_cgroup_css_offline(self, memcg: cython.int) -> None:
        """Give the objcgs of a memcg that is removed to its parent; release it when nothing refers to it.

        Models mem_cgroup_css_offline() and memcg_reparent_objcgs().
        """
        objcg: cython.int = self.first_objcg[memcg]
        last: cython.int = -1
        parent: cython.int = self.memcg[memcg].parent
        own: cython.int
        for own in range(2 * memcg * self.nr_nodes, 2 * (memcg + 1) * self.nr_nodes):
            self.node_zswap[own + 2 * (parent - memcg) * self.nr_nodes] += self.node_zswap[own]
            self.node_zswap[own] = 0
        while objcg >= 0:
            self.memcg[objcg].objcg_memcg = parent
            last = objcg
            objcg = self.next_objcg[objcg]
        self.next_objcg[last] = self.first_objcg[parent]
        self.first_objcg[parent] = self.first_objcg[memcg]
        self.first_objcg[memcg] = -1
        self.memcg[memcg].online = 0
        if self.memcg[memcg].refs == 0:
            self.release(memcg)

    def reparent_charges(self, memcg: cython.int, parent: cython.int, count: cython.int) -> None:
        """Let ``count`` resident pages of a memcg that is removed be its parent's, which is charged for them already.

        Models memcg_reparent_objcgs(), v7.1.
        """
        self.memcg[memcg].resident -= count
        self.memcg[memcg].refs -= count
        self.memcg[parent].refs += count

    def release(self, memcg: cython.int) -> None:
        """Take a dead memcg that nothing refers to out of the tree. Models css_release_work_fn(), cgroup.c."""
        self.tree_changes += 1
        parent: cython.int = self.memcg[memcg].parent
        before: cython.int = self.prev_sibling[memcg]
        behind: cython.int = self.next_sibling[memcg]
        if before < 0:
            self.first_child[parent] = behind
        else:
            self.next_sibling[before] = behind
        if behind < 0:
            self.last_child[parent] = before
        else:
            self.prev_sibling[behind] = before
        self.mem_cgroup_put(parent)

    def mem_cgroup_get(self, memcg: cython.int) -> None:
        """Take a reference, which keeps a memcg in the tree. Models css_get()."""
        self.memcg[memcg].refs += 1

    def mem_cgroup_put(self, memcg: cython.int) -> None:
        """Drop a reference; the last one of a dead memcg releases it.

        Models mem_cgroup_put().
        """
        self.memcg[memcg].refs -= 1
        if self.memcg[memcg].refs == 0 and not self.memcg[memcg].online:
            self.release(memcg)

    def mem_cgroup_iter(self, root: cython.int, prev: cython.int) -> cython.int:
        """Return the memcg behind ``prev`` in pre-order below ``root``, dead ones included; -1 behind the last one.

        A ``prev`` of -1 begins a round, with ``root`` itself. Models mem_cgroup_iter().
        """
        if prev < 0:
            return root
        if self.first_child[prev] >= 0:
            return self.first_child[prev]
        while prev != root:
            if self.next_sibling[prev] >= 0:
                return self.next_sibling[prev]
            prev = self.memcg[prev].parent
        return -1

    def mem_cgroup_id_get_online(self, memcg: cython.int) -> cython.int:
        """Return whom a swap slot is charged to: the nearest memcg that is online, or whose id a slot still holds.

        Models mem_cgroup_id_get_online().
        """
        while not self.memcg[memcg].online and self.memcg[memcg].id_refs == 0:
            memcg = self.memcg[memcg].parent
        return memcg

    def get_obj_cgroup_from_memcg(self, memcg: cython.int) -> cython.int:
        """Return the objcg of the nearest memcg that is online, or -1 where that is the root.

        Models __get_obj_cgroup_from_memcg().
        """
        while not self.memcg[memcg].online:
            memcg = self.memcg[memcg].parent
        return -1 if memcg == ROOT else memcg

    def obj_cgroup_memcg(self, objcg: cython.int) -> cython.int:
        """Return the memcg that an objcg belongs to now; the root for none.

        Models obj_cgroup_memcg().
        """
        return ROOT if objcg < 0 else self.memcg[objcg].objcg_memcg

    def obj_cgroup_may_zswap(self, objcg: cython.int) -> cython.bint:
        """Tell whether every memory.zswap.max up the tree leaves room, the coming page's length not counted.

        Models obj_cgroup_may_zswap(); that it flushes statistics is MemcgStat.stores_flush().
        """
        memcg: cython.int = self.obj_cgroup_memcg(objcg)
        while memcg != ROOT:
            if self.memcg[memcg].zswap_max != NO_LIMIT and (
                self.memcg[memcg].zswap_bytes >> PAGE_SHIFT >= self.memcg[memcg].zswap_max
            ):
                return False
            memcg = self.memcg[memcg].parent
        return True

    def obj_cgroup_charge_zswap(self, objcg: cython.int, nid: cython.int, size: cython.int) -> None:
        """Charge an entry of ``size`` bytes, of a page of the node ``nid``.

        Models obj_cgroup_charge_zswap().
        """
        memcg: cython.int = self.obj_cgroup_memcg(objcg) if objcg >= 0 else -1
        if memcg >= 0:
            own: cython.int = 2 * (memcg * self.nr_nodes + nid)
            self.node_zswap[own] += 1
            self.node_zswap[own + 1] += size
            self.savings.add(memcg, PAGE_SIZE - size)
        while memcg >= 0:
            self.memcg[memcg].zswap_bytes += size
            self.memcg[memcg].zswapped += 1
            self.memcg[memcg].zswap_incomp += size == PAGE_SIZE
            self.memcg[memcg].saved_peak = max(self.memcg[memcg].saved_peak, self.saved(memcg))
            memcg = self.memcg[memcg].parent

    def obj_cgroup_uncharge_zswap(self, objcg: cython.int, nid: cython.int, size: cython.int) -> None:
        """Take an entry's charge back.

        Models obj_cgroup_uncharge_zswap().
        """
        memcg: cython.int = self.obj_cgroup_memcg(objcg) if objcg >= 0 else -1
        if memcg >= 0:
            own: cython.int = 2 * (memcg * self.nr_nodes + nid)
            self.node_zswap[own] -= 1
            self.node_zswap[own + 1] -= size
            self.savings.add(memcg, size - PAGE_SIZE)
        while memcg >= 0:
            self.memcg[memcg].zswap_bytes -= size
            self.memcg[memcg].zswapped -= 1
            self.memcg[memcg].zswap_incomp -= size == PAGE_SIZE
            memcg = self.memcg[memcg].parent

    def saved(self, memcg: cython.int) -> cython.longlong:
        """Return what a memcg saves, in bytes: the pages that its entries were, less their compressed bytes."""
        pages: cython.longlong = self.memcg[memcg].zswapped
        size: cython.longlong = self.memcg[memcg].zswap_bytes
        return (pages << PAGE_SHIFT) - size

    def restart_savings(self) -> None:
        """Let sums and peaks of what memcgs save begin anew, as Held.restart() does for the whole machine."""
        memcg: cython.int
        for memcg in range(self.nr):
            self.savings.restart(memcg, self.saved(memcg))

    def mem_cgroup_zswap_writeback_enabled(self, memcg: cython.int) -> cython.bint:
        """Tell whether pages of a memcg may go from zswap to the swap device. Releases without a switch let them.

        Models mem_cgroup_zswap_writeback_enabled().
        """
        if not self.switch_exists:
            return True
        if not self.switch_hierarchical:
            return bool(self.memcg[memcg].zswap_writeback)
        while memcg >= 0:
            if not self.memcg[memcg].zswap_writeback:
                return False
            memcg = self.memcg[memcg].parent
        return True

    def memory_usage(self, memcg: cython.int) -> cython.longlong:
        """Return memory.current, in pages: resident pages, and compressed bytes rounded up to pages.

        Models page_counter_read() of memory, which bytes reach in whole pages: obj_cgroup_charge().
        """
        size: cython.longlong = self.memcg[memcg].zswap_bytes + self.memcg[memcg].device_bytes
        resident: cython.longlong = self.memcg[memcg].resident
        return resident + ((size + PAGE_SIZE - 1) >> PAGE_SHIFT)

    def charge(self, memcg: cython.int) -> None:
        """Charge a resident page, whatever the limits. Models page_counter_charge() and css_get()."""
        self.memcg[memcg].refs += 1
        while memcg >= 0:
            self.memcg[memcg].resident += 1
            memcg = self.memcg[memcg].parent

    def uncharge(self, memcg: cython.int, pages: cython.int) -> None:
        """Take the charge of resident pages back; a dead memcg gives them one by one. Models uncharge_batch()."""
        above: cython.int = memcg
        while above >= 0:
            self.memcg[above].resident -= pages
            above = self.memcg[above].parent
        self.memcg[memcg].refs -= pages - 1
        self.mem_cgroup_put(memcg)

    def mem_cgroup_try_charge_swap(self, memcg: cython.int) -> cython.bint:
        """Charge a swap slot; return False where a memory.swap.max up the tree is reached.

        Models __mem_cgroup_try_charge_swap().
        """
        above: cython.int = memcg
        while above >= 0:
            if (
                self.memcg[above].swap_max != NO_LIMIT
                and self.memcg[above].swap >= self.memcg[above].swap_max
            ):
                return False
            above = self.memcg[above].parent
        self.memcg[memcg].refs += 1
        self.memcg[memcg].id_refs += 1
        above = memcg
        while above >= 0:
            self.memcg[above].swap += 1
            above = self.memcg[above].parent
        return True

    def mem_cgroup_uncharge_swap(self, memcg: cython.int) -> None:
        """Take a swap slot's charge back. Models __mem_cgroup_uncharge_swap()."""
        above: cython.int = memcg
        while above >= 0:
            self.memcg[above].swap -= 1
            above = self.memcg[above].parent
        self.memcg[memcg].id_refs -= 1
        self.mem_cgroup_put(memcg)

    def mem_cgroup_get_nr_swap_pages(self, memcg: cython.int) -> cython.longlong:
        """Return how many more slots a memcg may have, of the device and under every memory.swap.max up the tree.

        Models mem_cgroup_get_nr_swap_pages().
        """
        left: cython.longlong = self.nr_swap_pages
        while memcg > ROOT:
            if self.memcg[memcg].swap_max != NO_LIMIT:
                left = min(left, self.memcg[memcg].swap_max - self.memcg[memcg].swap)
            memcg = self.memcg[memcg].parent
        return left

    def mem_cgroup_swap_full(self, memcg: cython.int) -> cython.bint:
        """Tell whether half of the device or of a memory.swap.max up the tree is used: reads then give slots up.

        Models mem_cgroup_swap_full().
        """
        if self.vm_swap_full:
            return True
        while memcg > ROOT:
            if (
                self.memcg[memcg].swap_max != NO_LIMIT
                and 2 * self.memcg[memcg].swap >= self.memcg[memcg].swap_max
            ):
                return True
            memcg = self.memcg[memcg].parent
        return False

    def count_memcg_event(self, memcg: cython.int, nid: cython.int, event: cython.int) -> None:
        """Count an event where it happened; ``nid`` is the node of the page.

        Models count_memcg_events().
        """
        self.events[(memcg * self.nr_nodes + nid) * NR_EVENTS + event] += 1

    def set_limit(self, memcg: cython.int, key: str, value: int) -> None:
        """Write ``value`` (bytes, or -1 for max; 0 or 1 for the switch) to a memcg's file; pages are whole.

        Models page_counter_memparse(), and zswap_max_write() and what the other files have for it.
        """
        if key == "memory.zswap.writeback":
            self.memcg[memcg].zswap_writeback = value
            return
        pages = value if value < 0 else value >> PAGE_SHIFT
        if key == "memory.max":
            self.memcg[memcg].memory_max = pages
        elif key == "memory.high":
            self.memcg[memcg].memory_high = pages
        elif key == "memory.swap.max":
            self.memcg[memcg].swap_max = pages
            self.swap_limited |= pages >= 0
        elif key == "memory.zswap.max":
            self.memcg[memcg].zswap_max = pages
        else:
            raise KeyError(key)

    def prefetch(self, memcg: cython.int) -> None:
        """Prefetch what a fault and a store touch of a memcg."""
        if cython.compiled:
            own: cython.int = memcg * self.nr_nodes
            prefetch(cython.address(self.memcg[memcg].parent))
            prefetch(cython.address(self.memcg[memcg].zswap_max))
            prefetch(cython.address(self.memcg[memcg].nonresident_age))
            prefetch(cython.address(self.events[own * NR_EVENTS]))
            prefetch(cython.address(self.node_zswap[2 * own]))

    def values(self, field: str) -> "npt.NDArray[Any]":
        """Return a field of ``memcg`` of all memcgs, as an array of its own."""
        return np.array(self.records.view(field)[: self.nr])

    def grow(self) -> None:
        """Double the columns."""
        room: cython.int = 2 * self.records.size
        self.memcg = None
        self.savings.detach()
        self.records.resize(room)
        self.memcg = self.records.array
        self.savings.attach()
        self.first_child = grown(self.first_child, room, -1)
        self.last_child = grown(self.last_child, room, -1)
        self.next_sibling = grown(self.next_sibling, room, -1)
        self.prev_sibling = grown(self.prev_sibling, room, -1)
        self.first_objcg = grown(self.first_objcg, room, -1)
        self.next_objcg = grown(self.next_objcg, room, -1)
        self.node_zswap = grown(self.node_zswap, 2 * room * self.nr_nodes)
        self.uses.grow(room)
        self.events = grown(self.events, room * self.nr_nodes * NR_EVENTS)
