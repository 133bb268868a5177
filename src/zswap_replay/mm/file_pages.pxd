cimport cython
from zswap_replay.mm.memcontrol cimport MemCgroups
from zswap_replay.mm.page_writeback cimport SWAP_CLUSTER_MAX
from zswap_replay.mm.swap cimport MAX_SWAPPINESS

@cython.final
cdef class FilePages:
    cdef readonly MemCgroups memcgs
    cdef readonly long long[::1] file, anon_cost, file_cost
    cdef readonly long long anon_share, share_of
    cdef int make_room(self, int memcg) except -1
    cpdef int set_file(self, int memcg, long long pages) except -1
    cdef long long file_of(self, int memcg) noexcept nogil
    cpdef void set_share(self, long long swappiness, long long anon_cost, long long file_cost) noexcept nogil
    cpdef void scan(self, int memcg, int priority, int swappiness) noexcept nogil
    cpdef void note_anon_cost(self, int memcg, long long pageouts, long long rotated) noexcept nogil
    cdef void lru_note_cost(self, int memcg, long long anon, long long file) noexcept nogil
