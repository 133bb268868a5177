cimport cython
from zswap_replay.payload.source cimport GeneratedPages

cdef unsigned long long HASH, TOP_FOUR
cdef long long PAGE

@cython.final
cdef class _Tally:
    cdef long long stored, same_filled, refused, bytes_out

cdef class Contents:
    cdef readonly object codec
    cdef readonly long long mismatches
    cdef GeneratedPages _generated
    cdef object _page, _class_of, _fill, _compress, _decompress
    cdef list _kept
    cdef set _raw
    cdef dict _tallies, _faults
    cdef bint _compares
    cdef unsigned long long _unsampled
    cdef long long _payload_ns, _compress_ns, _decompress_ns, _compress_calls, _decompress_calls
    cdef bint _left_out(self, unsigned long long content) noexcept
    cdef _keep(self, Py_ssize_t entry, bytes data)
    cdef _count(self, str name, int length)
    cdef _Tally _tally(self, str name)
