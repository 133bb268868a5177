cimport cython

from zswap_replay.lib.bytes_at cimport clear, hash32, load32
from zswap_replay.lib.lz4_compress cimport (
    HASH, LONG, PAGE, SEARCH_LIMIT, lz4_count, put_last_literals, put_literals, put_match
)

# constants of the .py, written by tools/constants.py
cpdef enum:
    TABLE = 32768
    BITS = 15
    MIN_MATCH = 4
    OPTIMAL = 18

cdef Py_ssize_t best_length(Py_ssize_t length, Py_ssize_t before, Py_ssize_t length2) noexcept nogil

@cython.final
cdef class Lz4hcState:
    cdef Py_ssize_t attempts, inserted, match, start, anchor, op
    cdef unsigned short[TABLE] table
    cdef unsigned short[PAGE] chain
    cdef void insert(self, const unsigned char *page, Py_ssize_t until) noexcept nogil
    cdef Py_ssize_t best_match(self, const unsigned char *page, Py_ssize_t ip) noexcept nogil
    cdef Py_ssize_t wider_match(
        self, const unsigned char *page, Py_ssize_t ip, Py_ssize_t lowest, Py_ssize_t longest
    ) noexcept nogil
    cdef bint encode(
        self, const unsigned char *page, unsigned char *out, Py_ssize_t ip, Py_ssize_t length, Py_ssize_t match
    ) noexcept nogil
    cdef bint put_matches(self, const unsigned char *page, unsigned char *out, Py_ssize_t length) noexcept nogil
    cdef Py_ssize_t compress(self, const unsigned char *page, unsigned char *out) noexcept nogil
