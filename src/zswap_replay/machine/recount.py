"""Counts a machine's pages, entries and charges again, one by one, and holds the sums that are kept against that.

For self-checks and restored checkpoints; it takes time in proportion to the pages, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from zswap_replay.lib.lru_ring import LruRings
from zswap_replay.lib.page_table import ACTIVE, NR_RETURNED, PRESENT, SLOT, SWAPCACHE
from zswap_replay.machine.machine import Machine
from zswap_replay.mm.lru_gen import FRESH, GEN_MASK, LIST_MASK, LIST_SHIFT, MAX_NR_GENS, LruGenLists
from zswap_replay.mm.page import PAGE_SIZE
from zswap_replay.mm.swap import AWAKE, NR_LRU_LISTS, WORDS_SHIFT
from zswap_replay.mm.zbud import ZbudPool
from zswap_replay.mm.zram_drv import ZRAM_ALLOCATED, ZRAM_HUGE, ZRAM_SAME, ZRAM_WB
from zswap_replay.mm.zsmalloc import (
    FREED,
    NR_FULLNESS_GROUPS,
    ZS_HANDLE_SIZE,
    ZS_SIZE_CLASSES,
    ZsPool,
    group_bit,
)
from zswap_replay.mm.zswap import ZswapPool

Integers = npt.NDArray[np.int64]


class MiscountError(Exception):
    """What was counted is not what is kept."""


def recount(machine: Machine) -> str | None:
    """Count again what a machine holds, between two events; return the first difference in a line, None without one.

    Resident pages, compressed bytes and entries of each memcg with its descendants, swap slots, the members of all
    LRU lists, the entries of each pool and, where the allocator can be counted, its pages; and that reclaim passes over
    no memcg in which it would find something to do.
    """
    try:
        counted = _Pages(machine)
        counted.residents()
        counted.entries()
        counted.charges()
        counted.pools()
        counted.device()
        _busy(machine)
    except MiscountError as wrong:
        return str(wrong)
    return None


def _same(what: str, kept: int, counted: int) -> None:
    if kept != counted:
        raise MiscountError(f"{what}: kept are {kept}, counted {counted}")


class _Pages:
    """The pages of a machine as columns, and what is counted of them."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.size = machine.pages.indices().stop
        self.flags = np.asarray(machine.pages.flags)[: self.size].astype(np.int64)
        self.memcg = self._field("memcg")
        self.node = self._field("node")
        self.length = self._field("length")
        pool = self._field("pool")
        self.stored = np.flatnonzero(pool)
        self.pool = pool[self.stored] - 1
        objcg = self._field("objcg")[self.stored]
        self.charged = objcg >= 0
        of_objcg = machine.memcgs.values("objcg_memcg").astype(np.int64)
        self.memcg_of_entry = np.where(self.charged, of_objcg[np.maximum(objcg, 0)], 0)

    def _field(self, name: str) -> Integers:
        return np.array(self.machine.pages.records.view(name)[: self.size], np.int64)

    def residents(self) -> None:
        """Check who is charged for the pages in memory and for the slots, and that each page is on its list."""
        memcgs = self.machine.memcgs
        pages = np.arange(self.size)
        resident = np.flatnonzero((self.flags & (PRESENT | SWAPCACHE) != 0) & (pages >= NR_RETURNED))
        file = np.asarray(self.machine.file_pages.file).astype(np.int64)[: memcgs.nr]
        self._by_memcg(
            "resident pages",
            "resident",
            np.concatenate((self.memcg[resident], np.arange(len(file)))),
            np.concatenate((np.ones(len(resident), np.int64), file)),
            first=0,
        )
        slots = np.count_nonzero(self.flags[NR_RETURNED:] & SLOT)
        returned = self.machine.swap_slots.n_ret
        if self.machine.slots is not None:
            # those that no page was charged for are in the cache too: of a memcg that may have no more
            returned = sum(memcg >= 0 for memcg in self.machine.slots.returned())
        _same("swap slots", memcgs.values("swap")[0], int(slots) + returned)
        active = self.flags[resident] & ACTIVE != 0
        if isinstance(self.machine.lruvecs, LruGenLists):
            self._generations(self.machine.lruvecs, resident)
            return
        lists = range(NR_LRU_LISTS * memcgs.nr)
        _members(
            "page", self.machine.pages.lru, lists, resident, NR_LRU_LISTS * self.memcg[resident] + active
        )

    def _generations(self, gens: LruGenLists, resident: Integers) -> None:
        """Check that each page is on the list that it names, and how many pages each generation has.

        A page that waits in a batch is on no list yet.
        """
        state = np.zeros(self.size, np.int64)
        kept = np.asarray(gens.state)[: self.size]
        state[: len(kept)] = kept
        listed = resident[state[resident] & FRESH == 0]
        first = MAX_NR_GENS * self.memcg[listed]
        lists = range(MAX_NR_GENS * self.machine.memcgs.nr)
        _members("page", gens.lists, lists, listed, first + ((state[listed] & LIST_MASK) >> LIST_SHIFT))
        sizes = np.bincount(first + (state[listed] & GEN_MASK) - 1, minlength=len(lists))
        for number, (size, counted) in enumerate(zip(gens.nr_pages, sizes.tolist(), strict=False)):
            memcg, generation = divmod(number, MAX_NR_GENS)
            _same(f"pages of generation {generation} of memcg {memcg}", size, counted)

    def entries(self) -> None:
        """Check how many entries there are, and that each with memory is on the list of its pool, memcg and node."""
        zswap = self.machine.zswap
        length = self.length[self.stored]
        _same("stored_pages", zswap.stock.stored_pages, len(self.stored))
        _same("compressed_bytes", zswap.stock.compressed_bytes, int(length.sum()))
        _same("same_filled_pages", zswap.stock.same_filled_pages, int(np.count_nonzero(length == 0)))
        listed = length > 0
        heads = np.full(len(self.stored), -1, np.int64)
        lists: set[int] = set()
        for pool in zswap.pools.zswap_pools:
            base = np.asarray(pool.lru.base).astype(np.int64)
            if not pool.lru.memcg_aware:
                lists.update(int(head) for head in base[:1] if head >= 0)
                heads[self.pool == pool.index] = base[0]
                continue
            for node in range(pool.lru.nr_nodes):
                lists.update((base[base >= 0] + node).tolist())
            here = np.flatnonzero((self.pool == pool.index) & listed)
            memcg = self.memcg_of_entry[here]
            if len(here) and (memcg >= len(base)).any():
                raise MiscountError(f"entry {self.stored[here[0]]}: its memcg has no list")
            heads[here] = base[memcg] + self.node[self.stored[here]]
        _members("entry", self.machine.pages.entry_lru, sorted(lists), self.stored[listed], heads[listed])

    def charges(self) -> None:
        """Check what each memcg below the root is charged for its entries and those of its descendants."""
        memcg, length = self.memcg_of_entry[self.charged], self.length[self.stored][self.charged]
        self._by_memcg("compressed bytes", "zswap_bytes", memcg, length)
        self._by_memcg("entries", "zswapped", memcg)

    def pools(self) -> None:
        """Check the entries of each pool, and the pages of its allocator."""
        pools = self.machine.zswap.pools
        handle = self._field("handle")[self.stored]
        total = 0
        for pool in pools.zswap_pools:
            here = (self.pool == pool.index) & (self.length[self.stored] > 0)
            name = f"pool {pool.compressor} in {pool.zpool_type}"
            _same(f"{name}: entries", pool.entries, int(np.count_nonzero(here)))
            pages = pool.zpool.zpool_get_total_pages()
            total += pages
            counting = _ALLOCATORS.get(pool.zpool_type)
            if counting is not None:
                counted = counting(name, pool, handle[here], self.length[self.stored][here])
                _same(f"{name}: pages", pages, counted)
        _same("pages of all pools", pools.stock.pool_pages, total)

    def device(self) -> None:
        """Check what a zram device says that it holds, slot by slot, and that each page has a slot of its own."""
        zram, slots = self.machine.zram, self.machine.slots
        if zram is None or slots is None:
            return
        flags = np.asarray(zram.flags)[: zram.top].astype(np.int64)
        length = np.asarray(zram.length)[: zram.top].astype(np.int64)
        held = flags & ZRAM_ALLOCATED != 0
        in_pool = held & (flags & (ZRAM_SAME | ZRAM_WB) == 0)
        _same("pages stored in zram", zram.pages_stored, int(held.sum()))
        _same("compr_data_size", zram.compr_data_size, int(length[in_pool].sum()))
        _same("same_pages", zram.same_pages, int((held & (flags & ZRAM_SAME != 0)).sum()))
        _same("huge_pages", zram.huge_pages, int((held & (flags & ZRAM_HUGE != 0)).sum()))
        _same("bd_count", zram.bd_count, int((held & (flags & ZRAM_WB != 0)).sum()))
        pages = np.flatnonzero(self.flags[NR_RETURNED:] & SLOT) + NR_RETURNED
        of_pages = np.asarray(zram.slot_of)[pages] if len(pages) else pages
        _same("slots of pages", len(pages), len(np.unique(of_pages)))
        in_use = np.asarray(slots.info.swap_map).astype(np.int64)
        if len(pages) and not in_use[of_pages].all():
            raise MiscountError("a page has a slot that is free")
        free = int((in_use == 0).sum())
        _same("free slots", slots.nr_swap_pages, free)

    def _by_memcg(
        self, what: str, field: str, memcg: Integers, weight: Integers | None = None, *, first: int = 1
    ) -> None:
        """Check a sum of memcgs with their descendants, from the memcg ``first`` on; the dead hold old numbers."""
        memcgs = self.machine.memcgs
        sums = np.zeros(memcgs.nr, np.int64)
        np.add.at(sums, memcg, 1 if weight is None else weight)
        parents, kept, online = (memcgs.values(name).tolist() for name in ("parent", field, "online"))
        added = sums.tolist()
        for child in range(memcgs.nr - 1, 0, -1):
            added[parents[child]] += added[child]
        for each in range(first, memcgs.nr):
            if online[each]:
                _same(f"{what} of memcg {each}", kept[each], added[each])


