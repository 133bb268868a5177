cpdef void look_up_bytes(const unsigned char[::1] table, const int[::1] index, unsigned char[::1] out) noexcept
cpdef void look_up_ints(const int[::1] table, const int[::1] index, int[::1] out) noexcept
cpdef bint is_zero_at_nulls(const unsigned long long[::1] values, const unsigned char[::1] valid) noexcept
cpdef void zero_at_nulls(
    const unsigned long long[::1] values, const unsigned char[::1] valid, unsigned long long[::1] out
) noexcept

cpdef row_facts(
    const unsigned long long[::1] time_ns,
    const unsigned char[::1] event,
    const int[::1] memcg,
    const unsigned long long[::1] page,
    const unsigned int[::1] count,
    const unsigned char[::1] node,
    const unsigned long long[::1] content,
    const unsigned char[::1] has_content,
)
