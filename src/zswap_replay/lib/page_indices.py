"""The indices that a replay gives to the pages of a trace, told from the trace's rows alone.

A PageTable numbers blocks of pages in the order in which they are first accessed. As long as no memcg is removed, whose
blocks it would use again, that order is the trace's, whatever the settings are: who replays a trace many times looks
the pages of its events up once.
"""

import cython

from zswap_replay.lib.block_table import BlockTable
from zswap_replay.lib.columns import Column

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.block_table import BLOCK_MASK, BLOCK_SHIFT
    from zswap_replay.lib.event_codes import SETTLE, WRITE

    ROWS_AHEAD = 16
    """Rows whose groups of blocks are asked for ahead."""


class PageIndices:
    """Numbers the pages of a trace from its first row on and from 0, in the order of a PageTable that replays it."""

    def __init__(self, most_groups: int) -> None:
        """Take the number of groups of blocks up to which pages are numbered: each takes up to 192 bytes."""
        self.table = BlockTable()
        self.most_groups = most_groups
        self.nr_blocks = 0

    def find_all(self, event: Column, memcg: Column, page: Column, count: Column, out: Column) -> bool:
        """Write to ``out`` the index of the page of each of the next rows, which are columns of a batch.

        It is -1 for a row that is of no page, of several, or of one whose block no row up to this one accesses. The
        memcgs are the trace's numbers of paths. Returns False where there are too many groups: ``out`` is not whole,
        and no row behind can be looked up. Raises OSError, MemoryError: memory is short.
        """
        row: cython.Py_ssize_t
        rows: cython.Py_ssize_t = len(event)
        ahead: cython.Py_ssize_t
        last: cython.ulonglong
        block: cython.int
        at: cython.int
        with cython.nogil:
            for row in range(rows):
                ahead = min(row + ROWS_AHEAD, rows - 1)
                self.table.begin(memcg[ahead], page[ahead] >> BLOCK_SHIFT)
                out[row] = -1
                if event[row] < SETTLE and count[row] == 1:
                    if event[row] <= WRITE:
                        block = self.block_of(memcg[row], page[row] >> BLOCK_SHIFT)
                    else:
                        block = self.table.find(memcg[row], page[row] >> BLOCK_SHIFT)
                    if block >= 0:
                        at = page[row] & BLOCK_MASK
                        out[row] = (block << BLOCK_SHIFT) + at
                elif event[row] <= WRITE and count[row]:
                    last = page[row] + (count[row] - 1)
                    self.number_blocks(memcg[row], page[row] >> BLOCK_SHIFT, last >> BLOCK_SHIFT)
                if self.table.nr_groups > self.most_groups:
                    break
        return self.table.nr_groups <= self.most_groups

    def number_blocks(self, memcg: cython.int, first: cython.ulonglong, last: cython.ulonglong) -> None:
        """Give numbers to the blocks from the key ``first`` to the key ``last``, or to as many as there may be."""
        key: cython.ulonglong
        for key in range(first, last + 1):
            self.block_of(memcg, key)
            if self.table.nr_groups > self.most_groups:
                break

    def block_of(self, memcg: cython.int, key: cython.ulonglong) -> cython.int:
        """Return the number of a block that is accessed, which it gets now if this is the first time."""
        block: cython.int = self.table.find(memcg, key)
        if block < 0:
            block = self.nr_blocks
            self.table.enter(memcg, key, block)
            self.nr_blocks += 1
        return block