def _busy(machine: Machine) -> None:
    """Check that reclaim looks at each memcg wherever it would find something, and that the bits say the same."""
    lruvecs, order = machine.lruvecs, machine.vmscan.order
    if isinstance(lruvecs, LruGenLists):
        return
    kept = np.asarray(lruvecs.busy_until)[: machine.memcgs.nr].astype(np.int64)
    for memcg, until in enumerate(kept.tolist()):
        if machine.vmscan.is_passed_over(memcg):
            raise MiscountError(f"memcg {memcg}: reclaim passes over it from priority {until} on")
    if order.tree_changes != machine.memcgs.tree_changes:
        return  # the bits are made anew before the next look
    until_at = kept[np.asarray(order.order)[: order.behind[0]]]
    for priority in range(AWAKE):
        words = np.asarray(lruvecs.busy)[priority :: 1 << WORDS_SHIFT].copy()
        blocks = np.asarray(lruvecs.busy_blocks)[priority :: 1 << WORDS_SHIFT].copy()
        for what, bits, expected in (("memcgs", words, until_at > priority), ("blocks", blocks, words != 0)):
            found = np.unpackbits(bits.view(np.uint8), bitorder="little")[: len(expected)]
            if not np.array_equal(found, expected):
                raise MiscountError(f"{what} that are busy at priority {priority}: the bits are of others")


