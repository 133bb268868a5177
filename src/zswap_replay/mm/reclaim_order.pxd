cimport cython
from zswap_replay.mm.memcg_stat cimport MemcgStat
from zswap_replay.mm.memcontrol cimport ROOT, MemCgroups
from zswap_replay.mm.swap cimport AWAKE, BUSY_SHIFT, Lruvecs

# constants of the .py, written by tools/constants.py
cpdef enum:
    BUSY_MASK = 63

@cython.final
cdef class ReclaimOrder:
    cdef readonly MemCgroups memcgs
    cdef readonly Lruvecs lruvecs
    cdef readonly MemcgStat stat
    cdef readonly long long tree_changes
    cdef readonly int nr_known
    cdef readonly int[::1] order, behind
    cdef readonly unsigned char[::1] in_row
    cdef int refresh(self) except -1 nogil
    @cython.locals(place="int[::1]", before="unsigned char[::1]", busy="unsigned char[::1]")
    cdef int rebuild(self) except -1 with gil
    cdef int most_of(self, int block) noexcept nogil
    cdef int most_busy(self, int first, int stop) noexcept nogil
    cdef void wake_due(self, int first, int stop) noexcept nogil
    cdef int next_busy(self, int at, int stop, int priority) noexcept nogil
