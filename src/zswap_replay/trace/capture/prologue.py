"""The start in the middle: what a capture tells later on of slots that were filled before it began.

A slot that is read, looked at or freed before it is stored to is a page from before. The result of the load and the
length that is decompressed say where it was and how long; what is only freed later, or never touched, is filled up to
what memory.stat of each cgroup had at the start. Referenced bits, the order of the LRU and the pool's fragmentation
cannot be known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from zswap_replay.errors import TraceError
from zswap_replay.lib.host_memory import available_memory
from zswap_replay.trace.capture.books import Books
from zswap_replay.trace.capture.record import Record
from zswap_replay.trace.capture.saved import SavedSnapshot
from zswap_replay.trace.schema import ROOT, Event, parent_path
from zswap_replay.units import PAGE_SIZE, quoted

_PAGE_BYTES: Final = 1000
"""Memory that a page takes whose rows are made from the counters alone."""

_STORED, _ZERO, _DEVICE, _FREED = "stored", "zero", "device", "freed"


@dataclass(slots=True)
class EarlierPage:
    """A slot from before: what it holds, whose, how long, and the line at which the worker first looked at it."""

    kind: str
    cgroup: int | None = None
    length: int | None = None
    looked_at: int | None = None


class EarlierPages:
    """Finds the slots that were filled before the capture began."""

    def __init__(self, kinds: set[str]) -> None:
        """Take the events that the capture has: without ``load`` nothing tells a zero page from one on the device."""
        self.found: dict[int, EarlierPage] = {}
        """Pages by slot."""
        self._read_kind = _ZERO if "load" in kinds else _DEVICE
        self._filled: set[int] = set()
        # by task
        self._reading: dict[int, EarlierPage] = {}
        self._looking: dict[int, EarlierPage] = {}

    def see(self, record: Record) -> None:
        """Take the next event."""
        event, task = record.event, record.task
        if event in ("decomp", "load", "shrink"):
            self._explain(record)
            return
        slot = record.numbers.get("swp", 0)
        if not slot:
            return
        known = slot in self._filled or slot in self.found
        if event in ("store", "wpage"):
            self._filled.add(slot)
        elif event == "rpage":
            self._reading.pop(task, None)
            if not known:
                # the zero map has no load; without that probe nothing is known of it
                earlier = EarlierPage(self._read_kind, record.numbers.get("cg"))
                self._reading[task] = self.found[slot] = earlier
        elif event == "look" and not known:
            earlier = EarlierPage(_STORED, None, record.numbers.get("len"), record.line)
            self._looking[task] = self.found[slot] = earlier
        elif event == "inval":
            if not known:
                self.found[slot] = EarlierPage(_FREED)
            self._filled.add(slot)

    def _explain(self, record: Record) -> None:
        """Note what a task's next event says of the page that it reads, or of the entry that it looks at."""
        page = self._reading.get(record.task)
        if record.event == "shrink":
            looked = self._looking.pop(record.task, None)
            if looked is not None:
                looked.cgroup = record.numbers.get("cg")
        elif page is not None and record.event == "decomp":
            page.length = record.numbers["len"]
        elif page is not None:
            page.kind = _STORED if record.numbers["ret"] else _DEVICE
            del self._reading[record.task]


class Prologue:
    """Puts pages from before into the pool, the zero map and the device, before the first row of the capture."""

    def __init__(self, books: Books, found: dict[int, EarlierPage], start: SavedSnapshot | None) -> None:
        """Take ``start``, the counters at the start, where they are known: they tell what no event does."""
        self._books = books
        self._found = found
        self.filled_up = 0
        """Entries that no event tells of, but the counters at the start."""
        if start is not None:
            self._fill_up(start)

    def __bool__(self) -> bool:
        return any(page.kind != _FREED for page in self._found.values())

    def _fill_up(self, start: SavedSnapshot) -> None:
        """Add what each memcg had in zswap beyond the entries that are known: first in slots that are only freed.

        What is no memcg's is the root's: pages of its own tasks, and of files in memory. No memory.stat has them.
        """
        memcgs = start.memcg
        entries: dict[str, int] = {}
        lengths: dict[str, int] = {}
        for path, values in memcgs.items():
            # a memcg's own, without what is below it
            entries[path] = values.get("zswapped", 0) // PAGE_SIZE
            lengths[path] = values.get("zswap", 0)
        if ROOT in entries:
            entries[ROOT] = max(entries[ROOT], start.zswap.get("stored_pages", 0))
            lengths[ROOT] = max(lengths[ROOT], start.zswap.get("pool_total_size", 0))
        for path, values in memcgs.items():
            if path != ROOT and parent_path(path) in entries:
                entries[parent_path(path)] -= values.get("zswapped", 0) // PAGE_SIZE
                lengths[parent_path(path)] -= values.get("zswap", 0)
        names = self._books.cgroups.live()
        paths = {name: path for path, name in reversed(names.items())}  # of two of a name the first
        for page in self._found.values():
            if page.kind == _STORED:
                path = paths.get(self._books.cgroups.name(page.cgroup or 0), ROOT)
                if path in entries:
                    entries[path] -= 1
                    lengths[path] -= page.length or 0
        _check_room(start.label, entries)
        freed = deque(slot for slot, page in sorted(self._found.items()) if page.kind == _FREED)
        numbers = {name: number for number, name in self._books.cgroups.numbers()}
        for path, missing in entries.items():
            for place in range(max(missing, 0)):
                slot = freed.popleft() if freed else -1 - self.filled_up
                length = max(lengths[path] // missing + (place < lengths[path] % missing), 1)
                number = numbers.get(names.get(path, path), 0)
                self._found[slot] = EarlierPage(_STORED, number, min(length, PAGE_SIZE - 1))
                self.filled_up += 1

    def write(self, time_ns: int) -> None:
        """Write the rows at a time, the entries that the worker looked at first before the others, as the oldest."""
        books = self._books

        def age(item: tuple[int, EarlierPage]) -> tuple[bool, int, int]:
            return item[1].looked_at is None, item[1].looked_at or 0, item[0]

        for slot, known in sorted(self._found.items(), key=age):
            if known.kind == _FREED:
                continue
            page = books.new_page(books.cgroups.name(known.cgroup or 0))
            length = 0 if known.kind == _DEVICE else known.length
            content = books.contents.new(page.memcg, length, zero=known.kind == _ZERO)
            books.rows.add(time_ns, Event.WRITE, page.memcg, page.number, content=content)
            books.rows.add(time_ns, Event.PAGEOUT, page.memcg, page.number, content=content)
            books.put_out(page, slot)


def _check_room(label: str, missing: Mapping[str, int]) -> None:
    """Check that memory holds the pages that the counters at the start tell of. Raises TraceError: it does not."""
    pages = sum(max(each, 0) for each in missing.values())
    most = available_memory() // _PAGE_BYTES
    if pages > most:
        path = max(missing, key=lambda each: missing[each])
        raise TraceError(
            f"counters at {quoted(label)}: found {pages:,} pages in zswap that no event tells of, {missing[path]:,} "
            f"of them of {path}; expected no more than memory holds, {most:,}"
        )
