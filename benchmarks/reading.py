"""Reading a trace alone: decoding, checking, and the digest of its rows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from unittest.mock import patch

from benchmarks.lines import Line, Section, Target
from benchmarks.measure import take_turns, timed
from zswap_replay import open_trace
from zswap_replay.trace import reader
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.digest import Digests

DIGEST = Target(0.1)


class _NoDigest:
    """In the place of the digests: it takes no time."""

    def __init__(self, *, sha256: bool) -> None:
        pass

    def update(self, batch: Batch) -> None:
        """Do nothing."""

    def digests(self, paths: list[str]) -> Digests:
        """Return what no trace has."""
        return Digests("", None)

    def close(self) -> None:
        """Do nothing."""


def add_lines(section: Section, name: str, files: dict[str, Path], rounds: int) -> None:
    """Add to a section what the digest that a replay takes costs, by format."""
    for form, path in files.items():
        seconds = take_turns(
            rounds,
            {
                "with": partial(timed, partial(_read, path)),
                "without": partial(timed, partial(_read_without, path)),
            },
        )
        shares = _shares(zip(seconds["with"], seconds["without"], strict=True))
        section.lines.append(Line(f"{name}, {form}, the digest's part of reading", shares, DIGEST))


def _read(path: Path) -> None:
    found = open_trace(path)
    found.with_sha256 = False
    for _ in found.batches():
        pass


def _read_without(path: Path) -> None:
    with patch.object(reader, "TraceDigest", _NoDigest):
        _read(path)


def _shares(pairs: Iterable[tuple[float, float]]) -> tuple[float, ...]:
    return tuple(1 - without / whole for whole, without in pairs)
