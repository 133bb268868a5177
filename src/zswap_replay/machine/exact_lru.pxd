cimport cython
from zswap_replay.mm.memcontrol cimport PGSTEAL
from zswap_replay.mm.swap cimport NR_LRU_LISTS
from zswap_replay.lib.page_table cimport ISOLATED
from zswap_replay.mm.vmscan cimport FREED, KEEP, Vmscan

@cython.final
cdef class ExactLru(Vmscan):
    cdef int shrink_oldest(self, int memcg) except -1 nogil
