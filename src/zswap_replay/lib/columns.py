"""Columns: flat arrays of integers, or of C structs, so that a page is an index into them.

What is touched together stands together: a page that faults costs one cache line and not ten.
"""

import mmap
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import cython
import numpy as np

Column = memoryview
"""A flat, typed, writable array. Compiled it is a C array; interpreted its items are Python's own integers."""

INT, UINT, LONGLONG, ULONGLONG, UCHAR, USHORT = "i", "I", "q", "Q", "B", "H"

if not cython.compiled:  # compiled, it is the C macro of the .pxd

    def prefetch(address: object) -> None:
        """Ask for the memory at an address, which will be needed, without waiting for it."""


_LINE = 64
"""Bytes of a cache line; each array begins at one."""

_LARGE = 1 << 20
"""Bytes from which on an array is not left to the allocator, which may keep what was freed."""


def column(size: int, code: str, fill: int = 0) -> Column:
    """Make a column of ``size`` items of the C type ``code``, all of them ``fill``.

    Zeros cost no memory until they are written to.
    """
    items = _zeros(size, np.dtype(code))
    if fill:
        items[:] = fill
    return items.data


def grown(old: Column, size: int, fill: int = 0) -> Column:
    """Return a copy of ``old`` with room for ``size`` items, the new ones ``fill``."""
    items = np.asarray(old)
    new = _zeros(size, items.dtype)
    new[: len(items)] = items
    if fill:
        new[len(items) :] = fill
    return new.data


def _zeros(size: int, dtype: "np.dtype[Any]") -> "np.ndarray[Any, Any]":
    """Return an array of zeros; a large one has memory of its own, which is given back when the array is gone."""
    if size * dtype.itemsize < _LARGE:
        memory = np.zeros(size * dtype.itemsize + _LINE, np.uint8)
        first = -memory.__array_interface__["data"][0] % _LINE
        return memory[first : first + size * dtype.itemsize].view(dtype)
    return np.frombuffer(_pages(size * dtype.itemsize), dtype=dtype)


def _pages(size: int) -> mmap.mmap:
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


Fields = Mapping[str, "str | Fields"]
"""The fields of a struct and their types, as the .pxd declares them.

``4i`` is an array of four of the type ``i``; a struct within the struct has fields of its own.
"""


class Records:
    """A column of structs: ``array[index].field``; or of integers, where ``fields`` is their C type.

    It grows where it is, and costs memory where it is written to.
    """

    def __init__(self, size: int, fields: "Fields | str") -> None:
        self.fields = fields
        self.size = 0
        self.array: Any = None
        self.make: Any = None
        if cython.compiled:
            self.dtype = _struct(fields)
            self.memory = _pages(size * self.dtype.itemsize)
        else:
            self.array = []
            self.make = _maker(fields)
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
            self.array.extend(self.make() for _ in range(size - self.size))
        self.size = size

    def forget(self, first: int, count: int) -> None:
        """Let ``count`` structs hold anything from here on; many of them cost no memory until they are written to."""
        if cython.compiled and hasattr(mmap, "MADV_DONTNEED"):
            size = self.dtype.itemsize
            begin = (first * size + mmap.PAGESIZE - 1) // mmap.PAGESIZE * mmap.PAGESIZE
            end = (first + count) * size // mmap.PAGESIZE * mmap.PAGESIZE
            if end - begin >= _LARGE:
                self.memory.madvise(mmap.MADV_DONTNEED, begin, end - begin)

    def view(self, field: str) -> Any:
        """Return one field of every struct."""
        return self.array[field] if cython.compiled else [getattr(record, field) for record in self.array]

    def values(self, field: str, count: int) -> list[int]:
        """Return one field of the first ``count`` structs; ``lru.prev`` is a field of the struct ``lru`` inside."""
        records = self.array[:count]
        if not cython.compiled:
            return [attrgetter(field)(record) for record in records]
        for name in field.split("."):
            records = records[name]
        return [int(value) for value in records]


def _struct(fields: "Fields | str") -> "np.dtype[Any]":
    if isinstance(fields, str):
        return np.dtype(fields)
    return np.dtype(
        [(name, _struct(kind)) for name, kind in fields.items()],
        align=True,
    )


def _maker(fields: "Fields | str") -> Callable[[], Any]:
    """Return what makes a struct, all of it 0, where there is no C: a class that has the fields as slots."""
    if isinstance(fields, str):
        return int

    def fill(record: Any) -> None:
        for name, inner in structs:
            setattr(record, name, inner())
        for name in numbers:
            setattr(record, name, 0)
        for name, size in arrays:
            setattr(record, name, [0] * size)

    structs = [(name, _maker(kind)) for name, kind in fields.items() if not isinstance(kind, str)]
    numbers = [name for name, kind in fields.items() if isinstance(kind, str) and len(kind) == 1]
    arrays = [(name, int(kind[:-1])) for name, kind in fields.items() if isinstance(kind, str) and kind[1:]]
    return type("Struct", (), {"__slots__": tuple(fields), "__init__": fill})
