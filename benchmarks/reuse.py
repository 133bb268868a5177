"""Miss ratios of `trace info` held against libCacheSim's LRU: ``python -m benchmarks.reuse TRACE...``.

Prints, for each trace and size of the cache, the misses that either counts; the status is 1 where they differ. The
figures in ``tests/unit/trace/test_reuse.py`` come from here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from benchmarks.peer import ABSENT, installed
from zswap_replay.trace.overview import overview
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import Event

SIZES = (1, 7, 50, 128, 300, 1000, 2500)
"""Pages of the caches."""

RECORD = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])


def object_ids(trace: str) -> npt.NDArray[np.uint64]:
    """Number the pages of a trace's accesses from 1 on, a run as its pages one by one."""
    keys = []
    for batch in open_trace(trace).batches():
        rows = np.flatnonzero(batch.event <= Event.WRITE)
        count = batch.count[rows].astype(np.int64)
        first = np.repeat(batch.page[rows], count)
        within = np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
        key = np.empty((len(first), 2), np.uint64)
        key[:, 0], key[:, 1] = np.repeat(batch.memcg[rows], count), first + within.astype(np.uint64)
        keys.append(key)
    _, ids = np.unique(np.concatenate(keys), axis=0, return_inverse=True)
    return ids.astype(np.uint64) + np.uint64(1)


def peer_misses(ids: npt.NDArray[np.uint64], pages: int, folder: Path) -> int:
    """Count the misses of libCacheSim's LRU of so many objects, each of size 1."""
    import libcachesim

    path = folder / "trace.oracleGeneral"
    rows = np.zeros(len(ids), RECORD)
    rows["time"], rows["id"], rows["size"], rows["next"] = np.arange(len(ids)) // 1000, ids, 1, -2
    rows.tofile(path)
    reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.ORACLE_GENERAL_TRACE)
    ratio, _ = libcachesim.LRU(pages).process_trace(reader)
    return round(float(ratio) * len(ids))


def main(traces: Sequence[str]) -> int:
    """Compare traces; return the exit status."""
    if not installed():
        print(ABSENT)
        return 2
    differ = 0
    for trace in traces:
        reuse = overview(trace, open_trace(trace)).profile.reuse
        ids = object_ids(trace)
        with TemporaryDirectory() as folder:
            for pages in SIZES:
                ours = round(reuse.miss_ratio(pages) * reuse.accesses)
                peer = peer_misses(ids, pages, Path(folder))
                differ += ours != peer
                print(f"{trace}\t{pages}\t{ours}\t{peer}\t{'equal' if ours == peer else 'DIFFERS'}")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
