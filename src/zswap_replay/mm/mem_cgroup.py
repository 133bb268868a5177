"""What is known of a memcg, in three cache lines. Models struct mem_cgroup, include/linux/memcontrol.h.

A fault, a store and reclaim touch most of these fields of one memcg. In a column each they were some 25 cache lines,
which thousands of memcgs had to wait for; the lines of a struct can be asked for before they are needed.
"""

from zswap_replay.lib.columns import INT, LONGLONG, UCHAR, Fields

MEMCG: Fields = {
    # the first line: who it is, its limits in pages, and what it is charged, descendants included, in pages
    "parent": INT,
    "online": UCHAR,
    "zswap_writeback": UCHAR,
    "is_changed": UCHAR,
    "memory_max": LONGLONG,
    "memory_high": LONGLONG,
    "swap_max": LONGLONG,
    "resident": LONGLONG,
    "swap": LONGLONG,
    "refs": LONGLONG,
    "id_refs": LONGLONG,
    # the second: its entries, descendants' included
    "zswap_max": LONGLONG,
    "zswap_bytes": LONGLONG,
    "zswapped": LONGLONG,
    "zswap_incomp": LONGLONG,
    "device_bytes": LONGLONG,
    "saved_peak": LONGLONG,
    "saved_low": LONGLONG,
    "saved_high": LONGLONG,
    # the third: what reclaim goes by
    "nonresident_age": LONGLONG,
    "activations": LONGLONG,
    "activations_seen": LONGLONG,
    "stat_activations": LONGLONG,
    "stat_inactive": LONGLONG,
    "stat_active": LONGLONG,
    "objcg_memcg": INT,
    "reclaim_iter": INT,
    "zswpwb_proactive_b": LONGLONG,
}
"""The fields, as the .pxd has them; -1 stands for no limit and for no memcg.

Of the tree: ``refs`` is what keeps a dead memcg: pages charged to it, swap slots that name it, children, the worker's
cursor. ``id_refs`` are the swap slots among them: as long as there is one, more can come, also after its death.
``objcg_memcg`` is by objcg, which is numbered as the memcg that it was made for: whom it belongs to now, after that
one's death the parent.

Of zswap: ``device_bytes`` is what a swap device holds in RAM, where that is charged, as no kernel does. ``saved_peak``
is the most bytes saved; ``saved_low`` and ``saved_high`` are own changes in bytes times their ns, the lower LOW_BITS
and the others (memcg_savings.py). ``zswpwb_proactive_b`` are compressed bytes that proactive writeback took.

Of reclaim: ``nonresident_age`` counts pages that left the inactive list (workingset.py); ``activations`` those of pages
that came back in time: now, when reclaim last looked at the statistics, and, with the lengths of the lists, at the last
flush (memcg_stat.py); ``is_changed``: that flush changed them since reclaim looked. ``reclaim_iter`` is, where the
limit at work is this memcg's, the memcg below it that a round came to last (vmscan.py).
"""
