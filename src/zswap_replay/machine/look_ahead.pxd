cimport cython
from zswap_replay.lib.block_table cimport BLOCK_SHIFT
from zswap_replay.lib.event_codes cimport PAGEOUT, SETTLE, WRITE
from zswap_replay.lib.page_table cimport NR_RETURNED, PRESENT, PageTable
from zswap_replay.machine.events cimport AHEAD, Events
from zswap_replay.machine.memcg_paths cimport MemcgPaths
from zswap_replay.mm.list_lru cimport ListLru
from zswap_replay.mm.memcontrol cimport MemCgroups
from zswap_replay.mm.page_io cimport PageIo
from zswap_replay.mm.swap cimport Lruvecs
from zswap_replay.mm.zswap cimport Zswap

# constants of the .py, written by tools/constants.py
cpdef enum:
    SOON = 16
    FEW_MEMCGS = 64

@cython.final
cdef class LookAhead:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly MemcgPaths paths
    cdef readonly Lruvecs lruvecs
    cdef readonly PageIo page_io
    cdef readonly Zswap zswap
    cdef int[::1] sought_memcg
    cdef unsigned long long[::1] sought
    cdef readonly int[::1] index, memcg, written, faults, fault_memcg
    cdef readonly Py_ssize_t base, first, stop
    cdef readonly int nr_faults
    cdef void begin(self) noexcept nogil
    cdef inline int page_at(self, Py_ssize_t i) noexcept nogil
    cdef inline int memcg_at(self, Py_ssize_t i) noexcept nogil
    cdef Py_ssize_t look(self, Events events, Py_ssize_t start, Py_ssize_t stop) noexcept nogil
    cdef inline int find_memcg(self, Events events, Py_ssize_t i) noexcept nogil
    cdef void find(self, Events events, Py_ssize_t start, Py_ssize_t stop) noexcept nogil
    cdef void seek(self, Events events, Py_ssize_t start, Py_ssize_t stop) noexcept nogil
    cdef void find_next(self, Events events, Py_ssize_t start, Py_ssize_t stop) noexcept nogil
    cdef void take(self, Events events, Py_ssize_t start, Py_ssize_t stop) noexcept nogil
    cdef void ask_for_pages(self, Events events, Py_ssize_t start) noexcept nogil
    cdef void ask_for_memcgs(self) noexcept nogil
    cdef void look_closer(self) noexcept nogil
    cdef void ask_for_uses(self, Py_ssize_t start) noexcept nogil
    cdef void name_pageouts(self, Events events, Py_ssize_t start) noexcept nogil
