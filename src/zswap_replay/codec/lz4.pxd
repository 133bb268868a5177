cimport cython

cdef object _compress_frame, _decompress_block
cdef Py_ssize_t BLOCK, END_MARK, SIZE_TOP

cdef class _Blocks:
    cdef readonly str name
    cdef int _level

@cython.final
cdef class Lz4(_Blocks):
    pass

@cython.final
cdef class Lz4hc(_Blocks):
    pass
