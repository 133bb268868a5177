"""Columns: flat arrays of integers, or of C structs, so that a page or an entry is an index into them.

What is touched together stands together: a page that faults costs one cache line and not ten.
"""

import mmap
from types import SimpleNamespace
from typing import Any

import cython
import numpy as np

Column = memoryview
"""A flat, typed, writable array. Compiled it is a C array; interpreted its items are Python's own integers."""

INT, UINT, LONGLONG, ULONGLONG, UCHAR = "i", "I", "q", "Q", "B"


def column(size: int, code: str, fill: int = 0) -> Column:
    """A new column of ``size`` items of the C type ``code``, all of them ``fill``.

    Zeros cost no memory until they are written to.
    """
    items = np.zeros(size, dtype=code)
    if fill:
        items[:] = fill
    return items.data


def grown(old: Column, size: int, fill: int = 0) -> Column:
    """A copy of ``old`` with room for ``size`` items, the new ones ``fill``."""
    items = np.asarray(old)
    new = np.zeros(size, dtype=items.dtype)
    new[: len(items)] = items
    if fill:
        new[len(items) :] = fill
    return new.data


Fields = dict[str, "str | Fields"]
"""The fields of a struct and their types, as the .pxd declares them; a struct inside it has fields of its own."""


class Records:
    """A column of structs: ``array[index].field``. It grows where it is, and costs memory where it is written to."""

    def __init__(self, size: int, fields: Fields) -> None:
        self.fields = fields
        self.size = 0
        self.array: Any = None
        if cython.compiled:
            self.dtype = _struct(fields)
            self.memory = mmap.mmap(
                -1, size * self.dtype.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
            )
        else:
            self.array = []
        self.resize(size)

    def resize(self, size: int) -> None:
        """Make room for ``size`` structs, the new ones 0. No view of the column may be held meanwhile."""
        if cython.compiled:
            self.array = None
            if self.size:
                self.memory.resize(size * self.dtype.itemsize)
            if hasattr(mmap, "MADV_HUGEPAGE"):
                # structs are met in no order, and each huge page spares 511 walks of the page table
                self.memory.madvise(mmap.MADV_HUGEPAGE)
            self.array = np.frombuffer(self.memory, dtype=self.dtype)
        else:
            self.array.extend(_object(self.fields) for _ in range(size - self.size))
        self.size = size

    def view(self, field: str) -> Any:
        """One field of every struct."""
        return self.array[field] if cython.compiled else [getattr(record, field) for record in self.array]


def _struct(fields: Fields) -> "np.dtype[Any]":
    return np.dtype(
        [(name, _struct(kind) if isinstance(kind, dict) else np.dtype(kind)) for name, kind in fields.items()],
        align=True,
    )


def _object(fields: Fields) -> SimpleNamespace:
    return SimpleNamespace(
        **{name: _object(kind) if isinstance(kind, dict) else 0 for name, kind in fields.items()}
    )
