# constants of the .py, written by tools/constants.py
cpdef enum:
    READ = 0
    WRITE = 1
    PAGEOUT = 2
    DISCARD = 3
    SETTLE = 4
    CONTROL = 5
    SNAPSHOT = 5
    MEMCG_CREATE = 6
    MEMCG_SET = 7
    MEMCG_OFFLINE = 8
    MEMCG_RECLAIM = 9
    PARAM = 10
    WORKER = 11
    SEEN_READS = 12
    NR_EVENT_CODES = 13
