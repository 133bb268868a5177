"""Data structures that know nothing of the kernel: what lib/ is to Linux, over columns of integers."""
