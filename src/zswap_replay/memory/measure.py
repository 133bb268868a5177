"""Measure memory: all pages of some sources, or a sample of them, on all processors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.base import Codec, get_codec, parse_spec
from zswap_replay.errors import MemorySourceError, SettingsError
from zswap_replay.lib.length_index import NORMAL, SAME_FILLED, ZERO_FILLED
from zswap_replay.lib.splitmix import mix64_each
from zswap_replay.memory.chunk import CHUNK, Measured, Work, measure_runs, same_filled_length
from zswap_replay.memory.crew import answers
from zswap_replay.memory.figures import SourceFigures
from zswap_replay.memory.measurement import Measurement, Times, entropy_classes
from zswap_replay.memory.process import ended
from zswap_replay.memory.source import MOST_SOURCES, SOURCE_SHIFT, PageRun, Source
from zswap_replay.units import PAGE_SIZE, quoted

_WORD: Final = 1 << 64
"""Number of hashes that there are."""
_LONGEST: Final = 32
_AT_A_TIME: Final = 1 << 20
"""Pages whose hashes are made at once."""


def parse_sample(text: str) -> Fraction:
    """Return the share that ``1/16``, ``0.05`` or ``5%`` stands for. Raises SettingsError: none of 0 to 1."""
    try:
        if len(text) > _LONGEST:
            raise ValueError
        share = Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
    except (ValueError, ZeroDivisionError):
        share = Fraction(0)
    if not 0 < share <= 1:
        raise SettingsError(f"{quoted(text)} is not a sample: expected a share such as 1/16, 0.05 or 5%")
    return share


@dataclass(slots=True)
class _Found:
    """What has come of the chunks of all sources so far."""

    content: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    kind: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    length: list[npt.NDArray[np.int32]] = field(default_factory=list)
    entropy: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    digest: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    compress_ns: int | npt.NDArray[np.int64] = 0
    decompress_ns: int | npt.NDArray[np.int64] = 0

    def take(self, part: Measured, number: int) -> None:
        """Take in what was found of some pages of a source."""
        self.content.append(part.place + np.uint64(number << SOURCE_SHIFT))
        self.kind.append(part.kind)
        self.length.append(part.length)
        self.entropy.append(part.entropy)
        self.digest.append(part.digest)
        self.compress_ns = self.compress_ns + part.compress_ns
        self.decompress_ns = self.decompress_ns + part.decompress_ns


def measure(
    sources: Sequence[Source],
    compressors: Sequence[str],
    *,
    kernel: str,
    sample: Fraction = Fraction(1),
    jobs: int = 1,
    notes: Callable[[str], None],
    progress: Callable[[int, int | None, str], None],
) -> Measurement:
    """Measure the pages of sources, or the ``sample`` of them that a hash of their places chooses.

    ``progress`` is told the pages done, those expected in all, and ``pages``. A source that ends, or of which something
    is missing, is measured as far as it goes and says so in its figures.

    Raises MemorySourceError: there is no page to measure, or there are too many sources. CodecError: no such
    compressor. VerificationError: a page does not come back as it was. OSError.
    """
    specs = tuple(dict.fromkeys(parse_spec(name) for name in compressors))
    codecs = {spec: get_codec(spec, kernel) for spec in specs}
    if len(sources) > MOST_SOURCES:
        raise MemorySourceError(f"found {len(sources):,} sources; expected {MOST_SOURCES:,} at most")
    found, figures, key, done = _Found(), [], os.urandom(16), 0
    expected = sum(source.pages for source in sources) or None
    for number, source in enumerate(sources):
        work = Work(source.path, source.kind == "process", specs, kernel, key)
        seen = _Seen()
        tasks = ((work, runs) for runs in _chunks(seen.counted(source.runs()), number, sample))
        for part in answers(measure_runs, tasks, jobs, notes):
            found.take(part, number)
            source.leave_out("that could not be read", part.unread)
            if part.ended and not source.incomplete:
                source.incomplete = ended(source)
            progress(
                done + seen.pages, expected if expected and done + seen.pages <= expected else None, "pages"
            )
        done += seen.pages
        source.close()
        figures.append(
            SourceFigures(source.name, source.kind, seen.pages, dict(source.left_out), source.incomplete)
        )
    return _measurement(found, codecs, kernel, tuple(figures), sample)


@dataclass(slots=True)
class _Seen:
    """How many pages a source had, sampled or not."""

    pages: int = 0

    def counted(self, runs: Iterator[PageRun]) -> Iterator[PageRun]:
        """Yield runs, and count their pages."""
        for run in runs:
            self.pages += run.pages
            yield run


def _chunks(runs: Iterator[PageRun], number: int, sample: Fraction) -> Iterator[list[PageRun]]:
    """Put the pages that are measured into chunks of about the same size."""
    chunk: list[PageRun] = []
    room = CHUNK
    for run in runs if sample == 1 else _sampled(runs, number, sample):
        at = 0
        while at < run.pages:
            pages = min(room, run.pages - at)
            chunk.append(PageRun(run.place + at, run.offset + at * PAGE_SIZE, pages))
            at += pages
            room -= pages
            if not room:
                yield chunk
                chunk, room = [], CHUNK
    if chunk:
        yield chunk


def _sampled(runs: Iterator[PageRun], number: int, sample: Fraction) -> Iterator[PageRun]:
    """Choose pages by a hash of their places: the same ones each time, and more of them for a larger share."""
    last = np.uint64(int(_WORD * sample) - 1)
    for run in runs:
        for start in range(0, run.pages, _AT_A_TIME):
            pages = min(_AT_A_TIME, run.pages - start)
            place = np.arange(run.place + start, run.place + start + pages, dtype=np.uint64)
            chosen = mix64_each(place + np.uint64(number << SOURCE_SHIFT)) <= last
            edges = np.flatnonzero(np.diff(chosen.astype(np.int8), prepend=0, append=0))
            for first, end in zip((edges[::2] + start).tolist(), (edges[1::2] + start).tolist(), strict=True):
                yield PageRun(run.place + first, run.offset + first * PAGE_SIZE, end - first)


def _measurement(
    found: _Found,
    codecs: Mapping[str, Codec],
    kernel: str,
    sources: tuple[SourceFigures, ...],
    sample: Fraction,
) -> Measurement:
    content = np.concatenate([np.empty(0, np.uint64), *found.content])
    if not content.size:
        missing = next((source.incomplete for source in sources if source.incomplete), "")
        raise MemorySourceError(
            missing or f"{sources[0].name}: found no page to measure; expected at least one"
        )
    _, order = np.unique(content, return_index=True)  # segments of a dump may overlap
    kind = np.concatenate(found.kind)
    length = np.concatenate(found.length, axis=1)
    normal = kind == NORMAL
    lengths, times = {}, {}
    for row, (spec, codec) in enumerate(codecs.items()):
        values = length[row]
        for each, zero in ((ZERO_FILLED, True), (SAME_FILLED, False)):
            values[kind == each] = same_filled_length(codec, zero=zero)
        lengths[spec] = values[order]
        times[spec] = _times(found, row, values[normal])
    groups = _groups(np.concatenate(found.digest))
    return Measurement(
        kernel,
        content[order],
        kind[order],
        lengths,
        sources,
        sample,
        1,
        times,
        int((groups - 1).sum()),
        int(groups[groups > 1].sum()),
        int(np.count_nonzero(groups > 1)),
        entropy_classes(
            np.concatenate(found.entropy)[normal],
            {spec: length[row][normal] for row, spec in enumerate(codecs)},
        ),
    )


def _times(found: _Found, row: int, lengths: npt.NDArray[np.int32]) -> Times:
    stored = int(np.count_nonzero(lengths))
    compress, decompress = np.asarray(found.compress_ns), np.asarray(found.decompress_ns)
    return (
        int(compress[row]) / lengths.size if lengths.size else None,
        int(decompress[row]) / stored if stored else None,
    )


def _groups(digest: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return how many pages there are of each content."""
    if not len(digest):
        return np.empty(0, np.int64)
    ordered = digest[np.lexsort((digest[:, 1], digest[:, 0]))]
    first = np.flatnonzero(np.concatenate(([True], (ordered[1:] != ordered[:-1]).any(axis=1))))
    return np.diff(np.append(first, len(ordered)))
