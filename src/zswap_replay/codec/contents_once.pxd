from zswap_replay.codec.contents cimport Contents
from zswap_replay.codec.measure cimport MISMATCH, Measure
from zswap_replay.lib.length_index cimport Lengths

cdef class ContentsOnce(Contents):
    cdef Measure _measure
    cdef Lengths _found
    cdef bint _at_once
    cdef int _length_of(self, unsigned long long content) except -1
    cdef bint _keeps(self, Py_ssize_t entry) except -1
