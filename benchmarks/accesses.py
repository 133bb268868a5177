"""Accesses to pages from fixed seeds: as columns, as a trace of ours, and as a trace of libCacheSim's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.encoding import Encoding
from zswap_replay.trace.events import with_ancestors
from zswap_replay.trace.schema import SCHEMA
from zswap_replay.trace.writer import TraceWriter, page_rows

MEMCG = "/a"
MEMCGS = tuple(f"/tenant{number}" for number in range(8))
"""The memcgs of a trace as people have it; a page is one's by its number."""
STEP_NS = 1_000
WRITE_SHARE = 0.3
HOT_SHARE = 0.1
CHUNK = 1 << 20

FAST = Encoding(arrow=False, codec="zstd", level=1)
"""How traces are packed whose reading is not what is measured: a third of the time, and hardly larger."""

Pages = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Accesses:
    """Consecutive accesses: the page, whether it is written, and whether the trace has its content."""

    page: Pages
    write: Flags
    given: Flags
    """True on writes and on the first touch of a page."""

    def __len__(self) -> int:
        return len(self.page)


def zipf(pages: int, events: int) -> Iterator[Pages]:
    """Draw pages by Zipf's law with exponent 1, the popular ones spread over the page numbers."""
    random = np.random.default_rng(1)
    weights = np.cumsum(1 / np.arange(1, pages + 1))
    place = random.permutation(pages).astype(np.uint64)
    for length in _chunks(events):
        yield place[np.searchsorted(weights / weights[-1], random.random(length))]


def scan(pages: int, events: int) -> Iterator[Pages]:
    """Draw half of the accesses from a tenth of the pages at random; the other half scans the rest round and round."""
    random = np.random.default_rng(1)
    hot = int(pages * HOT_SHARE)
    scanned = 0
    for length in _chunks(events):
        page = random.integers(0, hot, length, dtype=np.uint64)
        cold = np.flatnonzero(random.random(length) < 0.5)
        page[cold] = hot + (scanned + np.arange(len(cold), dtype=np.uint64)) % np.uint64(pages - hot)
        scanned += len(cold)
        yield page


PATTERNS: dict[str, Callable[[int, int], Iterator[Pages]]] = {"zipf": zipf, "scan": scan}


def accesses(pattern: str, pages: int, events: int) -> Iterator[Accesses]:
    """Make the accesses of a pattern, in chunks."""
    random = np.random.default_rng(2)
    seen = np.zeros(pages, np.bool_)
    for page in PATTERNS[pattern](pages, events):
        write = random.random(len(page)) < WRITE_SHARE
        first = np.zeros(len(page), np.bool_)
        first[np.unique(page, return_index=True)[1]] = True
        first &= ~seen[page]
        seen[page] = True
        yield Accesses(page, write, write | first)


def joined(chunks: Iterator[Accesses]) -> Accesses:
    """Join all chunks to one."""
    parts = list(chunks)
    return Accesses(
        np.concatenate([part.page for part in parts]),
        np.concatenate([part.write for part in parts]),
        np.concatenate([part.given for part in parts]),
    )


def write_trace(
    path: Path,
    chunks: Iterator[Accesses],
    contents: int,
    memcgs: Sequence[str] = (MEMCG,),
    encoding: Encoding | None = None,
) -> int:
    """Write a trace chunk by chunk, with page modulo ``contents`` as content; return the number of pages it touches.

    Several memcgs take turns at the pages, and each has its own in a row.
    """
    made = 0
    touched = np.zeros(0, np.bool_)
    with TraceWriter(path, encoding=encoding) as writer:
        made_first = TraceBuilder(step_ns=0)
        for memcg in dict.fromkeys(each for path in memcgs for each in with_ancestors(path)):
            made_first.memcg_create(memcg)
        writer.write(made_first.table())
        for chunk in chunks:
            time_ns = (made + np.arange(len(chunk), dtype=np.uint64)) * np.uint64(STEP_NS)
            owner = (chunk.page % np.uint64(len(memcgs))).astype(np.int32)
            number = chunk.page // np.uint64(len(memcgs))
            rows = page_rows(time_ns, chunk.write.astype(np.int32), number, (owner, memcgs))
            content = pa.array(chunk.page % np.uint64(contents), pa.uint64(), mask=~chunk.given)
            place = SCHEMA.get_field_index("content")
            writer.write(rows.set_column(place, SCHEMA.field(place), content))
            made += len(chunk)
            highest = int(chunk.page.max()) + 1
            if highest > len(touched):
                touched = np.append(touched, np.zeros(highest - len(touched), np.bool_))
            touched[chunk.page] = True
    return int(np.count_nonzero(touched))


def write_peer_trace(path: Path, all_: Accesses) -> None:
    """Write an oracleGeneral file, libCacheSim's own binary format; every object has size 1."""
    record = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
    rows = np.zeros(len(all_), record)
    rows["time"] = np.arange(len(all_)) // 1000
    rows["id"] = all_.page + 1
    rows["size"] = 1
    rows["next"] = -2
    rows.tofile(path)


def lengths(contents: int) -> npt.NDArray[np.int32]:
    """Make a compressed length for each content from 0 on: 400 to 3199 bytes."""
    content = np.arange(contents, dtype=np.uint64)
    return (400 + content * np.uint64(2654435761) % np.uint64(2800)).astype(np.int32)


def write_lengths_of(path: Path, contents: int) -> None:
    """Write lengths() of ``contents`` contents to a file for ``--lengths``."""
    write_lengths(path, np.arange(contents, dtype=np.uint64), lengths(contents))


def _chunks(events: int) -> Iterator[int]:
    for first in range(0, events, CHUNK):
        yield min(CHUNK, events - first)
