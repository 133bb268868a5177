cdef unsigned long long ODD, MASK64
cdef Py_ssize_t PAGE, HEADER, CORPUS

cpdef unsigned long long same_filled_word(unsigned long long bits) noexcept
cpdef bytes same_filled_page(unsigned long long word)
cdef Py_ssize_t start_of(bytes corpus, unsigned long long bits) except -1
cpdef bytes corpus_page(bytes corpus, unsigned long long bits)
cpdef bint is_corpus_page(bytes page, bytes corpus, unsigned long long bits) except -1
