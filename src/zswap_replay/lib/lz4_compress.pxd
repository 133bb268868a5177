from zswap_replay.lib.bytes_at cimport clear, copy_exactly, copy_roughly, hash32, load32, load64, low_zero_bytes

# constants of the .py, written by tools/constants.py
cpdef enum:
    TABLE = 8192
    OUT = 4112
    PAGE = 4096
    ROOM = 4096
    LAST_LITERALS = 5
    MATCH_LIMIT = 4091
    SEARCH_LIMIT = 4084
    SKIP = 6
    HASH = 2654435761
    BITS = 13
    LONG = 15

cdef Py_ssize_t lz4_count(const unsigned char *page, Py_ssize_t at, Py_ssize_t match) noexcept nogil
cdef Py_ssize_t put_rest(unsigned char *out, Py_ssize_t op, Py_ssize_t rest) noexcept nogil
cdef Py_ssize_t put_literals(
    const unsigned char *page, Py_ssize_t anchor, Py_ssize_t ip, unsigned char *out, Py_ssize_t op,
    Py_ssize_t further
) noexcept nogil
cdef Py_ssize_t put_match(
    unsigned char *out, Py_ssize_t token, Py_ssize_t op, Py_ssize_t distance, Py_ssize_t code
) noexcept nogil
cdef Py_ssize_t put_last_literals(
    const unsigned char *page, Py_ssize_t anchor, unsigned char *out, Py_ssize_t op
) noexcept nogil
cdef Py_ssize_t lz4_compress_fast(
    const unsigned char *page, unsigned char *out, int acceleration, unsigned short *table
) noexcept nogil
