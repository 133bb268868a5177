"""Lengths that one replay has found, for the next ones of the same payload."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zswap_replay.codec.length_table import LengthTable
from zswap_replay.codec.lengths_file import KnownLengths, read_lengths
from zswap_replay.lib.length_index import Lengths


class LengthMemo:
    """Lengths that one replay found and the next ones, of the same payload, need not find again.

    A codec runs once on each content: what a replay learns is known from its end on. Pages whose length was known are
    not compressed, so that there is nothing to decompress and compare; no counter depends on that.

    A memo is for one replay at a time: its tables grow.

    A compressor goes by its codec.base.lengths_key() here, so that kernels with other lengths can share a memo.
    """

    def __init__(self, before: LengthMemo | None = None) -> None:
        """Begin with the files that a memo ``before`` this one has read."""
        self._known: dict[str, Lengths] = {}
        self._learned: dict[str, Lengths] = {}
        # by compressor, what became known, in parts, each with the size before it
        self._parts: dict[str, list[tuple[int, LengthTable]]] = {}
        self._files: dict[str, tuple[KnownLengths, dict[str, Lengths]]] = (
            dict(before._files) if before else {}
        )

    def known(self, compressor: str) -> Lengths:
        """Give the lengths known under a compressor."""
        return self._known.setdefault(compressor, Lengths())

    def learned(self, compressor: str) -> Lengths:
        """Give the lengths that the replay under way has found."""
        return self._learned.setdefault(compressor, Lengths())

    def add(self, compressor: str, table: LengthTable) -> None:
        """Take in what has been found under a compressor; what is known already stays."""
        known = self.known(compressor)
        new = known.unknown(_writable(table)[0])
        table = LengthTable(table.content[new], table.length[new], table.kind[new])
        parts = self._parts.setdefault(compressor, [])
        before = known.size
        parts.append((before, table))
        known.add_all(*_writable(table))

    def settle(self) -> None:
        """Keep what a replay that has ended has learned."""
        for compressor, known in self._known.items():
            self._note_found_ahead(compressor, known)
        for compressor, table in self._learned.items():
            self.add(compressor, LengthTable(*table.columns()))
        self._learned = {}

    def _note_found_ahead(self, compressor: str, known: Lengths) -> None:
        """Note as a part what other processes have found, which stands among the known lengths alone."""
        parts = self._parts.setdefault(compressor, [])
        before = parts[-1][0] + len(parts[-1][1].content) if parts else 0
        if known.size > before:
            noted = LengthTable.joined(table for _, table in parts)
            content, length, kind = known.columns()
            new = np.isin(content, noted.content, invert=True)
            parts.append((before, LengthTable(content[new], length[new], kind[new])))

    def sizes(self) -> dict[str, int]:
        """Count the contents that are known, by compressor."""
        return {compressor: table.size for compressor, table in self._known.items()}

    def tables(self, since: Mapping[str, int] | None = None) -> dict[str, LengthTable]:
        """Copy what is known, by compressor, as plain arrays that can be sent to another process.

        With ``since``, which ``sizes()`` gave, without the compressors that have learned nothing after that.
        """
        first = since or {}
        return {
            compressor: LengthTable.joined(
                table
                for before, table in self._parts.get(compressor, ())
                if before >= first.get(compressor, 0)
            )
            for compressor, known in self._known.items()
            if since is None or known.size > first.get(compressor, 0)
        }

    def update(self, tables: Mapping[str, LengthTable]) -> None:
        """Take in tables of another memo that has learned from the same payload; what is known already stays."""
        for compressor, table in tables.items():
            self.add(compressor, table)

    def file(self, path: str) -> tuple[KnownLengths, dict[str, Lengths]]:
        """Give a file of known lengths, read the first time, and the tables made of it so far. Raises CodecError."""
        if path not in self._files:
            self._files[path] = read_lengths(path), {}
        return self._files[path]


def index_of(known: LengthTable) -> Lengths:
    """Make the table that the model looks lengths up in."""
    table = Lengths()
    table.add_all(*_writable(known))
    return table


def _writable(table: LengthTable) -> tuple[memoryview, memoryview, memoryview]:
    """Return the columns as the core takes them; those from a network may be read-only or cut out of others."""
    content, length, kind = (
        np.require(column, requirements=["C", "W"]) for column in (table.content, table.length, table.kind)
    )
    return content.data, length.data, kind.data
