cimport cython

@cython.final
cdef class Events:
    cdef readonly const unsigned long long[::1] time_ns, page, content
    cdef readonly const unsigned char[::1] event, node, has_content
    cdef readonly const int[::1] memcg
    cdef readonly const unsigned int[::1] count
    cdef readonly Py_ssize_t size
