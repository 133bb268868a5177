"""The zbud allocator: two objects a page, in chunks of 64 bytes. Models mm/zbud.c."""

import cython

from zswap_replay.lib.columns import INT, column, grown
from zswap_replay.lib.list_head import ListHeads
from zswap_replay.mm.zpool import Zpool

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.zpool import ENOSPC

    CHUNK_SIZE = 64
    NCHUNKS = 63
    """Chunks of a page beside its header, which takes one."""
    ZBUD_MAX_SIZE = 3968
    """Longest object: a page less its header and one chunk."""
    # enum buddy
    FIRST = 0
    LAST = 1
    # lists of pages: by the chunks that are free; with two objects; and freed, the last first
    BUDDIED = 0
    FREED = NCHUNKS + 1
    NR_LISTS = NCHUNKS + 2


class ZbudPool(Zpool):
    """A zbud_pool. A handle is twice its page, plus FIRST or LAST."""

    def __init__(self) -> None:
        self.pages_nr = 0
        self.chunks = column(128, INT)
        self.lists = ListHeads(NR_LISTS, 64)
        self.nr_pages = 0

    def size_to_chunks(self, size: cython.int) -> cython.int:
        """Return how many chunks an object of ``size`` bytes takes."""
        return (size + CHUNK_SIZE - 1) // CHUNK_SIZE

    def list_of(self, page: cython.int) -> cython.int:
        """Return the list that a page belongs on: by its free chunks, or BUDDIED."""
        first: cython.int = self.chunks[2 * page + FIRST]
        last: cython.int = self.chunks[2 * page + LAST]
        return BUDDIED if first > 0 and last > 0 else NCHUNKS - first - last

    def zpool_malloc(self, size: cython.int) -> cython.int:
        """Put an object beside the smallest free space that fits, of those the page moved last; return its handle.

        -ENOSPC: it is longer than ZBUD_MAX_SIZE. Models zbud_alloc().
        """
        if size > ZBUD_MAX_SIZE:
            return -ENOSPC
        chunks: cython.int = self.size_to_chunks(size)
        page: cython.int = -1
        buddy: cython.int = FIRST
        free: cython.int
        for free in range(chunks, NCHUNKS):
            page = self.lists.list_pop(free)
            if page >= 0:
                buddy = FIRST if self.chunks[2 * page + FIRST] == 0 else LAST
                break
        if page < 0:
            page = self.alloc_page()
        self.chunks[2 * page + buddy] = chunks
        self.lists.list_add(self.list_of(page), page)
        return 2 * page + buddy

    def alloc_page(self) -> cython.int:
        """Return a new page, on no list as yet."""
        page: cython.int = self.lists.list_pop(FREED)
        if page < 0:
            page = self.nr_pages
            self.nr_pages += 1
            if 2 * page == len(self.chunks):
                self.grow()
        self.pages_nr += 1
        return page

    def grow(self) -> None:
        """Make room for twice as many pages."""
        self.chunks = grown(self.chunks, 2 * len(self.chunks))
        self.lists.resize_items(len(self.chunks) // 2)

    def zpool_free(self, handle: cython.int) -> None:
        """Free an object, and its page at once where that has no other. Models zbud_free()."""
        page: cython.int = handle // 2
        self.lists.list_del(page)
        self.chunks[handle] = 0
        if self.chunks[2 * page + FIRST] == 0 and self.chunks[2 * page + LAST] == 0:
            self.pages_nr -= 1
            self.lists.list_add(FREED, page)
        else:
            self.lists.list_add(self.list_of(page), page)

    def zpool_get_total_pages(self) -> cython.Py_ssize_t:
        """Return how many pages the pool holds. Models zbud_get_pool_pages()."""
        return self.pages_nr
