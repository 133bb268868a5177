cimport cython
from zswap_replay.lib.event_codes cimport CONTROL, DISCARD, PAGEOUT, SETTLE, WRITE
from zswap_replay.lib.block_table cimport BLOCK_MASK, BLOCK_SHIFT
from zswap_replay.lib.page_table cimport ACCESSED, PRESENT, YOUNG, PageTable
from zswap_replay.machine.events cimport Events
from zswap_replay.machine.look_ahead cimport SOON, LookAhead
from zswap_replay.machine.memcg_paths cimport MemcgPaths
from zswap_replay.mm.file_pages cimport FilePages
from zswap_replay.mm.memcg_limits cimport MemcgLimits
from zswap_replay.mm.memcg_stat cimport MemcgStat
from zswap_replay.mm.memcontrol cimport MemCgroups
from zswap_replay.mm.memory cimport Memory
from zswap_replay.mm.page cimport PAGE_SHIFT
from zswap_replay.mm.page_alloc cimport PageAlloc
from zswap_replay.mm.page_io cimport PageIo
from zswap_replay.mm.page_writeback cimport Writeback
from zswap_replay.mm.proactive_writeback cimport ProactiveWriteback
from zswap_replay.mm.swap cimport Lruvecs
from zswap_replay.mm.swap_slots cimport DeviceSlots, SwapSlots
from zswap_replay.mm.swap_state cimport SwapCache
from zswap_replay.mm.vmscan cimport VM_SWAPPINESS, Vmscan
from zswap_replay.mm.workingset cimport Workingset
from zswap_replay.mm.zram_drv cimport Zram
from zswap_replay.mm.zswap cimport ShrinkWorker, Zswap

# constants of the .py, written by tools/constants.py
cpdef enum:
    MAX_NODES = 256
    WIDE = 64
    BLOCKS_AHEAD = 64

@cython.final
cdef class Machine:
    cdef readonly object release
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly MemcgPaths paths
    cdef readonly MemcgStat stat
    cdef readonly FilePages file_pages
    cdef readonly Lruvecs lruvecs
    cdef readonly Workingset workingset
    cdef readonly SwapCache swap_cache
    cdef readonly Writeback writeback
    cdef readonly Zswap zswap
    cdef readonly ProactiveWriteback proactive
    cdef readonly Zram zram
    cdef readonly DeviceSlots slots
    cdef readonly SwapSlots swap_slots
    cdef readonly PageIo page_io
    cdef readonly Vmscan vmscan
    cdef readonly PageAlloc page_alloc
    cdef readonly MemcgLimits limits
    cdef readonly Memory memory
    cdef readonly LookAhead look_ahead
    cdef int accessed
    cpdef int memcg_of(self, int path) except -1 nogil
    cpdef Py_ssize_t run(self, Events events, Py_ssize_t start, Py_ssize_t stop) except -1
    cdef Py_ssize_t replay_events(self, Events events, Py_ssize_t start, Py_ssize_t stop) except -1 nogil
    cdef Py_ssize_t replay_hits(self, Events events, Py_ssize_t i, Py_ssize_t stop) noexcept nogil
    @cython.locals(blocks="int[::1]")
    cdef int event_of_known_pages(self, Events events, Py_ssize_t i, int space) except -1 with gil
    @cython.locals(blocks="int[::1]", pages="int[::1]")
    cdef int discard_range(self, int space, unsigned long long first, unsigned long long last) except -1 with gil
    cdef int page_event(
        self, int kind, int space, int page, int node, unsigned long long content, bint has_content
    ) except -1 nogil
