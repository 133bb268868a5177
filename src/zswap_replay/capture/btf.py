"""The kernel's own description of its types, BTF: where members of structs are, and what functions take.

Models the format of Documentation/bpf/btf.rst as far as the probes need it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from zswap_replay.errors import SettingsError

_MAGIC = 0xEB9F
_HEADER = 24
"""Bytes of the header that all versions have."""
_INT, _PTR, _ARRAY, _STRUCT, _UNION, _ENUM, _FWD, _TYPEDEF = range(1, 9)
_VOLATILE, _CONST, _RESTRICT, _FUNC, _FUNC_PROTO, _VAR, _DATASEC, _FLOAT, _DECL_TAG, _TYPE_TAG, _ENUM64 = (
    range(9, 20)
)
_ONCE = {_INT: 4, _ARRAY: 12, _VAR: 4, _DECL_TAG: 4}
_EACH = {_STRUCT: 12, _UNION: 12, _ENUM: 8, _FUNC_PROTO: 8, _DATASEC: 12, _ENUM64: 12}
"""Bytes that follow a type, once or for each of its members."""
_QUALIFIERS = (_VOLATILE, _CONST, _RESTRICT, _TYPE_TAG)
_LAST_KIND = _ENUM64


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a function takes: its name, and its type as C spells it, without const: ``struct folio *``."""

    name: str
    type: str
    by_value: bool = False
    """Whether it is a struct itself, and no pointer."""


@dataclass(frozen=True, slots=True)
class Prototype:
    """A function's parameters, and the type that it returns: ``_Bool``, ``int``."""

    parameters: tuple[Parameter, ...]
    returns: str


class Btf:
    """The types of a kernel, read from ``/sys/kernel/btf/vmlinux`` or a copy of it."""

    def __init__(self, data: bytes, name: str) -> None:
        """Take the bytes of the file called ``name``. Raises SettingsError: they are no BTF, or of a later kind."""
        self.name = name
        self._data = data
        try:
            self._order = ">" if data[:2] == b"\xeb\x9f" else "<"
            magic, _, _, length, types, types_length, strings, strings_length = struct.unpack_from(
                f"{self._order}HBBIIIII", data
            )
        except struct.error:
            magic = 0
        if magic != _MAGIC or length < _HEADER:
            raise SettingsError(
                f"{name}: found {data[:4].hex() or 'nothing'}; expected BTF, as of /sys/kernel/btf/vmlinux"
            )
        self._types = (length + types, length + types + types_length)
        self._strings = (length + strings, length + strings + strings_length)
        if max(self._types[1], self._strings[1]) > len(data):
            raise SettingsError(
                f"{name}: found {len(data):,} bytes; expected {max(self._types[1], self._strings[1]):,}"
            )
        self._named: dict[tuple[int, int], int] = {}
        self._offsets = self._find_types()

    def _find_types(self) -> list[int]:
        """Find where each type begins, and structs and functions by their names; the type 0 is void."""
        offsets = [0]
        at, end = self._types
        read = struct.Struct(f"{self._order}II4x").unpack_from
        while at < end:
            name, info = read(self._data, at)
            kind = info >> 24 & 0x1F
            if not 0 < kind <= _LAST_KIND:
                raise SettingsError(
                    f"{self.name}: found a type of the kind {kind}; expected 1 to {_LAST_KIND}"
                )
            if kind in (_STRUCT, _FUNC):
                self._named.setdefault((kind, name), len(offsets))
            offsets.append(at)
            at += 12 + _ONCE.get(kind, 0) + _EACH.get(kind, 0) * (info & 0xFFFF)
        return offsets

    def _find(self, kind: int, name: str) -> int | None:
        """Find a struct or function; each string is in the table once, so that its place stands for it."""
        begin, end = self._strings
        at = self._data.find(b"\0" + name.encode() + b"\0", begin, end)
        return None if at < 0 else self._named.get((kind, at + 1 - begin))

    def _head(self, number: int) -> tuple[int, int, int]:
        """Return a type's kind, its number of members (with the flag of bit fields at bit 16), and what it is of."""
        _, info, of = struct.unpack_from(f"{self._order}III", self._data, self._offsets[number])
        return info >> 24 & 0x1F, (info & 0xFFFF) | (info >> 31) << 16, of

    def _name(self, number: int) -> str:
        (at,) = struct.unpack_from(f"{self._order}I", self._data, self._offsets[number])
        return self._string(at)

    def _string(self, at: int) -> str:
        begin = self._strings[0] + at
        return self._data[begin : self._data.index(b"\0", begin)].decode("ascii", "replace")

    def offset(self, of: str, *names: str) -> int | None:
        """Return the byte at which a struct has a member, of which the first name that it knows is taken.

        A name may lead into members: ``css.cgroup``. Members without a name are looked through. None: there is none.
        """
        number = self._find(_STRUCT, of)
        if number is None:
            return None
        return next((at for name in names if (at := self._path(number, name.split("."))) is not None), None)

    def _path(self, number: int, names: list[str]) -> int | None:
        total = 0
        for name in names:
            found = self._member(number, name)
            if found is None:
                return None
            total += found[0]
            number = found[1]
        return total

    def _member(self, number: int, wanted: str) -> tuple[int, int] | None:
        """Return a member's byte and its type."""
        number = self._bare(number, _TYPEDEF)
        if not number:
            return None
        kind, count, _ = self._head(number)
        if kind not in (_STRUCT, _UNION):
            return None
        bits = 0xFFFFFF if count >> 16 else 0xFFFFFFFF
        for each in range(count & 0xFFFF):
            at, of, place = struct.unpack_from(
                f"{self._order}III", self._data, self._offsets[number] + 12 + 12 * each
            )
            name, byte = self._string(at), (place & bits) // 8
            if name == wanted:
                return byte, of
            if not name and (found := self._member(of, wanted)) is not None:
                return byte + found[0], found[1]
        return None

    def _bare(self, number: int, *also: int) -> int:
        """Return a type without its qualifiers."""
        while number:
            kind, _, of = self._head(number)
            if kind not in _QUALIFIERS and kind not in also:
                break
            number = of
        return number

    def function(self, name: str) -> Prototype | None:
        """Return a function's prototype; None where the kernel has none of that name, or has it inlined only."""
        number = self._find(_FUNC, name)
        if number is None:
            return None
        proto = self._head(number)[2]
        _, count, returns = self._head(proto)
        parameters = []
        for each in range(count & 0xFFFF):
            at, of = struct.unpack_from(f"{self._order}II", self._data, self._offsets[proto] + 12 + 8 * each)
            bare = self._bare(of, _TYPEDEF)
            by_value = bare != 0 and self._head(bare)[0] in (_STRUCT, _UNION)
            parameters.append(Parameter(self._string(at), self._spelled(of), by_value))
        return Prototype(tuple(parameters), self._spelled(self._bare(returns, _TYPEDEF)))

    def _spelled(self, number: int) -> str:
        number = self._bare(number)
        if not number:
            return "void"
        kind, _, of = self._head(number)
        if kind == _PTR:
            inner = self._spelled(of)
            return f"{inner}*" if inner.endswith("*") else f"{inner} *"
        prefix = {_STRUCT: "struct ", _UNION: "union ", _FWD: "struct ", _ENUM: "enum "}.get(kind, "")
        return prefix + self._name(number)
