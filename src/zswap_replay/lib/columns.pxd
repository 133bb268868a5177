cimport cython

cdef class Records:
    cdef readonly Py_ssize_t size
    cdef readonly object fields, array, dtype, memory, make
