cimport cython
from zswap_replay.lib.length_index cimport NORMAL
from zswap_replay.mm.class_counts cimport CLASS_REFUSED, CLASS_SAME_FILLED, CLASS_STORED, ClassCounts
from zswap_replay.mm.memcontrol cimport MemCgroups
from zswap_replay.mm.page cimport PAGE_SHIFT, PAGE_SIZE
from zswap_replay.mm.swap_device cimport SwapDevice
from zswap_replay.mm.zcomp cimport Zcomp
from zswap_replay.mm.zs_objects cimport ZsObjects

# constants of the .py, written by tools/constants.py
cpdef enum:
    ZRAM_MAX_COMPS = 4
    ZRAM_PRIMARY_COMP = 0
    ZRAM_ALLOCATED = 1
    ZRAM_SAME = 2
    ZRAM_WB = 4
    ZRAM_HUGE = 8
    ZRAM_IDLE = 16
    ZRAM_INCOMPRESSIBLE = 32
    ZRAM_BYTES_KEPT = 64
    ZRAM_COMP_PRIORITY_SHIFT = 8
    NO_END = 1073741824

@cython.final
cdef class Zram(SwapDevice):
    cdef readonly list comps
    cdef Zcomp primary
    cdef readonly int num_active_comps, huge_class_size, top
    cdef readonly long long nr_pages, limit_pages, max_used_pages
    cdef public int backing_pages
    cdef readonly ZsObjects mem_pool
    cdef readonly unsigned short[::1] flags, length
    cdef readonly int[::1] handle, block
    cdef public MemCgroups memcgs
    cdef unsigned short[::1] charged
    cdef int[::1] charged_to
    cdef void charge(self, int slot, int memcg) noexcept nogil
    cdef readonly unsigned long long[::1] content, ac_time
    cdef int next_block
    cdef list free_blocks
    cdef public bint wb_limit_enable
    cdef public long long bd_wb_limit
    cdef readonly long long pages_stored, compr_data_size, same_pages, huge_pages, huge_pages_since
    cdef readonly long long failed_writes, notify_free, bd_count, bd_reads, bd_writes
    cdef readonly long long[::1] stored_at_length
    cdef readonly ClassCounts class_counts
    cdef begin(self)
    cpdef void account(self) noexcept nogil
    cdef int make_room(self, int slot) except -1 nogil
    cdef void zram_accessed(self, int slot, unsigned long long now) noexcept nogil
    cdef int zcomp_compress(self, Zcomp comp, int slot, unsigned long long content) except -1 nogil
    cdef int decompress(self, int slot) except -1 with gil
    cdef int grow(self, int slot) except -1 with gil
    cdef int free_bytes(self, int slot, int priority) except -1 with gil
    cdef int drop_bytes(self, int slot, int priority) except -1 nogil
    cdef bint zram_write_page(self, int slot, unsigned long long content) except -1 nogil
    cdef void update_used_max(self) noexcept nogil
    cdef int zram_free_page(self, int slot) except -1 nogil
    cdef int alloc_block_bdev(self) except -1
    cdef int free_block_bdev(self, int block) except -1 with gil
