"""The start in the middle: what a capture tells later on of slots that were filled before it began.

A slot that is read, looked at or freed before it is stored to is a page from before. The result of the load and the
length that is decompressed say where it was and how long; what is only freed later, or never touched, is filled up to
what memory.stat of each cgroup had at the start. Referenced bits, the order of the LRU and the pool's fragmentation
cannot be known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zswap_replay.trace.capture.books import Books
from zswap_replay.trace.capture.saved import SavedSnapshot
from zswap_replay.trace.capture.text import Record
from zswap_replay.trace.schema import ROOT, Event, parent_path
from zswap_replay.units import PAGE_SIZE

_STORED, _ZERO, _DEVICE, _FREED = "stored", "zero", "device", "freed"


@dataclass(slots=True)
class EarlierPage:
    """A slot from before: what it holds, whose, how long, and the line at which the worker first looked at it."""

    kind: str
    cgroup: int | None = None
    length: int | None = None
    looked_at: int | None = None


def earlier_pages(records: Sequence[Record], kinds: set[str]) -> dict[int, EarlierPage]:
    """Find the slots that were filled before the capture began."""
    found: dict[int, EarlierPage] = {}
    filled: set[int] = set()
    reading: dict[int, EarlierPage] = {}
    looking: dict[int, EarlierPage] = {}
    for record in records:
        event, task = record.event, record.task
        if event in ("decomp", "load", "shrink"):
            _explain(record, reading, looking)
            continue
        slot = record.numbers.get("swp", 0)
        if not slot:
            continue
        known = slot in filled or slot in found
        if event in ("store", "wpage"):
            filled.add(slot)
        elif event == "rpage":
            reading.pop(task, None)
            if not known:
                # the zero map has no load; without that probe nothing is known of it
                kind = _ZERO if "load" in kinds else _DEVICE
                reading[task] = found[slot] = EarlierPage(kind, record.numbers.get("cg"))
        elif event == "look" and not known:
            looking[task] = found[slot] = EarlierPage(_STORED, None, record.numbers.get("len"), record.line)
        elif event == "inval":
            if not known:
                found[slot] = EarlierPage(_FREED)
            filled.add(slot)
    return found


def _explain(record: Record, reading: dict[int, EarlierPage], looking: dict[int, EarlierPage]) -> None:
    """Note what a task's next event says of the page that it reads, or of the entry that it looks at."""
    page = reading.get(record.task)
    if record.event == "shrink":
        looked = looking.pop(record.task, None)
        if looked is not None:
            looked.cgroup = record.numbers.get("cg")
    elif page is not None and record.event == "decomp":
        page.length = record.numbers["len"]
    elif page is not None:
        page.kind = _STORED if record.numbers["ret"] else _DEVICE
        del reading[record.task]


class Prologue:
    """Puts pages from before into the pool, the zero map and the device, before the first row of the capture."""

    def __init__(self, books: Books, found: dict[int, EarlierPage], start: SavedSnapshot | None) -> None:
        """Take ``start``, the counters at the start, where they are known: they tell what no event does."""
        self._books = books
        self._found = found
        self.filled_up = 0
        """Entries that no event tells of, but the counters at the start."""
        if start is not None:
            self._fill_up(start.memcg)

    def __bool__(self) -> bool:
        return any(page.kind != _FREED for page in self._found.values())

    def _fill_up(self, memcgs: Mapping[str, Mapping[str, int]]) -> None:
        """Add what each memcg had in zswap beyond the entries that are known: first in slots that are only freed."""
        entries: dict[str, int] = {}
        lengths: dict[str, int] = {}
        for path, values in memcgs.items():
            # a memcg's own, without what is below it
            entries[path] = values.get("zswapped", 0) // PAGE_SIZE
            lengths[path] = values.get("zswap", 0)
        for path, values in memcgs.items():
            if path != ROOT and parent_path(path) in entries:
                entries[parent_path(path)] -= values.get("zswapped", 0) // PAGE_SIZE
                lengths[parent_path(path)] -= values.get("zswap", 0)
        names = self._books.cgroups.live()
        for page in self._found.values():
            if page.kind == _STORED:
                name = self._books.cgroups.name(page.cgroup or 0)
                path = next((each for each, live in names.items() if live == name), ROOT)
                if path in entries:
                    entries[path] -= 1
                    lengths[path] -= page.length or 0
        freed = [slot for slot, page in sorted(self._found.items()) if page.kind == _FREED]
        numbers = {name: number for number, name in self._books.cgroups.numbers()}
        for path, missing in entries.items():
            for place in range(max(missing, 0)):
                slot = freed.pop(0) if freed else -1 - self.filled_up
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
