"""The kernel model: mm/ of Linux as far as zswap needs it, over columns of integers.

The modules are Cython in pure Python mode. Where they were compiled, the extension modules are imported; where they
were not, or ``ZSWAP_REPLAY_PURE=1`` is set, the same files run interpreted and count the same.
"""
