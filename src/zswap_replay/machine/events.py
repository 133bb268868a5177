"""Events as the core sees them: the columns of one batch of a trace, checked once for what the core cannot hold."""

from typing import Any

import cython
import numpy as np
import numpy.typing as npt

from zswap_replay.lib.column_passes import RowFacts, row_facts
from zswap_replay.lib.columns import Column, column

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.columns import prefetch
    from zswap_replay.lib.event_codes import NR_EVENT_CODES, SETTLE

    AHEAD = 64
    """Events that are looked at together before they come."""
    LINE_ROWS = 8
    """Rows of the widest columns that are in one line of the processor's cache."""

TYPES: "dict[str, np.dtype[Any]]" = {
    "time_ns": np.dtype(np.uint64),
    "event": np.dtype(np.uint8),
    "memcg": np.dtype(np.int32),
    "page": np.dtype(np.uint64),
    "count": np.dtype(np.uint32),
    "node": np.dtype(np.uint8),
    "content": np.dtype(np.uint64),
    "has_content": np.dtype(np.uint8),
}
"""The columns and their types, in the order of Events."""

PAGE_INDEX = np.dtype(np.int32)
"""The type of a column of the indices of pages, which are the machine's and no column of a trace."""

MAX_U64 = np.uint64((1 << 64) - 1)


class Events:
    """Columns of equal length, one item an event, as a Batch of the trace has them."""

    def __init__(
        self,
        time_ns: Column,
        event: Column,
        memcg: Column,
        page: Column,
        count: Column,
        node: Column,
        content: Column,
        has_content: Column,
        *,
        facts: RowFacts | None = None,
        page_index: Column | None = None,
    ) -> None:
        """Take the columns as they are; ``facts`` are those that row_facts() found of them, where it was asked.

        ``page_index`` is what PageIndices found, for a machine that has replayed all rows before these.

        Raises ValueError, which names the column and its first bad row: a column of another type or length, an event
        that there is not, an event of a page without a memcg, or a run beyond 2^64.
        """
        self.size = len(event)
        given = (time_ns, event, memcg, page, count, node, content, has_content)
        for (name, kind), each in zip(TYPES.items(), given, strict=True):
            self.check_column(name, each, kind)
        self.time_ns = time_ns
        self.event = event
        self.memcg = memcg
        self.page = page
        self.count = count
        self.node = node
        self.content = content
        self.has_content = has_content
        self.page_index = column(0, PAGE_INDEX.char)  # empty: it was not told
        if page_index is not None:
            self.check_column("page_index", page_index, PAGE_INDEX)
            self.page_index = page_index
        self.max_node = 0
        found = facts or row_facts(*given)
        events = np.asarray(event)
        if found.highest_event >= NR_EVENT_CODES:
            _refuse("event", events, events >= NR_EVENT_CODES)
        if found.names_no_memcg:
            memcgs = np.asarray(memcg)
            _refuse("memcg", memcgs, (memcgs < 0) & (events < SETTLE))
        if found.may_end_beyond:
            counts = np.asarray(count)
            for name, first in (("page", np.asarray(page)), ("content", np.asarray(content))):
                ends_beyond = first > MAX_U64 - np.maximum(counts, 1) + np.uint64(1)
                _refuse(name, first, ends_beyond & (events < SETTLE))
        if not found.all_on_first_node:  # the node of an event without a page is not looked at
            self.max_node = int(np.asarray(node)[events < SETTLE].max(initial=0))

    def check_column(self, name: str, given: Column, kind: "np.dtype[Any]") -> None:
        """Refuse a column of another type or length. Raises ValueError."""
        items = np.asarray(given)
        if items.dtype != kind or items.shape != (self.size,):
            raise ValueError(
                f"column {name}: {items.dtype} of {items.shape}; expected {kind} of {self.size} rows"
            )

    def check(self, start: cython.Py_ssize_t, stop: cython.Py_ssize_t, nr_nodes: cython.int) -> None:
        """Refuse to go through the events ``start`` to ``stop`` - 1 on a machine of ``nr_nodes`` nodes.

        Raises ValueError: there are no such events, or one of pages is on a node that the machine lacks.
        """
        if not 0 <= start <= stop <= self.size:
            raise ValueError(f"events {start} to {stop}: there are {self.size}")
        if self.max_node >= nr_nodes:
            self.refuse_node(start, stop, nr_nodes)

    def prefetch(self, first: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> None:
        """Prefetch what is known of as many events as are looked at together, from ``first`` on and before ``stop``.

        Their pages are read while those of earlier ones are looked up, and are asked for as much earlier. Of other
        columns than these every row is read, one behind the other, which the processor foresees.
        """
        if cython.compiled:
            i: cython.Py_ssize_t = first
            while i < min(stop, first + AHEAD):
                if not self.page_index.shape[0] and i + 2 * AHEAD < stop:  # type: ignore[index]
                    prefetch(cython.address(self.page[i + 2 * AHEAD]))
                prefetch(cython.address(self.content[i]))
                i += LINE_ROWS
            if first < stop:
                prefetch(cython.address(self.node[first]))

    def refuse_node(self, start: cython.Py_ssize_t, stop: cython.Py_ssize_t, nr_nodes: cython.int) -> None:
        """Raise ValueError for the first of the events ``start`` to ``stop`` - 1 on a node from ``nr_nodes`` on."""
        nodes = np.asarray(self.node)[start:stop]
        for row in np.flatnonzero((nodes >= nr_nodes) & (np.asarray(self.event)[start:stop] < SETTLE)):
            raise ValueError(
                f"row {start + row}, column node: {nodes[row]}; expected a node below {nr_nodes}"
            )


def _refuse(name: str, items: "npt.NDArray[np.generic]", bad: "npt.NDArray[np.bool_]") -> None:
    """Raise ValueError for the first row of a column that is bad, if there is one."""
    for row in np.flatnonzero(bad):
        raise ValueError(f"row {row}, column {name}: {items[row]} is beyond what the machine holds")
