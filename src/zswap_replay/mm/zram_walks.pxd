cimport cython
from zswap_replay.mm.zcomp cimport Zcomp
from zswap_replay.mm.zpool cimport ENOSPC
from zswap_replay.mm.zram_drv cimport (
    ZRAM_ALLOCATED, ZRAM_BYTES_KEPT, ZRAM_COMP_PRIORITY_SHIFT, ZRAM_HUGE, ZRAM_IDLE, ZRAM_INCOMPRESSIBLE, ZRAM_SAME,
    ZRAM_WB, Zram,
)
from zswap_replay.mm.zswap cimport EINVAL

# constants of the .py, written by tools/constants.py
cpdef enum:
    EIO = 5
    ENODEV = 19
    IDLE_WRITEBACK = 1
    HUGE_WRITEBACK = 2
    INCOMPRESSIBLE_WRITEBACK = 4

cpdef idle_store(Zram zram, unsigned long long now, long long age)
cpdef int writeback_store(Zram zram, int mode, long long index) except? -1000
cpdef int recompress_store(Zram zram, int mode, int threshold, long long max_pages, int priority, int end) except? -1000
cdef bint zram_recompress(Zram zram, int slot, int threshold, int priority, int end) except -1
