from zswap_replay.lib.bytes_at cimport copy_back, copy_exactly, copy_roughly, put_zeros

# constants of the .py, written by tools/constants.py
cpdef enum:
    PAGE = 4096
    ROUGH = 8
    OUT = 4104
    VERSION_MARK = 17
    NEWEST = 1
    AFTER_LITERALS = 4

cdef Py_ssize_t behind_length(const unsigned char *data, Py_ssize_t size, Py_ssize_t ip) noexcept nogil
cdef Py_ssize_t lzo1x_decompress_safe(const unsigned char *data, Py_ssize_t size, unsigned char *out) noexcept nogil
