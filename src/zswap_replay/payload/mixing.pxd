cdef unsigned long long MASK64, FIRST, SECOND

cpdef unsigned long long mix(unsigned long long value) noexcept
