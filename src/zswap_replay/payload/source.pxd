cimport cython
from zswap_replay.payload.slices cimport corpus_page, is_corpus_page, same_filled_page, same_filled_word
from zswap_replay.lib.splitmix cimport mix64

cdef int SHIFT, TWIN_BITS
cdef unsigned long long FIRST_GROUP, TWIN_DRAWS

@cython.final
cdef class _Maker:
    cdef str name
    cdef bint zero, sliced, whole
    cdef object _spread
    cdef bytes _corpus
    cdef unsigned long long bound, fewest, amounts
    cdef bytes corpus(self)

cdef class GeneratedPages:
    cdef list _mixes
    cdef unsigned long long _groups, _key, _twin_key, _twin_share, _twins, _content, _bits
    cdef _Maker _maker
    cpdef bytes page(self, unsigned long long content)
    cpdef bint holds(self, unsigned long long content, bytes page) except -1
    cdef bytes _cut(self, bytes page, _Maker maker)
    cdef _Maker _maker_of(self, unsigned long long content)
    cdef void _find(self) noexcept

cdef class FilePages:
    cdef str _path
    cdef object _bytes, _content
    cdef long long _pages
    cdef bytes _page
