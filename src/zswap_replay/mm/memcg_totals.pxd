from zswap_replay.lib.page_table cimport SWAPCACHE, PageTable
from zswap_replay.mm.memcontrol cimport NR_EVENTS, MemCgroups
from zswap_replay.mm.page cimport PAGE_SHIFT

cdef int add_to_parents(MemCgroups memcgs, long long[::1] values, int width) except -1 nogil
cdef int add_up(MemCgroups memcgs, long long[::1] totals) except -1 nogil
cdef int read_limits_and_charges(MemCgroups memcgs, long long[::1] table, Py_ssize_t width) except -1 nogil
cdef long long in_bytes(long long limit) noexcept nogil