def _members(
    what: str, lists: LruRings, heads: range | list[int], expected: Integers, head_of: Integers
) -> None:
    """Check that lists have exactly the items that are expected, each on its own list."""
    on: list[int] = []
    sizes: list[int] = []
    for head in heads:
        before = len(on)
        on += lists.in_order(head)
        sizes.append(len(on) - before)
    found = np.array(on, np.int64)
    order = np.argsort(found, kind="stable")
    items = found[order]
    if not np.array_equal(items, expected):
        odd = sorted(set(items.tolist()) ^ set(expected.tolist()))
        again = items[1:][items[1:] == items[:-1]]
        raise MiscountError(
            f"{what} {(odd or again.tolist())[0]}: expected it on one list, if it is there, and else on none"
        )
    astray = np.flatnonzero(np.repeat(np.array(heads, np.int64), sizes)[order] != head_of)
    if len(astray):
        raise MiscountError(f"{what} {items[astray[0]]}: it is on another list than its own")


def _zspages(name: str, pool: ZswapPool, handle: Integers, length: Integers) -> int:
    """Count the pages of the zspages that have an object; check their classes and how many objects they hold."""
    zpool = pool.zpool
    assert isinstance(zpool, ZsPool)
    held = np.bincount(handle, minlength=zpool.nr_zspages)
    if len(held) > zpool.nr_zspages:
        raise MiscountError(f"{name}: an object is in zspage {len(held) - 1} of {zpool.nr_zspages}")
    inuse = np.array(zpool.records.view("inuse")[: zpool.nr_zspages], np.int64)
    classes = np.array(zpool.records.view("size_class")[: zpool.nr_zspages], np.int64)
    used = np.flatnonzero(held)
    wrong = used[held[used] != inuse[used]]
    if len(wrong):
        _same(f"{name}: objects of zspage {wrong[0]}", int(inuse[wrong[0]]), int(held[wrong[0]]))
    index = np.asarray(zpool.size_class)
    wanted = np.array(
        [
            index[zpool.get_size_class_index(size)]
            for size in range(ZS_HANDLE_SIZE, PAGE_SIZE + ZS_HANDLE_SIZE + 1)
        ]
    )
    if (classes[handle] != wanted[length]).any():
        raise MiscountError(f"{name}: an object is in a zspage of another size")
    lists = np.array(zpool.lists.records.view("next")[:FREED], np.int64)
    has_zspages = (lists != np.arange(FREED)).reshape(ZS_SIZE_CLASSES, NR_FULLNESS_GROUPS)
    bits = has_zspages @ np.array([group_bit(group) for group in range(NR_FULLNESS_GROUPS)])
    odd = np.flatnonzero(bits != np.asarray(zpool.filled))
    if len(odd):
        raise MiscountError(f"{name}: fullness groups of size class {odd[0]}: not those that have zspages")
    return int(np.asarray(zpool.pages_per_zspage)[classes[used]].sum())


def _buddies(name: str, pool: ZswapPool, handle: Integers, length: Integers) -> int:
    """Count the pages that have an object; check that no two objects are in one place."""
    zpool = pool.zpool
    assert isinstance(zpool, ZbudPool)
    if len(np.unique(handle)) != len(handle):
        raise MiscountError(f"{name}: two objects are in one place")
    wanted = np.array([zpool.size_to_chunks(int(size)) for size in length], np.int64)
    if len(handle) and (np.asarray(zpool.chunks)[handle] != wanted).any():
        raise MiscountError(f"{name}: an object has another size")
    return len(np.unique(handle // 2))


_ALLOCATORS: dict[str, Callable[[str, ZswapPool, Integers, Integers], int]] = {
    "zsmalloc": _zspages,
    "zbud": _buddies,
}
"""How the pages of an allocator are counted; those of others are taken as kept."""
