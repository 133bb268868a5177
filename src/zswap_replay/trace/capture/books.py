"""The books of an import: which page a swap slot stands for, and so what each event of the swap path did to a page.

A slot's number is used again, so it names a page only while the page is out or keeps its slot. With its place
(``folio->mapping``, ``folio->index``) a page that comes back in another slot is the same page again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from zswap_replay.trace.capture.cgroups import Cgroups
from zswap_replay.trace.capture.contents import Contents
from zswap_replay.trace.capture.record import Record
from zswap_replay.trace.capture.rows import Rows
from zswap_replay.trace.schema import Event

HEAD_FLAG = 1 << 6
"""PG_head of folio->flags: the first page of a large folio."""
_FLAG_BITS = 64
"""Bits of folio->flags, of which the highest are the node's."""
HUGE_ORDER = 9


@dataclass(slots=True, eq=False)
class Page:
    """A page of a memcg, which it belongs to for ever."""

    memcg: str
    number: int
    out: bool = False
    slot: int | None = None
    place: tuple[int, int] | None = None
    """Mapping and index, where it was last put out."""
    freed: bool = False


class Books:
    """The pages by slot and by place, and the rows of what happens to them."""

    def __init__(self, rows: Rows, contents: Contents, cgroups: Cgroups, nodes_shift: int = 10) -> None:
        self.rows = rows
        self.contents = contents
        self.cgroups = cgroups
        self._nodes_shift = nodes_shift
        self.notes: Counter[str] = Counter()
        """How often something happened that a reader of the trace may want to know."""
        self._slots: dict[int, Page] = {}
        self._places: dict[tuple[int, int], Page] = {}
        self._pages: Counter[str] = Counter()
        self.alive: Counter[str] = Counter()
        """By memcg, the pages that were not seen to be freed."""

    def new_page(self, memcg: str) -> Page:
        """Return the memcg's next page."""
        page = Page(memcg, self._pages[memcg])
        self._pages[memcg] += 1
        self.alive[memcg] += 1
        return page

    @property
    def pages(self) -> int:
        """Pages so far."""
        return self._pages.total()

    def put_out(self, page: Page, slot: int) -> None:
        """Note that a page is in a slot."""
        page.out, page.slot = True, slot
        self._slots[slot] = page

    def page_of(self, slot: int) -> Page | None:
        """Return the page that a slot stands for; None where that is not known."""
        return self._slots.get(slot)

    def page_out(self, record: Record, length: int | None, *, zero: bool = False, offset: int = 0) -> None:
        """Put a page out: to zswap, the zero map or the device, as its length and the limits have it.

        ``offset`` counts the pages of a large folio.
        """
        numbers = record.numbers
        slot = numbers["swp"] + offset
        mapping = numbers.get("map", 0)
        place = (mapping, numbers.get("idx", 0) + offset) if mapping else None
        page = self._slots.get(slot)
        if page is None or page.out:
            if page is not None:
                self.notes["slots taken while their page was out: the page was freed unseen"] += 1
                self._free(record.time_ns, page)
            known = self._places.get(place) if place is not None else None
            if known is None or known.freed or known.out:
                page = self.new_page(self.cgroups.name(numbers.get("cg", 0)))
            else:
                page = known
        node = node_of(record, self._nodes_shift)
        content = self.contents.new(page.memcg, length, zero=zero)
        self.rows.add(record.time_ns, Event.WRITE, page.memcg, page.number, content=content, node=node)
        self.rows.add(record.time_ns, Event.PAGEOUT, page.memcg, page.number, content=content)
        if page.slot is not None and page.slot != slot and self._slots.get(page.slot) is page:
            del self._slots[page.slot]
        self.put_out(page, slot)
        if place is not None:
            self._places[place] = page
            page.place = place

    def read(self, record: Record) -> None:
        """Read a page back from its slot."""
        slot = record.numbers["swp"]
        page = self._slots.get(slot)
        if page is None:
            self.notes["reads of slots that nothing was seen to fill"] += 1
            page = self.new_page(self.cgroups.name(record.numbers.get("cg", 0)))
        elif not page.out:
            # it was clean, and reclaim dropped it, which no event tells
            self.notes["clean pages dropped unseen, and read again"] += 1
            self.rows.add(record.time_ns, Event.PAGEOUT, page.memcg, page.number)
        self.rows.add(record.time_ns, Event.READ, page.memcg, page.number)
        page.out, page.slot = False, slot
        self._slots[slot] = page

    def invalidate(self, record: Record) -> None:
        """Give a slot back: its page is freed where it was out, else it lives on without a slot."""
        page = self._slots.pop(record.numbers["swp"], None)
        if page is None:
            return
        if page.out:
            self._free(record.time_ns, page)
        page.slot = None

    def _free(self, time_ns: int, page: Page) -> None:
        self.rows.add(time_ns, Event.DISCARD, page.memcg, page.number)
        self.alive[page.memcg] -= 1
        page.freed = True
        page.out = False
        if page.place is not None and self._places.get(page.place) is page:
            del self._places[page.place]


def node_of(record: Record, nodes_shift: int) -> int:
    """Return the node of a store's page, which is in the highest bits of its flags."""
    return record.numbers.get("fl", 0) >> (_FLAG_BITS - nodes_shift)


def is_large(record: Record) -> bool:
    """Tell whether a store was asked for a large folio; ``ord`` means something then only."""
    return bool(record.numbers.get("fl", 0) & HEAD_FLAG)


def pages_of(record: Record) -> int:
    """Return how many pages a store was asked for."""
    return 1 << record.numbers.get("ord", HUGE_ORDER) if is_large(record) else 1
