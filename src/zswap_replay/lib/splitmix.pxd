cdef unsigned long long MASK64, FIRST, SECOND

cpdef unsigned long long mix64(unsigned long long value) noexcept nogil
