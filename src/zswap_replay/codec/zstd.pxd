cimport cython

@cython.final
cdef class Zstd:
    cdef readonly str name
    cdef object _compress, _decompress
    cdef dict _versions
    cdef object _deviation
