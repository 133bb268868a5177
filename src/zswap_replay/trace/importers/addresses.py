"""Traces from plain lists of addresses: a line each, as text, with or without what the access is."""

from __future__ import annotations

import os
import re
from typing import Literal

import numpy as np
import numpy.typing as npt

from zswap_replay.trace.importing.accesses import READ, WRITE
from zswap_replay.trace.importing.job import Common, Imported, Job, Progress, importing
from zswap_replay.trace.importing.lines import Block, blocks
from zswap_replay.trace.importing.owners import Owners
from zswap_replay.trace.importing.source import Where
from zswap_replay.trace.importing.window import Window
from zswap_replay.units import PAGE_SIZE

_SHIFT = np.uint64(PAGE_SIZE.bit_length() - 1)
_SPLIT = re.compile(rb"[\s,;:|]+")
_DECIMAL = re.compile(rb"[0-9]+")
_EXPECTED = "an address, or an address with r or w before or behind it"

_WORDS = {
    **dict.fromkeys(
        (b"r", b"read", b"readd", b"readi", b"l", b"ld", b"load", b"i", b"ifetch", b"0", b"2"), READ
    ),
    **dict.fromkeys((b"w", b"write", b"s", b"st", b"store", b"m", b"modify", b"1"), WRITE),
}
"""Words for the access, in small letters; 0, 1 and 2 are those of dinero."""

Base = Literal["auto", "16", "10"]


def import_addresses(
    lines: Where,
    output: str | os.PathLike[str],
    *,
    base: Base = "auto",
    unit: Literal["bytes", "pages"] = "bytes",
    event: str = "read",
    step_ns: int = 1000,
    window: int = 0,
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn a list of addresses (`unit` bytes), or of page numbers (`unit` pages), into the trace `output`.

    Numbers with 0x are hexadecimal. Others are of the `base`; where that is ``auto`` the first line decides:
    hexadecimal if it has a letter, else decimal. A word before or after the number tells reads from writes (r, w,
    load, store, and dinero's 0, 1, 2); without one the access is an `event`. Further columns are passed over. Empty
    lines and those that begin with # are no accesses. `window` is as in import_lackey(); 0 keeps each access.

    Raises TraceError: a line that cannot be read, or no access at all; SettingsError: an output that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(lines, common, "addresses") as job:
        found = _Addresses(job, base, WRITE if event == "write" else READ)
        owner = Owners(job).of(None)
        shift = _SHIFT if unit == "bytes" else np.uint64(0)
        seen = Window(window)
        accesses = 0
        for block in blocks(job.source):
            address, events, line = found.parse(block)
            step = job.times(np.arange(accesses, accesses + len(address), dtype=np.uint64), step_ns)
            accesses += len(address)
            job.read = found.lines
            keep = seen.kept(address >> shift, events)
            job.write(step[keep], events[keep], address[keep] >> shift, owner.memcg, line[keep])
            job.tell()
        if window:
            job.counts["folded"] = accesses - job.given
        return job.finish("an address in each line")


class _Addresses:
    """The lines of an input, block by block."""

    def __init__(self, job: Job, base: Base, event: int) -> None:
        self._job = job
        self._base = 0 if base == "auto" else int(base)
        self._event = event
        self.lines = 0

    def parse(
        self, block: Block
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Return the addresses of a block, their accesses and their lines. Raises TraceError."""
        lines = block.lines()
        self.lines = block.first + len(lines) - 1
        if not self._base:
            self._base = self._guessed(lines)
        try:
            # int() takes spaces, a sign and underscores too, which the slow way refuses
            if b"_" in block.data or b"-" in block.data or b"+" in block.data:
                raise ValueError
            base = self._base or 10
            address = np.array([int(line, base) for line in lines], np.uint64)
            return (
                address,
                np.full(len(lines), self._event, np.int32),
                np.arange(block.first, block.first + len(lines), dtype=np.int64),
            )
        except (ValueError, OverflowError):
            return self._slowly(block, lines)

    def _slowly(
        self, block: Block, lines: list[bytes]
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        addresses: list[int] = []
        events: list[int] = []
        numbers: list[int] = []
        for number, line in enumerate(lines, block.first):
            text = line.strip()
            if not text or text.startswith((b"#", b"//")):
                continue
            found = self._line(text)
            if found is None:
                if block.unfinished:
                    self._job.cut_off = True
                    continue
                kind = {10: "decimal ", 16: "hexadecimal "}.get(self._base, "")
                other = {10: " (--base 16: hexadecimal)", 16: " (--base 10: decimal)"}.get(self._base, "")
                expected = _EXPECTED.replace("an address,", f"a {kind}address,", 1) if kind else _EXPECTED
                raise self._job.fault(number, line, expected + other)
            addresses.append(found[0])
            events.append(found[1])
            numbers.append(number)
        return np.array(addresses, np.uint64), np.array(events, np.int32), np.array(numbers, np.int64)

    def _line(self, text: bytes) -> tuple[int, int] | None:
        """Return the address and the access of a line; None where it has none."""
        words = _SPLIT.split(text)
        if len(words) == 1:
            address = self._number(words[0])
            return None if address is None else (address, self._event)
        first, second = words[0].lower(), words[1].lower()
        if first in _WORDS and (address := self._number(second)) is not None:
            return address, _WORDS[first]
        if (address := self._number(first)) is None:
            return None
        if second in _WORDS:
            return address, _WORDS[second]
        return (address, self._event) if self._number(second) is not None else None

    def _number(self, word: bytes) -> int | None:
        hexadecimal = word[:2].lower() == b"0x"
        base = 16 if hexadecimal else self._base or 10
        try:
            value = int(word, base) if b"_" not in word and word[:1] not in b"+-" else -1
        except ValueError:
            return None
        return value if 0 <= value < 1 << 64 else None

    def _guessed(self, lines: list[bytes]) -> int:
        """Return the base of the numbers without 0x, as the first of them tells; 0 where there is none yet."""
        for line in lines:
            text = line.strip()
            if not text or text.startswith((b"#", b"//")):
                continue
            words = [word for word in _SPLIT.split(text) if word.lower() not in _WORDS or len(text) < 2]
            if not words:
                return 0
            if words[0][:2].lower() == b"0x":
                return 16
            return 10 if _DECIMAL.fullmatch(words[0]) else 16
        return 0
