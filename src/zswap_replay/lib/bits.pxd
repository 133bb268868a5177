cdef extern from *:
    """
    #define zswap_replay_lowest_bit(word) __builtin_ctzll(word)
    """
    int lowest_bit "zswap_replay_lowest_bit" (unsigned long long word) noexcept nogil
