cimport cython

# constants of the .py, written by tools/constants.py
cpdef enum:
    ENOSPC = 28

cdef class Zpool:
    cdef int zpool_malloc(self, int size) except -1000 nogil
    cdef int zpool_free(self, int handle) except -1 nogil
    cdef Py_ssize_t zpool_get_total_pages(self) except -1 nogil
