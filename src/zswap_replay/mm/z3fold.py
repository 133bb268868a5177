"""The z3fold allocator: up to three objects a page, in chunks of 64 bytes. Models mm/z3fold.c, which 6.15 removed.

Objects of a page stand at its front (FIRST), behind that one (MIDDLE) and at its end (LAST). A page that lost one is
compacted: its only object moves to another page that has room, or the middle one is moved up. The kernel leaves most of
that to a worker; here it is done by the time of the next operation.
"""

import cython

from zswap_replay.lib.columns import INT, UCHAR, USHORT, Fields, Records, column, grown
from zswap_replay.lib.list_head import ListHeads
from zswap_replay.mm.zpool import Zpool

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.page import PAGE_SIZE
    from zswap_replay.mm.zpool import ENOSPC

    CHUNK_SIZE = 64
    ZHDR_CHUNKS = 2
    """Chunks that the header of a page takes."""
    TOTAL_CHUNKS = 64
    NCHUNKS = 62
    """Chunks of a page beside its header."""
    BIG_CHUNK_GAP = 3
    """Chunks that a middle object has to gain, to be moved."""
    # enum buddy
    HEADLESS = 0
    """An object that has a page without a header for itself."""
    FIRST = 1
    MIDDLE = 2
    LAST = 3
    BUDDIES = 4
    # lists of pages: by the chunks that another object can have; and freed, the last first
    FREED = NCHUNKS + 1
    NR_LISTS = NCHUNKS + 2

Z3FOLD_HEADER: Fields = {
    "first_chunks": USHORT,
    "middle_chunks": USHORT,
    "last_chunks": USHORT,
    "start_middle": USHORT,
    "foreign_handles": UCHAR,
    "unbuddied": UCHAR,
}
"""struct z3fold_header: the chunks of a page's objects, and where the middle one begins.

``foreign_handles`` are objects that came from other pages, which keep it from being emptied; ``unbuddied`` tells
whether it is on a list.
"""


