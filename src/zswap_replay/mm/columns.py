"""Columns: one array per field, so that a page or an entry is an index and the hot loop touches integers alone."""

import numpy as np

Column = memoryview
"""A flat, typed, writable array. Compiled it is a C array; interpreted its items are Python's own integers."""

INT, UINT, LONGLONG, ULONGLONG, UCHAR = "i", "I", "q", "Q", "B"


def column(size: int, code: str, fill: int = 0) -> Column:
    """A new column of ``size`` items of the C type ``code``, all of them ``fill``."""
    return np.full(size, fill, dtype=code).data


def grown(old: Column, size: int, fill: int = 0) -> Column:
    """A copy of ``old`` with room for ``size`` items, the new ones ``fill``."""
    items = np.asarray(old)
    new = np.full(size, fill, dtype=items.dtype)
    new[: len(items)] = items
    return new.data
