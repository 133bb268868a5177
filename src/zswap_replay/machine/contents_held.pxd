cimport cython
from zswap_replay.machine.events cimport Events
from zswap_replay.machine.memcg_paths cimport MemcgPaths
from zswap_replay.lib.length_index cimport Lengths
from zswap_replay.lib.event_codes cimport CONTROL, DISCARD, PAGEOUT, SETTLE, WRITE
from zswap_replay.lib.block_table cimport BLOCK_MASK, BLOCK_SHIFT
from zswap_replay.lib.page_table cimport EXPLICIT, PRESENT, PageTable
from zswap_replay.machine.machine cimport WIDE

@cython.final
cdef class ContentsHeld:
    cdef readonly PageTable pages
    cdef readonly MemcgPaths paths
    cdef readonly int nr_nodes
    cdef readonly Lengths contents
    cdef unsigned long long[::1] named
    cpdef name(self, unsigned long long[::1] named)
    cdef readonly unsigned long long[::1] holder_page
    cdef readonly int[::1] holder_path
    cdef int path
    cdef add(self, unsigned long long content, unsigned long long page)
    cpdef Py_ssize_t run(self, Events events, Py_ssize_t start, Py_ssize_t stop) except -1
    @cython.locals(blocks="int[::1]")
    cdef event_of_known_pages(self, Events events, Py_ssize_t i, int space)
    cdef page_event(
        self, int kind, int space, unsigned long long number, unsigned long long content, bint has_content
    )
