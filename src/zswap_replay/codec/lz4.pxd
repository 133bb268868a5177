cimport cython

from zswap_replay.lib.bytes_at cimport taken
from zswap_replay.lib.lz4_compress cimport OUT, TABLE, lz4_compress_fast
from zswap_replay.lib.lz4hc_compress cimport Lz4hcState

cdef object _decompress_block
cdef Py_ssize_t PAGE

cdef class _Blocks:
    cdef readonly str name
    cdef unsigned char[OUT] _out

@cython.final
cdef class Lz4(_Blocks):
    cdef int _acceleration
    cdef unsigned short[TABLE] _table

@cython.final
cdef class Lz4hc(_Blocks):
    cdef Lz4hcState _state
