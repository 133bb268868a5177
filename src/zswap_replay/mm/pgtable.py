"""Page tables of the hardware, as far as reclaim by generations looks at them: which pages stand in one of them.

A page table maps PTRS_PER_PTE neighbouring pages of an address space. Aging walks the tables and not the lists, and an
eviction that meets a young page looks at its neighbours in the same table. Models what mm/vmscan.c reads from the pte
and pmd levels, and the bloom filters over them.

The trace does not say where a mapping begins and ends; it is taken to reach from the first to the last page of a table
that was touched. Nor do page numbers say where in a table a page stands: number 0 is taken to be in the middle of one.
"""

import cython

from zswap_replay.lib.columns import INT, UCHAR, column, grown
from zswap_replay.lib.page_table import PageTable

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.block_table import BLOCK_MASK, BLOCK_SHIFT
    from zswap_replay.lib.page_table import ACCESSED

    PTRS_PER_PTE = 512
    """Pages of a page table."""
    FIRST_OFFSET = 256
    """Where in a page table the page of number 0 stands."""
    BLOCKS_PER_PTE = 64
    """Blocks of 8 pages that these are."""


class PteTables:
    """The page tables of all address spaces, numbered as their first pages came."""

    def __init__(self, pages: PageTable) -> None:
        self.pages = pages
        self.nr_tables = 0
        self.found: dict[tuple[int, int], int] = {}
        # by block of pages: its table, -1 where none of its pages was mapped yet
        self.table_of_block = column(256, INT, -1)
        # by address space: the table that was made last, behind which the others follow
        self.newest = column(8, INT, -1)
        # by table: the one made before, the first and last page mapped, as an offset, and the filters it is in
        self.older = column(8, INT, -1)
        self.first = column(8, INT)
        self.last = column(8, INT)
        self.filters = column(8, UCHAR)
        # [table * BLOCKS_PER_PTE + number]: the block of pages there, or -1
        self.block = column(8 * BLOCKS_PER_PTE, INT, -1)

    def offset_of(self, page: cython.int) -> cython.int:
        """Return where a page stands in its table, from 0 on."""
        offset: cython.int = (self.pages.page_of(page) + FIRST_OFFSET) & (PTRS_PER_PTE - 1)
        return offset

    def map_page(self, page: cython.int) -> None:
        """Note that a page is mapped, which makes its page table where it is the first one there."""
        block: cython.int = page >> BLOCK_SHIFT
        if block >= len(self.table_of_block):
            self.grow()
        table: cython.int = self.table_of_block[block]
        offset: cython.int = self.offset_of(page)
        if table < 0:
            number: cython.ulonglong = (self.pages.page_of(page) + FIRST_OFFSET) // PTRS_PER_PTE
            table = self.table_at(self.pages.space_of(page), number, offset)
            self.table_of_block[block] = table
            self.block[table * BLOCKS_PER_PTE + (offset >> BLOCK_SHIFT)] = block
        self.first[table] = min(self.first[table], offset)
        self.last[table] = max(self.last[table], offset)

    def forget_block(self, block: cython.int) -> None:
        """Take a block, whose pages are absent, out of its table. The mapping reaches as far as before."""
        if block < len(self.table_of_block) and self.table_of_block[block] >= 0:
            offset: cython.int = self.offset_of(block << BLOCK_SHIFT)
            self.block[self.table_of_block[block] * BLOCKS_PER_PTE + (offset >> BLOCK_SHIFT)] = -1
            self.table_of_block[block] = -1

    def grow(self) -> None:
        """Make room for all blocks of the table of pages."""
        self.table_of_block = grown(self.table_of_block, self.pages.room, -1)

    def table_at(self, space: cython.int, number: cython.ulonglong, offset: cython.int) -> cython.int:
        """Return the table of an address space with a number, made with one page where it is not there yet."""
        table: cython.int = self.found.get((space, number), -1)
        if table >= 0:
            return table
        table = self.nr_tables
        self.nr_tables += 1
        self.found[space, number] = table
        if table == len(self.older):
            self.older = grown(self.older, 2 * table, -1)
            self.first = grown(self.first, 2 * table)
            self.last = grown(self.last, 2 * table)
            self.filters = grown(self.filters, 2 * table)
            self.block = grown(self.block, 2 * table * BLOCKS_PER_PTE, -1)
        if space >= len(self.newest):
            self.newest = grown(self.newest, 2 * space, -1)
        self.older[table] = self.newest[space]
        self.newest[space] = table
        self.first[table] = offset
        self.last[table] = offset
        return table

    def newest_of(self, space: cython.int) -> cython.int:
        """Return the table of an address space that was made last, or -1; ``older`` has the one made before it."""
        return self.newest[space] if space < len(self.newest) else -1

    def table_of(self, page: cython.int) -> cython.int:
        """Return the table of a page that was mapped."""
        return self.table_of_block[page >> BLOCK_SHIFT]

    def page_at(self, table: cython.int, offset: cython.int) -> cython.int:
        """Return the page that stands at an offset of a table, or -1."""
        block: cython.int = self.block[table * BLOCKS_PER_PTE + (offset >> BLOCK_SHIFT)]
        return (block << BLOCK_SHIFT) + (offset & BLOCK_MASK) if block >= 0 else -1

    def pages_of(self, table: cython.int) -> cython.int:
        """Return how many pages the mapping has in a table."""
        return self.last[table] - self.first[table] + 1

    def pmdp_test_and_clear_young(self, table: cython.int) -> cython.bint:
        """Tell whether a page of a table was accessed since this was asked last.

        The processor sets the accessed bit of the table's own entry, which is kept here at each of its pages. Models
        pmdp_test_and_clear_young().
        """
        flags = self.pages.flags
        young: cython.bint = False
        number: cython.int
        page: cython.int
        block: cython.int
        for number in range(table * BLOCKS_PER_PTE, (table + 1) * BLOCKS_PER_PTE):
            block = self.block[number]
            if block >= 0:
                for page in range(block << BLOCK_SHIFT, (block + 1) << BLOCK_SHIFT):
                    if flags[page] & ACCESSED:
                        flags[page] &= ~ACCESSED
                        young = True
        return young

    # ---- filters ----

    def update_bloom_filter(self, table: cython.int, which: cython.int) -> None:
        """Put a table into one of the two filters, without the false positives of the kernel's."""
        self.filters[table] |= 1 << which

    def test_bloom_filter(self, table: cython.int, which: cython.int) -> cython.bint:
        """Tell whether a table is in one of the two filters."""
        return self.filters[table] & (1 << which) != 0

    def reset_bloom_filter(self, space: cython.int, which: cython.int) -> None:
        """Take all tables of an address space out of one of the two filters."""
        table: cython.int = self.newest_of(space)
        while table >= 0:
            self.filters[table] &= ~(1 << which)
            table = self.older[table]
