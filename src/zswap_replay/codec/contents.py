# cython: boundscheck=True, wraparound=True
"""Contents: what the kernel model asks of the world outside it, a compressed length for a content id.

The compressed bytes are kept while their entry lives, so that every load can be checked against what was
stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import add, attrgetter, sub
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final, Literal

import cython

from zswap_replay.errors import CodecError
from zswap_replay.lib.length_index import CLASS_SHIFT, NORMAL, SAME_FILLED, ZERO_FILLED
from zswap_replay.payload.classes import CLASS_NAMES, OTHER
from zswap_replay.payload.source import GeneratedPages
from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zswap_replay.codec.base import Codec
    from zswap_replay.payload.source import PageSource

CLASSES: Final = ("", *CLASS_NAMES, OTHER)
"""Payload classes by that number; 0 is a class that is not known."""

Verify = Literal["all", "sample", "off"]

HASH = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
TOP_FOUR = cython.declare(cython.ulonglong, 0xF << 60)
PAGE = cython.declare(cython.longlong, PAGE_SIZE)
_GROW: Final = 1024
MOST_FAULTS: Final = 10
"""Contents that a report of mismatches names."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Nanoseconds spent, and how often. Making a page again in order to compare it counts as payload."""

    payload_ns: int
    compress_ns: int
    decompress_ns: int
    compress_calls: int
    decompress_calls: int

    def __add__(self, other: Timing) -> Timing:
        """Return both together."""
        return Timing(*map(add, _parts(self), _parts(other)))

    def __sub__(self, before: Timing) -> Timing:
        """Return what was spent since ``before``."""
        return Timing(*map(sub, _parts(self), _parts(before)))


NO_TIME: Final = Timing(0, 0, 0, 0, 0)

# not dataclasses.astuple(), which copies each number
_parts = attrgetter(*Timing.__slots__)


@dataclass(slots=True)
class ClassTally:
    """What became of the pages of one payload class."""

    name: str
    stored: int = 0
    """Pages kept, compressed or as they are."""
    same_filled: int = 0
    refused: int = 0
    bytes_out: int = 0
    """Bytes kept for the stored pages."""

    @property
    def pages(self) -> int:
        """Pages given to the compressor, or kept as they are."""
        return self.stored + self.refused

    @property
    def bytes_in(self) -> int:
        """Uncompressed bytes of the stored pages."""
        return self.stored * PAGE_SIZE

    @property
    def ratio(self) -> float | None:
        """Bytes in over bytes out; None where nothing was stored."""
        return self.bytes_in / self.bytes_out if self.bytes_out else None


def is_compared(content: cython.ulonglong, verify: Verify) -> bool:
    """Tell whether `verify` asks that a page be compared with what comes back of it."""
    return verify == "all" or (verify == "sample" and content * HASH & TOP_FOUR == 0)


def kind_of(word: int | None) -> int:
    """Return the kind of a page: zero-filled, filled with another word of 8 bytes, or (None) with no one word."""
    if word is None:
        return NORMAL
    return SAME_FILLED if word else ZERO_FILLED


_CLASS_BITS: Final = {name: number << CLASS_SHIFT for number, name in enumerate(CLASSES)}


def kind_and_class(word: int | None, name: str) -> int:
    """Pack what a length table holds of a content beside its length: its kind, and its class by number."""
    return kind_of(word) | _CLASS_BITS[name]


class _Tally:
    """A ClassTally as it grows."""

    def __init__(self) -> None:
        self.stored = 0
        self.same_filled = 0
        self.refused = 0
        self.bytes_out = 0


