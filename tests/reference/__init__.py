"""A second model of zswap, an object for each entry, to hold the first one against.

It is written from the descriptions of the kernels (docs, and the notes of the recorded runs in tests/conformance), and
shares nothing with the package but the names of events and counters: no code, no data structure, no table of rules. It
is plain and slow. Where the two disagree, the recorded runs and the kernel's sources say who is right.

It knows everything that a trace can ask for but reclaim: memory.max, memory.high, memory.reclaim and total RAM.
"""
