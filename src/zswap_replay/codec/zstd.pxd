cimport cython

cdef Py_ssize_t PAGE

@cython.final
cdef class Zstd:
    cdef readonly str name
    cdef object _compress, _decompress
