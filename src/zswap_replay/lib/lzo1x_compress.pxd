from zswap_replay.lib.bytes_at cimport clear, copy_exactly, copy_roughly, hash32, load32, load64, low_zero_bytes

# constants of the .py, written by tools/constants.py
cpdef enum:
    TABLE = 8192
    OUT = 4437
    PAGE = 4096
    SEARCH_LIMIT = 4076
    HASH = 405029533
    BITS = 13
    FIRST = 4
    SKIP = 5
    SHORT = 8
    NEAR = 2048
    MEDIUM = 33
    MARK_MEDIUM = 32
    MARK_END = 17
    VERSION = 1
    MOST_ZEROS = 2051
    CARRIED = 3
    PLAIN = 18

cdef Py_ssize_t zero_run(const unsigned char *page, Py_ssize_t ip) noexcept nogil
cdef Py_ssize_t match_length(const unsigned char *page, Py_ssize_t ip, Py_ssize_t match) noexcept nogil
cdef Py_ssize_t put_rest(unsigned char *out, Py_ssize_t op, Py_ssize_t rest) noexcept nogil
cdef Py_ssize_t put_literals(
    const unsigned char *page, Py_ssize_t start, Py_ssize_t count, unsigned char *out, Py_ssize_t op, Py_ssize_t state
) noexcept nogil
cdef Py_ssize_t put_match(unsigned char *out, Py_ssize_t op, Py_ssize_t length, Py_ssize_t distance) noexcept nogil
cdef Py_ssize_t put_end(
    const unsigned char *page, Py_ssize_t start, unsigned char *out, Py_ssize_t op, Py_ssize_t state
) noexcept nogil
cdef Py_ssize_t lzo1x_1_compress(
    const unsigned char *page, unsigned char *out, bint runs, unsigned short *table
) noexcept nogil
