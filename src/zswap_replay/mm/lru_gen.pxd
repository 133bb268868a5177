cimport cython
from zswap_replay.lib.block_table cimport BLOCK_SHIFT
from zswap_replay.lib.page_table cimport (
    ACCESSED, ACTIVE, DIRTY, ISOLATED, ORPHAN, SWAPCACHE, WRITEBACK, YOUNG, PageTable,
)
from zswap_replay.mm.memcontrol cimport ROOT
from zswap_replay.mm.page_writeback cimport FOLIO_BATCH
from zswap_replay.mm.pgtable cimport PteTables
from zswap_replay.mm.swap cimport Lruvecs

# constants of the .py, written by tools/constants.py
cpdef enum:
    MIN_NR_GENS = 2
    MAX_NR_GENS = 4
    GEN_MASK = 7
    LIST_SHIFT = 3
    LIST_MASK = 24
    WORKINGSET = 32
    FRESH = 64
    ACTIVATED = 128

@cython.final
cdef class LruGenLists(Lruvecs):
    cdef readonly PteTables tables
    cdef readonly unsigned char[::1] state
    cdef readonly long long[::1] max_seq, min_seq
    cdef readonly int[::1] nr_pages
    cdef int[::1] lru_add, lru_activate
    cdef int nr_lru_add, nr_lru_activate
    cpdef int nr_gens(self, int memcg) noexcept nogil
    cdef int make_room(self, int page) except -1 nogil
    cdef int grow(self) except -1 with gil
    cdef int folio_set_workingset(self, int page) except -1 nogil
    cdef int lru_gen_add_folio(self, int page, int memcg, bint reclaiming) except -1 nogil
    cdef int folio_lru_gen(self, int page) noexcept nogil
    cdef bint folio_update_gen(self, int page, int memcg, int gen) noexcept nogil
    cdef int move_to_gen(self, int page, int memcg, int gen, bint tail) except -1 nogil
    cdef int folio_activate(self, int page) except -1 nogil
    cdef int lru_add_drain(self) except -1 nogil
    cdef int drain_lru_add(self) except -1 nogil
    cdef int drain_lru_activate(self) except -1 nogil
