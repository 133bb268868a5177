"""Stores, loads, and what is written back for a store at a memcg limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tests.reference.allocators import PAGE
from tests.reference.objects import UNLIMITED, Entry, Memcg, Page, Pool, Slot
from tests.reference.rules import Rules

Lengths = Mapping[int, tuple[int, int | None]]
"""By content: the length of a page (0: the compressor refuses it), and the word that fills it if there is one."""


class Zswap:
    """The compressed cache: its pools and lists, its parameters, and what it counted."""

    def __init__(
        self, rules: Rules, lengths: Lengths, totalram: int, nodes: int, root: Memcg, params: dict[str, Any]
    ) -> None:
        self.rules = rules
        self.lengths = lengths
        self.totalram = totalram
        self.nodes = nodes
        self.root = root
        self.params = params
        self.counts: Counter[str] = Counter()
        self.entries: list[Entry] = []
        self.pools: list[Pool] = []
        """The current one first, the one that was current the longest ago last."""
        self.shared: dict[Any, list[Entry]] = {}
        self.full = False
        """The limit was hit, and the threshold not yet found kept by a store."""
        self.wake: Callable[[Pool], None]
        self.busy: Callable[[Pool], bool] = lambda _: False
        """Told that a store was refused for the pool's sake; asked whether a pool's worker has work: see worker.py."""
        self.dropped: Callable[[Pool], None] = lambda _: None
        """Told that a pool is no more."""
        self.written: Callable[[Page], None]
        """Told of a page that was written back, of which a copy stays in memory: see machine.py."""

    # Pools

    def choose_pool(self) -> None:
        """Make the pool of the compressor and allocator that are set the current one."""
        chosen = self.params["zpool"], self.params["compressor"]
        for pool in self.pools:
            if (pool.zpool, pool.compressor) == chosen:
                self.pools.remove(pool)
                break
        else:
            pool = Pool.make(*chosen, self.shared if self.rules.lru == "shared" else {})
        self.pools.insert(0, pool)
        self.drop_empty_pools()

    def drop_empty_pools(self) -> None:
        """Forget the pools that are not current, hold nothing, and have no work queued."""
        for pool in self.pools[1:]:
            if not pool.entries and not self.busy(pool):
                self.pools.remove(pool)
                self.dropped(pool)

    @property
    def pool_pages(self) -> int:
        """Pages that all pools hold."""
        return sum(pool.allocator.pages for pool in self.pools)

    @property
    def limit(self) -> int:
        """The pool's limit, in pages."""
        return int(self.totalram * self.params["max_pool_percent"] // 100)

    @property
    def threshold(self) -> int:
        """Where a full pool reopens, in pages."""
        percent, share = self.params["max_pool_percent"], self.params["accept_threshold_percent"]
        if self.rules.threshold_from_limit:
            return int(self.totalram * percent // 100 * share // 100)
        return int(self.totalram * share // 100 * percent // 100)

    def accepts(self) -> bool:
        """Whether the pool is down to its threshold."""
        if self.rules.at_limit_is_full:
            return self.pool_pages <= self.threshold
        return self.pool_pages < self.threshold

    def _pool_refuses(self) -> bool:
        over = self.pool_pages >= self.limit if self.rules.at_limit_is_full else self.pool_pages > self.limit
        if over:
            self.counts["pool_limit_hit"] += 1
            self.full = True
        elif self.full and self.accepts():
            self.full = False
        return self.full

    # Lists

    def list_of(self, pool: Pool, memcg: Memcg, node: int) -> list[Entry]:
        """The LRU of a pool for a memcg and node, oldest entry first."""
        return pool.lists.setdefault(None if self.rules.lru == "pool" else (memcg, node), [])

    def memcg_dies(self, memcg: Memcg) -> None:
        """Give all that a memcg has here to its parent, before what the parent has."""
        parent = memcg.parent
        assert parent is not None
        if self.rules.lru != "pool":
            for lists in (pool.lists for pool in self.pools[: 1 if self.rules.lru == "shared" else None]):
                for node in range(self.nodes):
                    orphans = lists.pop((memcg, node), [])
                    lists[parent, node] = orphans + lists.get((parent, node), [])
        for entry in self.entries:
            if entry.memcg is memcg:
                entry.memcg = parent

    # Stores

    def store(self, page: Page) -> bool:
        """Take a page on its way to the device; False: the device has to take it."""
        slot = page.slot
        assert slot is not None
        if slot.entry:
            self.counts["duplicate_entry"] += 1
            self.free(slot.entry)
        if not self.params["enabled"]:
            self.counts["disabled_reject"] += 1
            return False
        memcg = page.memcg.live()
        if self.rules.pages_follow_objcg:
            charged, counted = page.charged_as.parent is not None, True
        else:
            charged = counted = memcg.parent is not None
        if not self._may_store(memcg):
            self.counts["memcg_shrinks"] += self.rules.sync_shrink
            if not (self.rules.sync_shrink and self.shrink(memcg) > 0):
                self.counts["memcg_limit_reject"] += 1
                memcg.count(page.node, "memcg_limit_reject")
                self._refused()
                return False
        if self._pool_refuses():
            self.counts["pool_limit_reject"] += 1
            memcg.count(page.node, "pool_limit_reject")
            self.wake(self.pools[-1])
            return False
        pool = self.pools[0]
        length = self._compressed(page, pool)
        if length is None:
            self.counts["compress_reject"] += 1
            memcg.count(page.node, "compress_reject")
            self._refused()
            return False
        place = pool.allocator.allocate(length) if length else None
        entry = Entry(slot, pool, length, place, memcg, charged, counted, page.node)
        slot.entry = entry
        self.entries.append(entry)
        self._charge(entry, 1)
        if counted:
            memcg.count(page.node, "zswpout")
        self.counts["zswpout"] += 1
        if length:
            pool.entries += 1
            self.list_of(pool, memcg, page.node).append(entry)
        return True

    def _refused(self) -> None:
        if self.rules.any_refusal_wakes and self.full:
            self.wake(self.pools[-1])

    @staticmethod
    def _may_store(memcg: Memcg) -> bool:
        return all(
            each.zswap_bytes // PAGE < each.zswap_max
            for each in memcg.lineage()
            if each.parent and each.zswap_max != UNLIMITED
        )

    def _compressed(self, page: Page, pool: Pool) -> int | None:
        """The length under which a page is kept; None where compressor or allocator refuses it."""
        length, fill = self.lengths[page.content]
        if not self.rules.zero_map:
            if fill is not None and self.params["same_filled_pages_enabled"]:
                return 0
            if not self.params["non_same_filled_pages_enabled"]:
                return None
        if self.rules.stores_raw and length in (0, PAGE):
            length = PAGE if self.may_write_back(page.memcg) else 0
        if length == 0:
            self.counts["reject_compress_fail"] += 1
            return None
        if length > pool.allocator.longest:
            self.counts["reject_compress_poor"] += 1
            return None
        return length

    def _charge(self, entry: Entry, sign: int) -> None:
        for memcg in entry.memcg.lineage() if entry.charged else ():
            memcg.zswap_bytes += sign * entry.length
            memcg.zswapped += sign
            memcg.raw += sign * entry.raw
            by_node = memcg.by_node.setdefault(entry.node, Counter())
            by_node["stored_pages"] += sign
            by_node["compressed_bytes"] += sign * entry.length

    def free(self, entry: Entry) -> None:
        """Free an entry with all that it holds."""
        self.entries.remove(entry)
        entry.slot.entry = None
        self._charge(entry, -1)
        if entry.length:
            entry.pool.allocator.free(entry.place)
            entry.pool.entries -= 1
            self.list_of(entry.pool, entry.memcg, entry.node).remove(entry)
            self.drop_empty_pools()

    # Loads

    def load(self, entry: Entry) -> bool:
        """Read a page back; True: its entry is freed, so that the page is dirty."""
        self.counts["zswpin"] += 1
        if entry.counted:
            entry.memcg.count(entry.node, "zswpin")
        if self.rules.exclusive or self.params["exclusive_loads"]:
            self.free(entry)
            return True
        if entry.length:
            lru = self.list_of(entry.pool, entry.memcg, entry.node)
            lru.remove(entry)
            lru.append(entry)
        return False

    # Shrinking

    def may_write_back(self, memcg: Memcg) -> bool:
        """Whether memory.zswap.writeback lets a memcg's pages go to the device."""
        if self.rules.switch == "none":
            return True
        if self.rules.switch == "own":
            return memcg.writeback
        return all(each.writeback for each in memcg.lineage())

    def shrink(self, memcg: Memcg) -> int:
        """Look at the oldest entry of each node of a memcg; return how many were written back.

        -1: it may not write back. -2: it is dead. -3: it has no entries.
        """
        if not self.may_write_back(memcg):
            return -1
        if not memcg.online:
            return -2
        lists = [self.list_of(self.pools[0], memcg, node) for node in range(self.nodes)]
        if not any(lists):
            return -3
        return sum(self.write_back(lru) for lru in lists if lru)

    def write_back(self, lru: list[Entry]) -> bool:
        """Write the oldest entry of a list back, unless it has its second chance still or its page is in memory."""
        entry = lru.pop(0)
        lru.append(entry)
        if self.rules.second_chance and entry.referenced:
            entry.referenced = False
            return False
        page = entry.slot.page
        if page is None or page.in_memory:
            self.counts["reject_reclaim_fail"] += 1
            return False
        if entry.counted:
            entry.memcg.count(entry.node, "zswpwb")
        entry.memcg.count(entry.node, "written_back_pages")
        self.counts["written_back_pages"] += 1
        self.free(entry)
        self.written(page)
        return True

    def slot_given_back(self, slot: Slot) -> None:
        """Free the entry of a slot that is no more."""
        if slot.entry:
            self.free(slot.entry)
