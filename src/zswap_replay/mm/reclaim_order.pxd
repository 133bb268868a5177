cimport cython
from zswap_replay.lib.bits cimport lowest_bit
from zswap_replay.mm.memcontrol cimport ROOT, MemCgroups
from zswap_replay.mm.swap cimport AWAKE, BUSY_MASK, BUSY_SHIFT, WORDS_SHIFT, Lruvecs

@cython.final
cdef class ReclaimOrder:
    cdef readonly MemCgroups memcgs
    cdef readonly Lruvecs lruvecs
    cdef readonly long long tree_changes
    cdef readonly int[::1] order, behind
    cdef int refresh(self) except -1 nogil
    @cython.locals(place="int[::1]", until="unsigned char[::1]")
    cdef int rebuild(self) except -1 with gil
    cdef int next_busy(self, int at, int stop, int priority) noexcept nogil
