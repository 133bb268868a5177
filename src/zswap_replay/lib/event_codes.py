"""The numbers of a trace's events, in the order in which the core tells them apart."""

import cython

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    # accesses
    READ = 0
    WRITE = 1
    # other events of pages
    PAGEOUT = 2
    DISCARD = 3
    SETTLE = 4
    """The first event that names no page."""
    CONTROL = 5
    """Events from here on are not the machine's: who runs it does what they ask for."""
    SNAPSHOT = 5
    MEMCG_CREATE = 6
    MEMCG_SET = 7
    MEMCG_OFFLINE = 8
    MEMCG_RECLAIM = 9
    PARAM = 10
    # schema 2
    WORKER = 11
    SEEN_READS = 12
    NR_EVENT_CODES = 13
