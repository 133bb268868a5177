cdef unsigned long long ODD, MASK64
cdef Py_ssize_t PAGE, HEADER, CORPUS

cpdef unsigned long long same_filled_word(unsigned long long bits) noexcept
cpdef bytes same_filled_page(unsigned long long word)
cpdef bytes corpus_page(bytes corpus, unsigned long long bits)
