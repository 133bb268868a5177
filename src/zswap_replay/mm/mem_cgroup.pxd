cdef struct Memcg:
    int parent
    unsigned char online
    unsigned char zswap_writeback
    unsigned char is_changed
    long long memory_max
    long long memory_high
    long long swap_max
    long long resident
    long long swap
    long long refs
    long long id_refs
    long long zswap_max
    long long zswap_bytes
    long long zswapped
    long long zswap_incomp
    long long device_bytes
    long long saved_peak
    long long saved_low
    long long saved_high
    long long nonresident_age
    long long activations
    long long activations_seen
    long long stat_activations
    long long stat_inactive
    long long stat_active
    int objcg_memcg
    int reclaim_iter
    long long zswpwb_proactive_b
