cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    static inline uint32_t zswap_replay_load32(const unsigned char *bytes, Py_ssize_t at) {
        uint32_t word;
        memcpy(&word, bytes + at, sizeof word);
    #if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap32(word);
    #endif
        return word;
    }
    static inline uint64_t zswap_replay_load64(const unsigned char *bytes, Py_ssize_t at) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
    #if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
    #endif
        return word;
    }
    #define zswap_replay_low_zero_bytes(word) (__builtin_ctzll(word) >> 3)
    #define zswap_replay_hash32(word, factor, bits) ((uint32_t)((word) * (uint32_t)(factor)) >> (32 - (bits)))
    static inline void zswap_replay_copy(
        unsigned char *to, Py_ssize_t at, const unsigned char *from, Py_ssize_t start, Py_ssize_t count
    ) {
        /* Most literals are few: eight bytes at a time, with no call. */
        for (Py_ssize_t done = 0; done < count; done += 8)
            memcpy(to + at + done, from + start + done, 8);
    }
    static inline void zswap_replay_copy_back(
        unsigned char *out, Py_ssize_t at, Py_ssize_t distance, Py_ssize_t count
    ) {
        if (distance >= 8)
            zswap_replay_copy(out, at, out, at - distance, count);
        else
            for (Py_ssize_t place = at; place < at + count; place++)
                out[place] = out[place - distance];
    }
    #define zswap_replay_zeros(out, at, count) ((void)memset((out) + (at), 0, (size_t)(count)))
    #define zswap_replay_copy_exact(to, at, from, start, count) \
        ((void)memcpy((to) + (at), (from) + (start), (size_t)(count)))
    #define zswap_replay_clear(table, entries) ((void)memset((table), 0, (entries) * sizeof *(table)))
    """
    unsigned int load32 "zswap_replay_load32" (const unsigned char *data, Py_ssize_t at) noexcept nogil
    unsigned long long load64 "zswap_replay_load64" (const unsigned char *data, Py_ssize_t at) noexcept nogil
    int low_zero_bytes "zswap_replay_low_zero_bytes" (unsigned long long word) noexcept nogil
    unsigned int hash32 "zswap_replay_hash32" (unsigned int word, unsigned int factor, int bits) noexcept nogil
    void copy_roughly "zswap_replay_copy" (
        unsigned char *to, Py_ssize_t at, const unsigned char *source, Py_ssize_t start, Py_ssize_t count
    ) noexcept nogil
    void copy_exactly "zswap_replay_copy_exact" (
        unsigned char *to, Py_ssize_t at, const unsigned char *source, Py_ssize_t start, Py_ssize_t count
    ) noexcept nogil
    void copy_back "zswap_replay_copy_back" (
        unsigned char *out, Py_ssize_t at, Py_ssize_t distance, Py_ssize_t count
    ) noexcept nogil
    void put_zeros "zswap_replay_zeros" (unsigned char *out, Py_ssize_t at, Py_ssize_t count) noexcept nogil
    bytes taken "PyBytes_FromStringAndSize" (const void *data, Py_ssize_t count)
    void clear "zswap_replay_clear" (unsigned short *table, Py_ssize_t entries) noexcept nogil