class Z3foldPool(Zpool):
    """A z3fold_pool. A handle is the number of an object, wherever that is moved."""

    def __init__(self) -> None:
        self.pages_nr = 0
        self.nr_pages = 0
        self.records = Records(64, Z3FOLD_HEADER)
        self.header = self.records.array
        self.lists = ListHeads(NR_LISTS, 64)
        # by page and buddy: the object there
        self.handle = column(BUDDIES * 64, INT, -1)
        # by object: BUDDIES * its page + its buddy, and whether it came from another page
        self.place = column(64, INT)
        self.foreign = column(64, UCHAR)
        self.nr_handles = 0
        # the object that was freed last; of those, the place of each names the one before it
        self.free_handle = -1

    # ---- pages ----

    def size_to_chunks(self, size: cython.int) -> cython.int:
        """Return how many chunks an object of ``size`` bytes takes."""
        return (size + CHUNK_SIZE - 1) // CHUNK_SIZE

    def num_free_chunks(self, page: cython.int) -> cython.int:
        """Return how many chunks another object of a page can have."""
        first: cython.int = self.header[page].first_chunks
        middle: cython.int = self.header[page].middle_chunks
        last: cython.int = self.header[page].last_chunks
        if middle == 0:
            return NCHUNKS - first - last
        start: cython.int = self.header[page].start_middle
        before: cython.int = 0 if first else start - ZHDR_CHUNKS
        behind: cython.int = 0 if last else TOTAL_CHUNKS - (start + middle)
        free: cython.int = max(before, behind)
        return free

    def objects(self, page: cython.int) -> cython.int:
        """Return how many objects a page with a header has."""
        first: cython.int = self.header[page].first_chunks != 0
        middle: cython.int = self.header[page].middle_chunks != 0
        last: cython.int = self.header[page].last_chunks != 0
        return first + middle + last

    def add_to_unbuddied(self, page: cython.int) -> None:
        """Put a page that has no three objects on the list of its free chunks.

        Models add_to_unbuddied().
        """
        if self.objects(page) < 3:
            self.lists.list_add(self.num_free_chunks(page), page)
            self.header[page].unbuddied = 1

    def take_off(self, page: cython.int) -> None:
        """Take a page off the list that it is on, if any."""
        if self.header[page].unbuddied:
            self.lists.list_del(page)
            self.header[page].unbuddied = 0

    def find_unbuddied(self, chunks: cython.int) -> cython.int:
        """Take off its list the page with the smallest room for ``chunks``, of those the one moved last; -1: none.

        Models __z3fold_alloc().
        """
        free: cython.int
        for free in range(chunks, NCHUNKS):
            page: cython.int = self.lists.list_first_entry_or_null(free)
            if page >= 0:
                self.take_off(page)
                return page
        return -1

    def get_free_buddy(self, page: cython.int, chunks: cython.int) -> cython.int:
        """Return where a page has room for ``chunks``.

        Models get_free_buddy().
        """
        first: cython.int = self.header[page].first_chunks
        if self.header[page].middle_chunks:
            if first == 0 and chunks <= self.header[page].start_middle - ZHDR_CHUNKS:
                return FIRST
            return LAST
        if first == 0:
            return FIRST
        return LAST if self.header[page].last_chunks == 0 else MIDDLE

    def set_chunks(self, page: cython.int, buddy: cython.int, chunks: cython.int) -> None:
        """Note how many chunks the object at a buddy of a page has, 0: there is none."""
        if buddy == FIRST:
            self.header[page].first_chunks = chunks
        elif buddy == LAST:
            self.header[page].last_chunks = chunks
        elif buddy == MIDDLE:
            self.header[page].middle_chunks = chunks
            self.header[page].start_middle = self.header[page].first_chunks + ZHDR_CHUNKS

    def put_object(self, page: cython.int, buddy: cython.int, handle: cython.int) -> None:
        """Note that an object is at a buddy of a page."""
        self.place[handle] = BUDDIES * page + buddy
        self.handle[BUDDIES * page + buddy] = handle

    def alloc_page(self) -> cython.int:
        """Return a new page, on no list as yet."""
        page: cython.int = self.lists.list_pop(FREED)
        self.pages_nr += 1
        if page < 0:
            page = self.nr_pages
            self.nr_pages += 1
            if page == self.records.size:
                self.grow_pages()
        self.header[page].first_chunks = 0
        self.header[page].middle_chunks = 0
        self.header[page].last_chunks = 0
        self.header[page].foreign_handles = 0
        return page

    def grow_pages(self) -> None:
        """Make room for twice as many pages."""
        self.header = None
        self.records.resize(2 * self.records.size)
        self.header = self.records.array
        self.lists.resize_items(self.records.size)
        self.handle = grown(self.handle, BUDDIES * self.records.size, -1)

    def release_page(self, page: cython.int) -> None:
        """Give a page back that has no object. Models __release_z3fold_page()."""
        self.take_off(page)
        self.pages_nr -= 1
        self.lists.list_add(FREED, page)

    # ---- objects ----

    def alloc_handle(self) -> cython.int:
        """Return the number of a new object."""
        handle: cython.int = self.free_handle
        if handle >= 0:
            self.free_handle = self.place[handle]
            return handle
        handle = self.nr_handles
        self.nr_handles += 1
        if handle == len(self.place):
            self.grow_handles()
        return handle

    def grow_handles(self) -> None:
        """Make room for twice as many objects."""
        self.place = grown(self.place, 2 * len(self.place))
        self.foreign = grown(self.foreign, 2 * len(self.foreign))

    def zpool_malloc(self, size: cython.int) -> cython.int:
        """Put an object beside others where it fits best; return its handle.

        One that leaves not even a chunk to another has a page to itself. -ENOSPC: it is longer than a page. Models
        z3fold_alloc().
        """
        if size > PAGE_SIZE:
            return -ENOSPC
        chunks: cython.int = self.size_to_chunks(size)
        page: cython.int = -1
        buddy: cython.int = HEADLESS
        if size <= PAGE_SIZE - (ZHDR_CHUNKS + 1) * CHUNK_SIZE:
            page = self.find_unbuddied(chunks)
            buddy = FIRST if page < 0 else self.get_free_buddy(page, chunks)
        if page < 0:
            page = self.alloc_page()
        handle: cython.int = self.alloc_handle()
        self.foreign[handle] = 0
        self.put_object(page, buddy, handle)
        if buddy != HEADLESS:
            self.set_chunks(page, buddy, chunks)
            self.add_to_unbuddied(page)
        return handle

    def zpool_free(self, handle: cython.int) -> None:
        """Free an object, and its page where that has no other; else compact the page. Models z3fold_free()."""
        page: cython.int = self.place[handle] // BUDDIES
        buddy: cython.int = self.place[handle] & (BUDDIES - 1)
        self.place[handle] = self.free_handle
        self.free_handle = handle
        if buddy != HEADLESS:
            self.set_chunks(page, buddy, 0)
            self.header[page].foreign_handles -= self.foreign[handle]
        if buddy == HEADLESS or self.objects(page) == 0:
            self.release_page(page)
        else:
            self.do_compact_page(page)

    # ---- compaction ----

    def do_compact_page(self, page: cython.int) -> None:
        """Move the only object of a page away, where that is its own and another page has room, or move it up.

        Models do_compact_page().
        """
        self.take_off(page)
        if (
            self.header[page].foreign_handles == 0
            and self.objects(page) == 1
            and self.compact_single_buddy(page)
        ):
            self.release_page(page)
        else:
            self.z3fold_compact_page(page)
            self.add_to_unbuddied(page)

    def compact_single_buddy(self, page: cython.int) -> cython.bint:
        """Move the only object of a page to another one; return False where none has room for it.

        Models compact_single_buddy().
        """
        buddy: cython.int = FIRST
        chunks: cython.int = self.header[page].first_chunks
        if self.header[page].middle_chunks:
            buddy = MIDDLE
            chunks = self.header[page].middle_chunks
        elif self.header[page].last_chunks:
            buddy = LAST
            chunks = self.header[page].last_chunks
        other: cython.int = self.find_unbuddied(chunks)
        if other < 0:
            return False
        handle: cython.int = self.handle[BUDDIES * page + buddy]
        new_buddy: cython.int = self.get_free_buddy(other, chunks)
        self.set_chunks(other, new_buddy, chunks)
        self.header[other].foreign_handles += 1
        self.foreign[handle] = 1
        self.put_object(other, new_buddy, handle)
        self.add_to_unbuddied(other)
        self.set_chunks(page, buddy, 0)
        return True

    def z3fold_compact_page(self, page: cython.int) -> None:
        """Move the middle object of a page to where it leaves more room: to the front, or to its neighbour.

        Models z3fold_compact_page().
        """
        first: cython.int = self.header[page].first_chunks
        middle: cython.int = self.header[page].middle_chunks
        last: cython.int = self.header[page].last_chunks
        start: cython.int = self.header[page].start_middle
        if middle == 0:
            return
        if first == 0 and last == 0:
            self.set_chunks(page, MIDDLE, 0)
            self.set_chunks(page, FIRST, middle)
            self.put_object(page, FIRST, self.handle[BUDDIES * page + MIDDLE])
        elif last == 0:
            if start - (first + ZHDR_CHUNKS) >= BIG_CHUNK_GAP:
                self.header[page].start_middle = first + ZHDR_CHUNKS
        elif first == 0 and TOTAL_CHUNKS - (last + start + middle) >= BIG_CHUNK_GAP:
            self.header[page].start_middle = TOTAL_CHUNKS - last - middle

    def zpool_get_total_pages(self) -> cython.Py_ssize_t:
        """Return how many pages the pool holds. Models z3fold_get_pool_size()."""
        return self.pages_nr