class Contents:
    """Makes, compresses, keeps and checks pages for the model.

    An entry is an integer of the model's choosing: the index of its page. `verify` says which loads are compared with
    the page made again: all, a sample of 1 in 16 by a hash of the content id, or none (off: the bytes are only
    decompressed).
    """

    def __init__(self, source: PageSource, codec: Codec, verify: Verify = "all") -> None:
        self.codec = codec
        self.mismatches = 0
        """Loads whose page was not what went in."""
        self._faults: dict[int, str] = {}
        # Its own pages it can compare in place. What a subclass makes must be asked for.
        self._generated = source if type(source) is GeneratedPages else None
        self._page = source.page
        self._class_of = source.class_of
        self._fill = source.same_filled
        self._compress = codec.compress
        self._decompress = codec.decompress
        self._kept: list[bytes | None] = []
        self._raw: set[int] = set()
        self._compares = verify != "off"
        # Of those that may be compared, the loads are whose hash has none of these bits.
        self._unsampled = TOP_FOUR if verify == "sample" else 0
        self._tallies: dict[str, _Tally] = {}
        self._payload_ns = 0
        self._compress_ns = 0
        self._decompress_ns = 0
        self._compress_calls = 0
        self._decompress_calls = 0

    def same_filled(self, content: int) -> int:
        """Tell whether one word fills the page. 0: no; 1: the page is zero; 2: another 8-byte word fills it."""
        return kind_of(self._fill(content))

    def kind_and_class(self, content: int) -> int:
        """Pack what the length table holds of a content beside its length: `same_filled`, and its class by number."""
        return kind_and_class(self._fill(content), self._class_of(content))

    def count_same_filled(self, content: int) -> None:
        """Count a page that was stored as same-filled, without memory."""
        tally: _Tally = self._tally(self._class_of(content))
        tally.same_filled += 1

    def zswap_compress(self, entry: cython.Py_ssize_t, content: int) -> int:
        """Compress a content and keep the bytes under `entry`; return their number, 1 to 4096.

        0: the compressor refuses the page, and nothing is kept. Raises LookupError: something is kept there already.
        """
        start: cython.longlong = perf_counter_ns()
        page = self._page(content)
        made: cython.longlong = perf_counter_ns()
        data = self._compress(page)
        self._compress_ns += perf_counter_ns() - made
        self._payload_ns += made - start
        self._compress_calls += 1
        length: cython.int = 0
        if data is not None:
            self._keep(entry, data)
            length = len(data)
        self._count(self._class_of(content), length)
        return length

    def keep_raw(self, entry: cython.Py_ssize_t, content: int) -> None:
        """Keep the 4096 bytes of a content under `entry` as they are. Raises LookupError as zswap_compress() does."""
        start: cython.longlong = perf_counter_ns()
        page = self._page(content)
        self._payload_ns += perf_counter_ns() - start
        self._keep(entry, page)
        self._raw.add(entry)
        self._count(self._class_of(content), PAGE)

    def zswap_decompress(self, entry: cython.Py_ssize_t, content: int) -> None:
        """Decompress what is kept under `entry` and, as `verify` says, compare it with its content.

        Where the bytes are not that page, or not a page at all, ``mismatches`` counts it and ``fault`` names it.
        Raises LookupError: nothing is kept there.
        """
        data = self._kept[entry]
        if data is None:
            raise LookupError(f"entry {entry} is loaded, but nothing is kept under it")
        compares: cython.bint = self._compares and not (self._unsampled and self._left_out(content))
        generated = self._generated
        start: cython.longlong = perf_counter_ns()
        now: cython.longlong = start
        if self._raw and entry in self._raw:
            page = data
        else:
            try:
                page = self._decompress(data)
            except CodecError as error:
                self._note_mismatch(content, f"does not decompress: {error}")
                return
            now = perf_counter_ns()
            self._decompress_ns += now - start
            self._decompress_calls += 1
        if not compares:
            return
        same: cython.bint
        if generated is not None:
            same = generated.holds(content, page)
        else:
            same = page == self._page(content)
        self._payload_ns += perf_counter_ns() - now
        if not same:
            self._note_mismatch(content, "came back from the pool with other bytes")

    def free(self, entry: cython.Py_ssize_t) -> None:
        """Drop what is kept under `entry`. Raises LookupError: nothing is, so it was freed twice."""
        if self._kept[entry] is None:
            raise LookupError(f"entry {entry} is freed, but nothing is kept under it")
        self._kept[entry] = None
        if self._raw:
            self._raw.discard(entry)

    @property
    def timing(self) -> Timing:
        """Time spent so far; no counter depends on it."""
        return Timing(
            self._payload_ns,
            self._compress_ns,
            self._decompress_ns,
            self._compress_calls,
            self._decompress_calls,
        )

    @property
    def fault(self) -> str:
        """Which contents did not come back as they went in, in one line; empty where all did."""
        if not self._faults:
            return ""
        named = [f"content {content} {what}" for content, what in self._faults.items()]
        more = "" if len(named) <= MOST_FAULTS else ", and others"
        return f"{self.codec.name}: {', '.join(named[:MOST_FAULTS])}{more}"

    def class_ratios(self) -> list[ClassTally]:
        """Return what became of the pages of each class met so far, by the class's name."""
        rows = []
        for name in sorted(self._tallies):
            tally: _Tally = self._tallies[name]
            rows.append(ClassTally(name, tally.stored, tally.same_filled, tally.refused, tally.bytes_out))
        return rows

    def state(self) -> tuple[dict[str, Any], list[bytes | None]]:
        """Return all that loads and reports depend on, as plain numbers and texts, and the bytes kept by entry."""
        numbers = {
            "mismatches": self.mismatches,
            "faults": [[content, what] for content, what in self._faults.items()],
            "raw": sorted(self._raw),
            "tallies": [
                [row.name, row.stored, row.same_filled, row.refused, row.bytes_out]
                for row in self.class_ratios()
            ],
        }
        return numbers, self._kept

    def restore(self, numbers: Mapping[str, Any], kept: Sequence[bytes | None]) -> None:
        """Take what ``state`` returned, also of another process. Raises LookupError, TypeError, ValueError."""
        self.mismatches = numbers["mismatches"]
        self._faults = {int(content): str(what) for content, what in numbers["faults"]}
        self._raw = {int(entry) for entry in numbers["raw"]}
        self._kept = list(kept)
        for name, stored, same_filled, refused, bytes_out in numbers["tallies"]:
            tally: _Tally = self._tally(str(name))
            tally.stored = stored
            tally.same_filled = same_filled
            tally.refused = refused
            tally.bytes_out = bytes_out

    def _left_out(self, content: cython.ulonglong) -> cython.bint:
        """Tell whether a sample lets a content's loads pass without a comparison."""
        return content * HASH & self._unsampled != 0

    def _keep(self, entry: cython.Py_ssize_t, data: bytes) -> None:
        kept = self._kept
        if entry >= len(kept):
            kept.extend([None] * (entry - len(kept) + _GROW))
        elif kept[entry] is not None:
            raise LookupError(f"entry {entry} is stored, but something is kept under it already")
        kept[entry] = data

    def _count(self, name: str, length: cython.int) -> None:
        """Count a page of a class that was stored in ``length`` bytes, or refused: 0."""
        tally: _Tally = self._tally(name)
        tally.refused += not length
        tally.stored += length > 0
        tally.bytes_out += length

    def _tally(self, name: str) -> _Tally:
        tally = self._tallies.get(name)
        if tally is None:
            tally = self._tallies[name] = _Tally()
        return tally

    def _note_mismatch(self, content: int, what: str) -> None:
        """Count a page that did not come back as it went in, and keep the first few contents for the report."""
        self.mismatches += 1
        if content not in self._faults and len(self._faults) <= MOST_FAULTS:
            self._faults[content] = what
