"""Measure some pages: the work that is handed to a process, and what comes back; bytes stay where it is done."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import thread_time_ns
from typing import Final

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.base import Codec, get_codec
from zswap_replay.errors import CodecError, VerificationError
from zswap_replay.lib.length_index import NORMAL, SAME_FILLED, ZERO_FILLED
from zswap_replay.memory.source import PageRun
from zswap_replay.units import PAGE_SIZE

CHUNK: Final = 256
"""Pages that are measured at a time: some ten milliseconds."""

ENTROPY_CLASSES: Final = 8
"""Classes of entropy, a bit per byte wide each."""

_WORD: Final = 8
_DIGEST: Final = 16


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with pages: where they are read from, and what compresses them."""

    path: str
    live: bool
    """Whether it is the memory of a process, which may end, or unmap what is read."""
    compressors: tuple[str, ...]
    kernel: str
    key: bytes
    """Of the hash by which equal pages are found: another one each time, so that no hash means anything elsewhere."""


@dataclass(slots=True)
class Measured:
    """What was found of some pages, an item of each array for each page in the order of their places."""

    place: npt.NDArray[np.uint64]
    kind: npt.NDArray[np.uint8]
    """NORMAL, ZERO_FILLED or SAME_FILLED of ``lib.length_index``."""
    length: npt.NDArray[np.int32]
    """By compressor and page: bytes, 0 where the compressor refuses the page; 0 of pages that are not NORMAL."""
    entropy: npt.NDArray[np.uint8]
    """Whole bits of entropy per byte, 0 to 7; that of a page of text is 4."""
    digest: npt.NDArray[np.uint64]
    """Two words for each NORMAL page."""
    compress_ns: npt.NDArray[np.int64]
    """Processor time by compressor, of the NORMAL pages."""
    decompress_ns: npt.NDArray[np.int64]
    unread: int
    """Pages that could not be read."""
    ended: bool
    """Whether the process is gone."""


def measure_runs(work: Work, runs: Sequence[PageRun]) -> Measured:
    """Read pages and measure them. Raises CodecError, VerificationError: a page does not come back as it was."""
    try:
        descriptor = os.open(work.path, os.O_RDONLY)
    except OSError:
        if not work.live:
            raise
        return _of_pages(work, np.empty(0, np.uint64), b"", sum(run.pages for run in runs), ended=True)
    try:
        places, parts, unread, ended = [], [], 0, False
        for run in runs:
            for first, data in _read(descriptor, run, live=work.live):
                if data is None:
                    unread += 1
                elif not data:
                    ended = True
                    break
                else:
                    parts.append(data)
                    places.append(np.arange(first, first + len(data) // PAGE_SIZE, dtype=np.uint64))
            if ended:
                break
    finally:
        os.close(descriptor)
    place = np.concatenate([np.empty(0, np.uint64), *places])
    return _of_pages(work, place, b"".join(parts), unread, ended=ended)


def _read(descriptor: int, run: PageRun, *, live: bool) -> list[tuple[int, bytes | None]]:
    """Read a run of pages: a place and the bytes of some pages, None of one that cannot be read, empty at an end."""
    try:
        data = os.pread(descriptor, run.pages * PAGE_SIZE, run.offset)
    except OSError:
        if run.pages == 1:
            return [(run.place, None)]
        data = None
    if data is not None and len(data) == run.pages * PAGE_SIZE:
        return [(run.place, data)]
    if data is not None and not data:
        return [(run.place, b"" if live else None)]
    if data is not None and not live:  # the end of a file, whose last page may lack bytes
        whole = -(-len(data) // PAGE_SIZE)
        return [(run.place, data.ljust(whole * PAGE_SIZE, b"\0"))]
    found: list[tuple[int, bytes | None]] = []
    for number in range(run.pages):
        one = PageRun(run.place + number, run.offset + number * PAGE_SIZE, 1)
        found += _read(descriptor, one, live=live)
    return found


def _of_pages(
    work: Work, place: npt.NDArray[np.uint64], data: bytes, unread: int, *, ended: bool
) -> Measured:
    words = np.frombuffer(data, "<u8").reshape(len(place), PAGE_SIZE // _WORD)
    same = (words == words[:, :1]).all(axis=1)
    kind = np.where(same, np.where(words[:, 0] == 0, ZERO_FILLED, SAME_FILLED), NORMAL).astype(np.uint8)
    normal = np.flatnonzero(kind == NORMAL).tolist()
    pages = [data[at * PAGE_SIZE : (at + 1) * PAGE_SIZE] for at in normal]
    length = np.zeros((len(work.compressors), len(place)), np.int32)
    compress_ns, decompress_ns = (np.zeros(len(work.compressors), np.int64) for _ in range(2))
    for row, spec in enumerate(work.compressors):
        codec = _codec(spec, work.kernel)
        start = thread_time_ns()
        packed = [codec.compress(page) for page in pages]
        done = thread_time_ns()
        try:
            unpacked = [None if each is None else codec.decompress(each) for each in packed]
        except CodecError as error:
            raise VerificationError(f"{spec}: a page does not come back as it was: {error}") from None
        decompress_ns[row] = thread_time_ns() - done
        compress_ns[row] = done - start
        if any(each is not None and each != page for each, page in zip(unpacked, pages, strict=True)):
            raise VerificationError(f"{spec}: a page does not come back as it was")
        length[row, normal] = [0 if each is None else len(each) for each in packed]
    entropy = np.zeros(len(place), np.uint8)
    entropy[normal] = _entropy(np.frombuffer(data, np.uint8).reshape(len(place), PAGE_SIZE)[normal])
    digests = b"".join(hashlib.blake2b(page, digest_size=_DIGEST, key=work.key).digest() for page in pages)
    digest = np.frombuffer(digests, np.uint64).reshape(len(pages), 2)
    return Measured(place, kind, length, entropy, digest, compress_ns, decompress_ns, unread, ended)


_codec = lru_cache(maxsize=32)(get_codec)


def _entropy(pages: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the whole bits of entropy per byte of each page, by how often each byte occurs in it."""
    if not len(pages):
        return np.empty(0, np.uint8)
    start = np.arange(len(pages), dtype=np.int64)[:, None] * 256
    counts = np.bincount((pages + start).ravel(), minlength=256 * len(pages)).reshape(len(pages), 256)
    bits = np.log2(PAGE_SIZE) - _n_log_n()[counts].sum(axis=1) / PAGE_SIZE
    whole: npt.NDArray[np.uint8] = np.clip(bits, 0, ENTROPY_CLASSES - 1).astype(np.uint8)
    return whole


@lru_cache(maxsize=1)
def _n_log_n() -> npt.NDArray[np.float64]:
    numbers = np.arange(PAGE_SIZE + 1, dtype=np.float64)
    return numbers * np.log2(np.maximum(numbers, 1))


def same_filled_length(codec: Codec, *, zero: bool) -> int:
    """Return a compressor's length of a page of zeros, or of one of some other word, the same for all of them."""
    word = bytes(_WORD) if zero else bytes(range(1, _WORD + 1))
    data = codec.compress(word * (PAGE_SIZE // _WORD))
    return 0 if data is None else len(data)
