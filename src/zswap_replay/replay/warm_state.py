"""The rows that put a machine's pages where they are: on the swap device, in zswap, in memory.

A page goes to the device by a pageout while zswap is disabled, and into zswap by one while it is enabled. Pages come in
the order of the lists that decide what happens to them next: the LRU of zswap from the entry that is written back first
on, and between those the pages in memory, from the one that reclaim looks at first on. Which pages are on the active
list, the bits that an access leaves, and how full the pages of the pool are cannot be told by rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.lib.page_table import DIRTY, NR_RETURNED, PRESENT, SLOT, ZERO
from zswap_replay.machine.machine import Machine
from zswap_replay.mm.lru_gen import MAX_NR_GENS, LruGenLists
from zswap_replay.mm.swap import NR_LRU_LISTS
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.encode import batch_table
from zswap_replay.trace.schema import SCHEMA, Event, with_ancestors

_FREED = 1 << 63
"""Numbers from here on are those of pages that are gone, of which only the slot is left."""

_Row = dict[str, str | int | None]


@dataclass
class Knobs:
    """What the rows so far wrote to knobs that no flag has: parameters, and files of memcgs that are there."""

    params: dict[str, str] = field(default_factory=dict)
    memcgs: dict[str, dict[str, str]] = field(default_factory=dict)
    observed: bool = False
    """Whether what the shrink worker does was seen."""
    running: bool = False
    """Whether it was seen to begin, and not yet to end."""
    seen_reads: str | None = None


class WarmState:
    """The pages of a machine, and the rows after which another one has them where they are."""

    def __init__(
        self, machine: Machine, names: Sequence[str], live: Sequence[str | None], knobs: Knobs
    ) -> None:
        """Take ``names``, the paths of all memcgs that there were, by index, and ``live``, None for those removed."""
        self._machine = machine
        self._names = names
        self._live = live
        self._knobs = knobs
        pages = machine.pages
        size = pages.indices().stop
        self._flags = np.asarray(pages.flags)[:size].astype(np.int64)
        self._flags[:NR_RETURNED] = 0
        self._pool = np.array(pages.records.values("pool", size), np.int64)
        self._node = np.array(pages.records.values("node", size), np.uint8)
        self._length = np.array(pages.records.values("length", size), np.int64)
        self._by_length: dict[int, int] | None = None
        self._space = np.full(size, -1, np.int64)
        known = np.flatnonzero(self._flags & (PRESENT | SLOT))
        for page in known.tolist():
            self._space[page] = pages.space_of(page)
        slots = machine.swap_slots
        self._returned = range(slots.n_ret)
        for slot in self._returned:
            memcg = int(slots.returned_memcg[slot])
            self._space[slot] = memcg if self._live[memcg] is not None else 0
        self.pages = len(known)
        """Pages that there are rows for."""
        self._with_pages = set(np.unique(self._space).tolist())
        self._last = {name: memcg for memcg, name in enumerate(names)}
        self._entries = np.array(self._stored(), np.intp)
        self._listed = np.array(self._on_lists(), np.intp)
        """The pages on lists, of each memcg the one that reclaim looks at first first."""
        self._lru = self._listed[self._flags[self._listed] & PRESENT != 0]

    def tables(self, time_ns: int) -> Iterator[pa.Table]:
        """Yield the rows, all of them at one time."""
        knobs = self._knobs
        if knobs.observed:
            # from here on the worker does nothing but what the rows say
            yield _table(time_ns, [{"event": "worker", "value": "end"}])
        params = {key: value for key, value in knobs.params.items() if key != "enabled"}
        enabled = knobs.params.get("enabled")
        if enabled is not None:
            params["enabled"] = "1"
        yield _table(
            time_ns, [{"event": "param", "key": key, "value": value} for key, value in params.items()]
        )
        made: set[str] = set()
        for memcg, live in enumerate(self._live):
            if live is None:
                yield from self._removed(time_ns, memcg, made)
        names = [name for name in self._live[1:] if name is not None and name not in made]
        yield _table(time_ns, [{"event": "memcg_create", "memcg": name} for name in names])
        spaces = [memcg for memcg, name in enumerate(self._live) if name is not None]
        yield from self._placed(time_ns, spaces)
        rows: list[_Row] = [
            {"event": "memcg_set", "memcg": memcg, "key": key, "value": value}
            for memcg, written in knobs.memcgs.items()
            for key, value in written.items()
        ]
        if enabled is not None and enabled != "1":
            rows.append({"event": "param", "key": "enabled", "value": enabled})
        if knobs.seen_reads is not None:
            rows.append({"event": "seen_reads", "value": knobs.seen_reads})
        if knobs.running:
            rows.append({"event": "worker", "value": "begin"})
        yield _table(time_ns, rows)

    def _removed(self, time_ns: int, memcg: int, made: set[str]) -> Iterator[pa.Table]:
        """Make a memcg that is gone once more, with the pages that it left, and remove it again.

        ``made`` are the memcgs that are there now and stay.
        """
        name = self._names[memcg]
        if memcg not in self._with_pages and self._last[name] != memcg:
            return
        missing = [path for path in with_ancestors(name) if path == name or path not in made]
        yield _table(time_ns, [{"event": "memcg_create", "memcg": path} for path in missing])
        # its pages are charged to those above it that are there
        made.update(path for path in missing if path in self._live and path != name)
        yield from self._placed(time_ns, [memcg])
        gone = [path for path in reversed(missing) if path not in made]
        yield _table(time_ns, [{"event": "memcg_offline", "memcg": path} for path in gone])

    def _placed(self, time_ns: int, spaces: Sequence[int]) -> Iterator[pa.Table]:
        """Yield the rows of the pages of some memcgs."""
        if self._with_pages.isdisjoint(spaces):
            return
        here = np.isin(self._space, spaces)
        copied = here & (self._flags & SLOT != 0)
        on_device = copied & (self._pool == 0) & (self._flags & ZERO == 0)
        to_device = _Events()
        for page in self._by_eviction(np.flatnonzero(on_device)):
            to_device.add(Event.WRITE, page)
            to_device.add(Event.PAGEOUT, page)
        for slot in self._returned:
            if here[slot] and not self._pool[slot]:
                self._freed(to_device, slot)
        if to_device.pages:
            yield _table(time_ns, [{"event": "param", "key": "enabled", "value": "0"}])
            yield self._events_table(time_ns, to_device)
            yield _table(time_ns, [{"event": "param", "key": "enabled", "value": "1"}])
        rest = _Events()
        in_memory = self._lru[here[self._lru]].tolist()
        waiting = iter(in_memory)
        met: set[int] = set()
        for page in self._entries[here[self._entries]].tolist():
            if page < NR_RETURNED:
                self._freed(rest, page)
                continue
            if self._flags[page] & PRESENT and page not in met:
                # those in memory before it, of which some have no entry
                for other in waiting:
                    if other == page:
                        break
                    if not self._pool[other]:
                        self._into_memory(rest, other, bool(on_device[other]))
                        met.add(other)
            rest.add(Event.WRITE, page, self._entry_content(page))
            rest.add(Event.PAGEOUT, page)
            if self._flags[page] & PRESENT:
                self._mapped(rest, page)
                met.add(page)
        for page in [page for page in in_memory if page not in met]:
            self._into_memory(rest, page, bool(on_device[page]))
        yield self._events_table(time_ns, rest)

    def _freed(self, events: _Events, slot: int) -> None:
        """Add the rows of a page whose slot was freed and not given back yet; its entry may be there still."""
        events.add(Event.WRITE, slot, self._content_of_length(int(self._length[slot])) or 0)
        events.add(Event.PAGEOUT, slot)
        events.add(Event.DISCARD, slot)

    def _into_memory(self, events: _Events, page: int, on_device: bool) -> None:
        """Add the rows of a page in memory that has no entry in zswap."""
        if on_device:
            self._mapped(events, page)
        else:
            events.add(Event.WRITE, page)

    def _mapped(self, events: _Events, page: int) -> None:
        """Add the read of a page that is out, and a write where what is out is older than the page."""
        events.add(Event.READ, page)
        if self._flags[page] & DIRTY:
            events.add(Event.WRITE, page)

    def _by_eviction(self, pages: npt.NDArray[np.intp]) -> list[int]:
        """Sort pages by their shadows, the earliest first.

        Those in memory have none. The mapped ones come first; those that are in the swap cache alone went last, and
        come in the order of their lists.
        """
        when = np.array(self._machine.pages.records.values("lru.at", len(self._flags)), np.int64)
        when[self._listed] = when.max(initial=0) + 1 + np.arange(len(self._listed))
        when[self._flags & PRESENT != 0] = 0
        return [int(page) for page in pages[np.argsort(when[pages], kind="stable")]]

    def _stored(self) -> list[int]:
        """List the pages that have an entry or are zero pages, of each LRU the entry that goes first first."""
        found: dict[int, None] = {}
        heads: dict[int, None] = {}
        for pool in reversed(self._machine.zswap.pools.zswap_pools):
            lru = pool.lru
            for base in np.asarray(lru.base).tolist():
                if base >= 0:
                    heads.update(dict.fromkeys(range(base, base + lru.nr_nodes)))
        for head in heads:
            found.update(dict.fromkeys(self._machine.pages.entry_lru.in_order(head)))
        same_filled = np.flatnonzero((self._pool > 0) | (self._flags & ZERO != 0))
        found.update(dict.fromkeys(same_filled.tolist()))
        return [page for page in found if page in self._returned or self._flags[page] & (PRESENT | SLOT)]

    def _entry_content(self, page: int) -> int | None:
        """Return what the entry of a page holds, where the page holds something newer: a content of that length.

        What it is in truth is not known any more. None: what the page holds, or one of no known length.
        """
        if not self._flags[page] & PRESENT or not self._flags[page] & DIRTY or not self._pool[page]:
            return None
        return self._content_of_length(int(self._length[page]))

    def _content_of_length(self, length: int) -> int | None:
        """Return a content of an entry of that length, or the nearest; None where there is none."""
        if self._by_length is None:
            clean = np.flatnonzero(
                (self._pool > 0) & ((self._flags & (PRESENT | DIRTY)) != (PRESENT | DIRTY))
            )
            clean = clean[clean >= NR_RETURNED]
            table = self._machine.pages
            self._by_length = {
                int(self._length[each]): table.content_of(int(each)) for each in clean.tolist()
            }
        if length in self._by_length or not length or not self._by_length:
            return self._by_length.get(length)
        return self._by_length[min(self._by_length, key=lambda known: (abs(known - length), known))]

    def _on_lists(self) -> list[int]:
        """List the pages on lists, and those that are mapped and wait to be put on one."""
        machine = self._machine
        lists = machine.lruvecs
        found: dict[int, None] = {}
        for memcg in range(machine.memcgs.nr):
            if isinstance(lists, LruGenLists):
                oldest = lists.min_seq[memcg]
                heads = [MAX_NR_GENS * memcg + (oldest + age) % MAX_NR_GENS for age in range(MAX_NR_GENS)]
                for head in heads:
                    found.update(dict.fromkeys(reversed(lists.lists.in_order(head))))
            else:
                for head in range(NR_LRU_LISTS * memcg, NR_LRU_LISTS * (memcg + 1)):
                    found.update(dict.fromkeys(reversed(lists.lists.in_order(head))))
        mapped = np.flatnonzero(self._flags & PRESENT)
        found.update(dict.fromkeys(mapped.tolist()))  # those that wait to be put on a list
        return list(found)

    def _events_table(self, time_ns: int, events: _Events) -> pa.Table:
        """Make the rows of events of single pages; a write says what the page holds."""
        pages, table = np.array(events.pages, np.intp), self._machine.pages
        many = len(pages)
        event = np.array(events.events, np.uint8)
        writes = event == Event.WRITE
        held = {page: table.content_of(page) for page in set(pages[writes].tolist()) if page >= NR_RETURNED}
        content = [
            held.get(page, 0) if write else 0
            for page, write in zip(pages.tolist(), writes.tolist(), strict=True)
        ]
        for place, other in events.contents.items():
            content[place] = other
        batch = Batch(
            0,
            np.full(many, time_ns, np.uint64),
            event,
            self._space[pages].astype(np.int32),
            np.array(
                [table.page_of(page) if page >= NR_RETURNED else _FREED + page for page in pages.tolist()],
                np.uint64,
            ),
            np.ones(many, np.uint32),
            self._node[pages],
            np.array(content, np.uint64),
            writes.view(np.uint8),
        )
        return batch_table(batch, slice(0, many), np.arange(len(self._names), dtype=np.int32), self._names)


class _Events:
    """Events of single pages, which are given by their index."""

    def __init__(self) -> None:
        self.events: list[int] = []
        self.pages: list[int] = []
        self.contents: dict[int, int] = {}

    def add(self, event: Event, page: int, content: int | None = None) -> None:
        """Append an event; a write of another content than the page holds now gives it."""
        if content is not None:
            self.contents[len(self.events)] = content
        self.events.append(event)
        self.pages.append(page)


def _table(time_ns: int, rows: list[_Row]) -> pa.Table:
    return pa.Table.from_pylist([{"time_ns": time_ns, **row} for row in rows], schema=SCHEMA)
