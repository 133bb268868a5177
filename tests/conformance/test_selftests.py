"""The kernel's own tests of zswap, tools/testing/selftests/cgroup/test_zswap.c, as traces with the same assertions.

Each test here has the name of the kernel's. A program that fills memory is a ``write`` of new pages, its end a
``discard``. Two things are simpler everywhere: a program is nothing but its pages (the kernel also charges its page tables
and its stack), and a release is tested even where its own tree had not got the test yet, if it has the feature.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from zswap_replay.counters import Snapshot
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay import replay
from zswap_replay.settings import Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

MB = 1 << 20
GROUP = "/zswap_test"

EVERY_RELEASE = tuple(RELEASES)
SHRINKS_AT_THE_LIMIT = tuple(name for name, release in RELEASES.items() if release.memcg_limit_shrinks)
HAS_THE_SWITCH = tuple(name for name, release in RELEASES.items() if release.writeback_switch != "none")
INHERITS_THE_SWITCH = tuple(
    name for name, release in RELEASES.items() if release.writeback_switch == "hierarchy"
)
STORES_INCOMPRESSIBLE = tuple(
    name for name, release in RELEASES.items() if release.stores_incompressible
)


def snapshots(folder: Path, trace: TraceBuilder, kernel: str, **settings: str | int) -> dict[str, Snapshot]:
    """Replay a trace; its snapshots by label."""
    path = folder / "trace.parquet"
    trace.save(path)
    known = Settings(**{"kernel": kernel, "recipe": "server", **settings})  # type: ignore[arg-type]
    return {snapshot.label: snapshot for snapshot in replay(str(path), known).snapshots}


def zswpwb(snapshot: Snapshot, memcg: str) -> int:
    """What memory.stat has as zswpwb, in a release before 6.8 what it would have."""
    return snapshot.replay_memcg[memcg]["written_back_pages"]


def group(trace: TraceBuilder, memcg: str, **knobs: str | int) -> TraceBuilder:
    """Make a cgroup and write to its files; underscores stand for the dots of their names."""
    trace.memcg_create(memcg)
    for key, value in knobs.items():
        trace.memcg_set(memcg, key.replace("_", "."), value)
    return trace


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_zswap_usage(tmp_path: Path, kernel: str) -> None:
    # 4 MB are allocated under a memory.max of 1 MB: pages come into zswap
    trace = group(TraceBuilder(), GROUP, memory_max="1M").snapshot("before")
    trace.write(GROUP, 0, count=4 * MB // PAGE_SIZE).discard(GROUP, 0, count=4 * MB // PAGE_SIZE)

    found = snapshots(tmp_path, trace, kernel)

    assert found["end"].memcg[GROUP]["zswpout"] > found["before"].memcg[GROUP]["zswpout"]


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_swapin_nozswap(tmp_path: Path, kernel: str) -> None:
    # 32 MB are written and read under a memory.max of 24 MB with memory.zswap.max 0: 8 MB swapped, none in zswap.
    # memory.swap.peak is not modelled; the use of swap never shrinks here, so that after the reads is no higher
    pages = 32 * MB // PAGE_SIZE
    trace = group(TraceBuilder(), GROUP, memory_max="24M", memory_zswap_max=0)
    trace.write(GROUP, 0, count=pages).read(GROUP, 0, count=pages)

    end = snapshots(tmp_path, trace, kernel)["end"]

    assert end.memcg[GROUP]["memory.swap.current"] >= 8 * MB
    assert 0 == end.memcg[GROUP]["zswpout"]


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_zswapin(tmp_path: Path, kernel: str) -> None:
    # 32 MB are written and read under a memory.max of 8 MB: 24 MB and more come back from zswap.
    # The kernel's pages are all 'a', which 6.8 and before keep without memory; ours are like those of a server, of
    # which a few do not compress and come back from the device, so that the bound is of both
    pages = 32 * MB // PAGE_SIZE
    trace = group(TraceBuilder(), GROUP, memory_max="8M", memory_zswap_max="max")
    trace.write(GROUP, 0, count=pages, content=1).read(GROUP, 0, count=pages)

    end = snapshots(tmp_path, trace, kernel, lengths=str(same_filled(tmp_path, pages)))["end"]

    assert end.memcg[GROUP]["zswpin"] >= 24 * MB // PAGE_SIZE
