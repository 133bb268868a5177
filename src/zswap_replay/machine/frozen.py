"""The state of a machine as plain data: a document of names and numbers, and arrays beside it.

Each object of the compiled core gives its attributes, and takes them, through what Cython makes for copies of it; here
they are written down by class, so that a document makes nothing but objects of the core, and runs no code of its own.
An attribute more or less is another layout, and a document of another layout is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pickle import PickleError
from typing import Any

import numpy as np
import numpy.typing as npt

from zswap_replay import lib, mm
from zswap_replay.lib.columns import Records, grown
from zswap_replay.machine.exact_lru import ExactLru
from zswap_replay.machine.look_ahead import LookAhead
from zswap_replay.machine.machine import Machine
from zswap_replay.machine.memcg_paths import MemcgPaths
from zswap_replay.mm.release_changes import release_of
from zswap_replay.mm.releases import Release

Array = npt.NDArray[Any]

_MOST_ATTRIBUTES = 100
"""Attributes that no class has more of: what a state lacks is None, which no attribute of C's types takes."""

_PLAIN = (bool, int, str, type(None))


class UnfitStateError(ValueError):
    """A document that no machine of this core was written down in."""


def freeze(machine: Machine, outside: Mapping[int, str]) -> tuple[dict[str, Any], list[Array]]:
    """Write down a compiled machine between two events; the arrays are views of its own until it goes on.

    ``outside`` has, by their id(), the names of objects that are no part of it.
    """
    return _Writer(outside).document(machine)


def thaw(document: Any, arrays: Sequence[Array], outside: Mapping[str, object]) -> Machine:
    """Make the machine that ``freeze`` wrote down, with objects from outside by their names.

    Raises UnfitStateError: another core wrote it, or it was changed.
    """
    try:
        machine = _Reader(document, arrays, outside).machine()
    except PickleError:
        raise UnfitStateError("its layout is that of another version") from None
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnfitStateError(" ".join(str(error).split()) or type(error).__name__) from None
    if not isinstance(machine, Machine):
        raise UnfitStateError("it is no machine")
    return machine


@cache
def _classes() -> dict[str, type]:
    """Return the classes of the compiled core by name."""
    import pkgutil

    found: dict[str, type] = {}
    modules = [
        f"{package.__name__}.{module.name}"
        for package in (lib, mm)
        for module in pkgutil.iter_modules(package.__path__)
    ]
    beside = (Machine, ExactLru, LookAhead, MemcgPaths)
    for name in (*modules, *(each.__module__ for each in beside)):
        for each in vars(import_module(name)).values():
            if isinstance(each, type) and each.__module__ == name and hasattr(each, "__setstate_cython__"):
                found[_name(each)] = each
    return found


def _name(kind: type) -> str:
    return f"{kind.__module__.partition('.')[2]}.{kind.__qualname__}"


def _state(thing: Any) -> tuple[int, Sequence[Any]]:
    """Return the layout of an object's attributes, a number, and the attributes."""
    _, (_, layout, held), *rest = thing.__reduce_cython__()
    return layout, rest[0] if rest else held


