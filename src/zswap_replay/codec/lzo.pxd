cimport cython

from zswap_replay.lib.bytes_at cimport taken
from zswap_replay.lib.lzo1x_compress cimport OUT, TABLE, lzo1x_1_compress
from zswap_replay.lib.lzo1x_decompress cimport lzo1x_decompress_safe

cdef Py_ssize_t PAGE

@cython.final
cdef class Lzo:
    cdef readonly str name
    cdef bint _runs
    cdef unsigned char[OUT] _out
    cdef unsigned short[TABLE] _table
