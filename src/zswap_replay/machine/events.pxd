cimport cython
from zswap_replay.lib.columns cimport prefetch
from zswap_replay.lib.event_codes cimport NR_EVENT_CODES, SETTLE

# constants of the .py, written by tools/constants.py
cpdef enum:
    AHEAD = 64
    LINE_ROWS = 8

@cython.final
cdef class Events:
    cdef readonly const unsigned long long[::1] time_ns, page, content
    cdef readonly const unsigned char[::1] event, node, has_content
    cdef readonly const int[::1] memcg, page_index
    cdef readonly const unsigned int[::1] count
    cdef readonly Py_ssize_t size
    cdef readonly int max_node
    cdef check_column(self, str name, given, kind)
    cpdef int check(self, Py_ssize_t start, Py_ssize_t stop, int nr_nodes) except -1
    cdef void prefetch(self, Py_ssize_t first, Py_ssize_t stop) noexcept nogil
    cdef refuse_node(self, Py_ssize_t start, Py_ssize_t stop, int nr_nodes)