class _Writer:
    """Numbers objects in the order in which they are met, and writes down what each holds."""

    def __init__(self, outside: Mapping[int, str]) -> None:
        self.outside = outside
        self.numbers: dict[int, int] = {}
        self.objects: list[Any] = []
        self.arrays: list[Array] = []

    def document(self, machine: Machine) -> tuple[dict[str, Any], list[Array]]:
        self._number(machine)
        written = [self._object(thing) for thing in self.objects]
        return {"objects": written}, self.arrays

    def _number(self, first: Any) -> None:
        """Give a number to all objects that can be reached."""
        waiting = [first]
        while waiting:
            thing = waiting.pop()
            if isinstance(thing, list | tuple):
                waiting.extend(thing)
            elif _name(type(thing)) in _classes() and not (
                id(thing) in self.outside or id(thing) in self.numbers
            ):
                self.numbers[id(thing)] = len(self.objects)
                self.objects.append(thing)
                if not isinstance(thing, Records):
                    waiting.extend(_state(thing)[1])

    def _object(self, thing: Any) -> dict[str, Any]:
        if isinstance(thing, Records):
            self.arrays.append(thing.array)
            fields = {"fields": thing.fields, "size": thing.size, "array": len(self.arrays) - 1}
            return {"class": _name(Records), **fields}
        layout, held = _state(thing)
        return {"class": _name(type(thing)), "layout": layout, "state": [self._value(each) for each in held]}

    def _value(self, value: Any) -> Any:
        if isinstance(value, _PLAIN):
            return value
        if id(value) in self.outside:
            return {"outside": self.outside[id(value)]}
        if id(value) in self.numbers:
            return {"object": self.numbers[id(value)]}
        if isinstance(value, Release):
            return {"release": value.name}
        if isinstance(value, list):
            return [self._value(each) for each in value]
        if isinstance(value, dict):  # PteTables.found
            return {"table": [[*key, number] for key, number in value.items()]}
        return self._column(np.asarray(value))

    def _column(self, column: Array) -> dict[str, Any]:
        """Write down a column: itself, or as the view of records that it is."""
        for number, records in enumerate(self.objects):
            if isinstance(records, Records):
                offset = _address(column) - _address(records.array)
                if 0 <= offset < records.array.nbytes:
                    return {"records": number, "field": _field_at(records, offset, column.dtype)}
        self.arrays.append(column)
        return {"array": len(self.arrays) - 1}


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _field_at(records: Records, offset: int, dtype: np.dtype[Any]) -> str | None:
    """Return the field that a column shows of records; None for the records themselves."""
    if dtype.itemsize == records.dtype.itemsize:
        return None
    fields: Any = records.dtype.fields
    name: str = next(name for name, field in fields.items() if field[1] == offset)
    return name


class _Reader:
    """Makes all objects first, and gives them then what they hold, each other among it."""

    def __init__(self, document: Any, arrays: Sequence[Array], outside: Mapping[str, object]) -> None:
        self.written = list(document["objects"])
        self.arrays = arrays
        self.outside = outside
        self.objects = [self._made(each) for each in self.written]

    def machine(self) -> Any:
        for thing, written in zip(self.objects, self.written, strict=True):
            if isinstance(thing, Records):
                continue
            held = tuple(self._value(each) for each in written["state"])
            thing.__setstate_cython__(held + (None,) * _MOST_ATTRIBUTES)
        return self.objects[0]

    def _made(self, written: Any) -> Any:
        kind = _classes()[written["class"]]
        if kind is not Records:
            # as Cython does it for copies, which refuses another layout
            return getattr(import_module(kind.__module__), f"__pyx_unpickle_{kind.__name__}")(
                kind, written["layout"], None
            )
        records = Records(int(written["size"]), written["fields"])
        records.array[:] = self._array(written["array"], records.dtype)
        return records

    def _array(self, number: int, dtype: np.dtype[Any] | None = None) -> Array:
        array = self.arrays[number]
        if array.ndim != 1 or (dtype is not None and array.dtype != dtype):
            raise UnfitStateError(f"array {number} has another shape or type")
        return array

    def _value(self, value: Any) -> Any:
        if isinstance(value, _PLAIN):
            return value
        if isinstance(value, list):
            return [self._value(each) for each in value]
        ((kind, what), *_) = value.items()
        match kind:
            case "outside":
                return self.outside[what]
            case "object":
                return self.objects[what]
            case "release":
                return release_of(what)
            case "records":
                records, field = self.objects[what], value["field"]
                return records.array if field is None else records.view(field)
            case "table":
                return {tuple(map(int, key)): int(number) for *key, number in what}
            case "array":
                array = self._array(what)
                return grown(array.data, len(array))
        raise UnfitStateError(f"it has a {kind!r}")
