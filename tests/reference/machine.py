"""Events of a trace: accesses, page-outs, memcgs that come and go, and what is written to their files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.reference.objects import UNLIMITED, Memcg, Page, Slot
from tests.reference.rules import RULES
from tests.reference.worker import FOREVER, Worker
from tests.reference.zswap import Lengths, Zswap

PAGE = 4096
SLOTS_CACHED = 64

Row = Mapping[str, Any]


class Machine:
    """Takes the rows of a trace, one at a time; counting.py says what came of them."""

    def __init__(
        self,
        kernel: str,
        lengths: Lengths,
        *,
        totalram_pages: int,
        nodes: int = 1,
        swap_device: str = "disk",
        writeback_ns: int = 0,
        **params: Any,
    ) -> None:
        self.rules = RULES[kernel]
        self.root = Memcg("/")
        defaults = {
            "enabled": True,
            "compressor": "zstd",
            "zpool": "zsmalloc",
            "max_pool_percent": 20,
            "accept_threshold_percent": 90,
            "exclusive_loads": False,
            "same_filled_pages_enabled": True,
            "non_same_filled_pages_enabled": True,
        }
        self.zswap = Zswap(self.rules, lengths, totalram_pages, nodes, self.root, defaults | params)
        self.zswap.written = self._written_back
        self.worker = Worker(self.zswap, writeback_ns)
        self.zswap.choose_pool()
        self.ram_device = swap_device == "ram"
        self.nodes = nodes
        self.counts: Counter[str] = Counter()
        self.memcgs = {"/": self.root}
        """By path, the last one of each: one that is dead stays until its path is made anew."""
        self.pages: dict[tuple[Memcg, int], Page] = {}
        """By the memcg that a path stood for when the page was named first, and its number."""
        self.freed: list[Slot] = []
        """Slots that wait to be given back."""

    # Rows

    def take(self, row: Row) -> None:
        """Do what a row asks for; snapshots are the caller's business."""
        self.worker.advance(row["time_ns"])
        event = row["event"]
        if event == "settle":
            self.worker.settle()
        elif event == "param":
            self._param(row["key"], row["value"])
        elif event == "memcg_create":
            self._create(row["memcg"])
        elif event == "memcg_set":
            self._set(self._memcg(row["memcg"]), row["key"], row["value"])
        elif event == "memcg_offline":
            self._offline(self.memcgs[row["memcg"]])
        elif event in ("read", "write", "pageout", "discard"):
            self._memcg(row["memcg"])
            for k in range(row.get("count") or 1):
                key = self.memcgs[row["memcg"]], row["page"] + k
                content = None if row.get("content") is None else row["content"] + k
                if event == "discard":
                    self._discard(key)
                elif event == "pageout":
                    self._pageout(key, content)
                else:
                    self._access(key, event == "write", row.get("node") or 0, content)

    def _param(self, key: str, value: str) -> None:
        params = self.zswap.params
        if key not in ("compressor", "zpool"):
            params[key] = int(value) if value.isdecimal() else value == "Y"
        elif params[key] != value and (key == "compressor" or self.rules.picks_allocator):
            params[key] = value
            self.zswap.choose_pool()

    # Memcgs

    def _memcg(self, path: str) -> Memcg:
        return self.memcgs[path] if path in self.memcgs else self._create(path)

    def _create(self, path: str) -> Memcg:
        parent = self.memcgs.get(path.rpartition("/")[0] or "/")
        if parent is None or not parent.online:
            parent = self._create(path.rpartition("/")[0])
        memcg = Memcg(path, parent)
        if self.rules.switch == "own":
            memcg.writeback = parent.writeback
        parent.children.append(memcg)
        self.memcgs[path] = memcg
        return memcg

    @staticmethod
    def _set(memcg: Memcg, key: str, value: str) -> None:
        if key == "memory.zswap.writeback":
            memcg.writeback = value == "1"
            return
        pages = UNLIMITED if value == "max" else int(value) // PAGE
        setattr(memcg, {"memory.zswap.max": "zswap_max", "memory.swap.max": "swap_max"}[key], pages)

    def _offline(self, memcg: Memcg) -> None:
        self.worker.memcg_dies(memcg)
        memcg.online = False
        self.zswap.memcg_dies(memcg)
        if self.rules.pages_follow_objcg:
            assert memcg.parent is not None
            for page in self.pages.values():
                if page.memcg is memcg:
                    page.memcg = memcg.parent
            memcg.parent.own_pages += memcg.own_pages
            memcg.resident -= memcg.own_pages
            memcg.own_pages = 0

    def _occupy(self, page: Page, sign: int) -> None:
        """Charge a page that comes into memory, or uncharge one that leaves."""
        page.memcg.own_pages += sign
        for memcg in page.memcg.lineage():
            memcg.resident += sign

    def _charge(self, page: Page, memcg: Memcg) -> None:
        """Charge a page that comes back into memory to a memcg."""
        page.memcg = page.charged_as = memcg
        self._occupy(page, 1)

    # Slots

    def _slot_for(self, page: Page) -> bool:
        """Give a page a slot if it has none; False where memory.swap.max does not allow it."""
        if page.slot:
            return True
        owner = page.memcg
        while owner.parent and not (owner.online or owner.own_slots):
            owner = owner.parent
        if any(memcg.swap >= memcg.swap_max for memcg in owner.lineage() if memcg.parent):
            self.counts["swap_full"] += 1
            return False
        page.slot = Slot(owner, page)
        owner.own_slots += 1
        for memcg in owner.lineage():
            memcg.swap += 1
        return True

    def _free_slot(self, page: Page) -> None:
        """Take a page's slot from it: the page is all there is of it."""
        slot = page.slot
        if slot is None:
            return
        page.slot = slot.page = None
        page.dirty = True
        if not self.rules.entries_wait_for_slots:
            self.zswap.slot_given_back(slot)
        if not self.rules.charges_wait_for_slots:
            self._give_back(slot)
            return
        if len(self.freed) == SLOTS_CACHED:
            for each in self.freed:
                self._give_back(each)
            self.freed.clear()
        self.freed.append(slot)

    def _give_back(self, slot: Slot) -> None:
        self.zswap.slot_given_back(slot)
        slot.memcg.own_slots -= 1
        for memcg in slot.memcg.lineage():
            memcg.swap -= 1

    @staticmethod
    def _swap_half_full(memcg: Memcg) -> bool:
        return any(each.swap * 2 >= each.swap_max for each in memcg.lineage() if each.parent)

    # Pages

    def _access(self, key: tuple[Memcg, int], write: bool, node: int, content: int | None) -> None:
        page = self.pages.get(key)
        self.counts["accesses"] += 1
        if page is None:
            assert content is not None, "derived contents are the package's own"
            self.counts["first_touches"] += 1
            memcg = key[0] if key[0].online else self.root
            page = self.pages[key] = Page(memcg, node, content, memcg)
            self._occupy(page, 1)
        elif not page.mapped:
            self._fault(page, key[0], write)
        key[0].count(page.node, "accesses")
        if write or (content is not None and content != page.content):
            page.dirty = True
        if content is not None:
            page.content = content

    def _fault(self, page: Page, task: Memcg, write: bool) -> None:
        """Bring a page in; ``task`` is the memcg of its program, which moved to root where that is dead."""
        slot = page.slot
        assert slot is not None
        through_cache = page.cached or not self.ram_device or self.rules.sync_device_uses_cache
        page.mapped = True
        if page.cached:
            page.cached = False
        else:
            self._charge(page, slot.memcg if slot.memcg.online else task if task.online else self.root)
            page.dirty = False
            page.memcg.count(page.node, "pgmajfault")
            if slot.zero:
                self.counts["swpin_zero"] += 1
            elif slot.entry:
                page.dirty = self.zswap.load(slot.entry)
            else:
                self.counts["pswpin"] += 1
                page.memcg.count(page.node, "pswpin")
                if not self.ram_device:
                    self.worker.settle()  # while the task waits for the device
        on_ram = self.ram_device and self.rules.sync_device_uses_cache
        if write or not through_cache or on_ram or self._swap_half_full(page.memcg):
            self._free_slot(page)

    def _discard(self, key: tuple[Memcg, int]) -> None:
        page = self.pages.pop(key, None)
        if page is None:
            return
        if page.in_memory:
            self._occupy(page, -1)
        self._free_slot(page)

    def _pageout(self, key: tuple[Memcg, int], content: int | None) -> None:
        page = self.pages.get(key)
        if page is None or not page.mapped:
            return
        if content is not None and content != page.content:
            page.content = content
            page.dirty = True
        if not page.dirty:
            self.counts["clean_drops"] += 1
            self._leave(page)
            return
        if not self._slot_for(page):
            return
        slot = page.slot
        assert slot is not None
        slot.zero = self.rules.zero_map and self.zswap.lengths[page.content][1] == 0
        if slot.zero:
            self.counts["swpout_zero"] += 1
            self._leave(page)
        elif self.zswap.store(page):
            self._leave(page)
        elif self.zswap.may_write_back(page.memcg):
            self.counts["pswpout"] += 1
            page.memcg.count(page.node, "pswpout")
            if self.ram_device:
                self._leave(page)
            else:
                page.mapped, page.cached, page.dirty = False, True, False
        else:
            page.mapped, page.cached = False, True

    def _leave(self, page: Page) -> None:
        page.mapped = page.cached = page.dirty = False
        self._occupy(page, -1)

    def _written_back(self, page: Page) -> None:
        """Put the copy of a page that zswap wrote back into the swap cache."""
        slot = page.slot
        assert slot is not None
        page.cached = True
        self._charge(page, slot.memcg if slot.memcg.online else self.root)
        self.counts["pswpout"] += 1
        page.memcg.count(page.node, "pswpout")

    def where(self, path: str, first: int, count: int) -> str:
        """Where pages are, a letter each: memory, the swap cache, zswap, the device, the zero map, or nowhere."""
        return "".join(self._letter(self.pages.get((self.memcgs[path], first + k))) for k in range(count))

    @staticmethod
    def _letter(page: Page | None) -> str:
        if page is None:
            return "N"
        if page.in_memory:
            return "P" if page.mapped else "C"
        assert page.slot is not None
        return "Z" if page.slot.entry else "0" if page.slot.zero else "D"

    def finish(self, time_ns: int) -> None:
        """Let time pass until the end of the trace."""
        self.worker.advance(FOREVER if self.worker.writeback_ns == 0 else time_ns)
