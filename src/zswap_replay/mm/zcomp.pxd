cimport cython
from zswap_replay.mm.compressor cimport Compressor

@cython.final
cdef class Zcomp(Compressor):
    cdef readonly str name
    cdef readonly int header_length
