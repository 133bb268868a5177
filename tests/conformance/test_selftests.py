"""The kernel's own tests of zswap, tools/testing/selftests/cgroup/test_zswap.c, as traces with the same assertions.

Each test here has the name of the kernel's. Where a program there fills memory, here new pages are written; where it
ends, they are discarded. Simpler everywhere: a program is nothing but these pages (the kernel charges its stack and its
page tables besides), and pages are 4096 bytes. A release that has the feature is held to a test that was written later,
too.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from zswap_replay.codec.base import get_codec
from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay.loop import replay
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.settings import Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

MB = (1 << 20) // PAGE_SIZE
"""Pages in a megabyte."""
GROUP = "/test_group"

EVERY = tuple(RELEASES)
SHRINKING = tuple(name for name, release in RELEASES.items() if release.memcg_limit_shrinks)
SWITCHED = tuple(name for name, release in RELEASES.items() if release.writeback_switch != "none")
INHERITING = tuple(name for name, release in RELEASES.items() if release.writeback_switch == "hierarchy")
STORING_ALL = tuple(name for name, release in RELEASES.items() if release.stores_incompressible)

# What pages hold: contents of one kind from here on, as many as any test has pages.
RUN = 64 * MB
LETTER = 0
"""One 'a', then zeros: what a program leaves that writes a byte to each page."""
HALF = RUN
"""2048 bytes that count up, then zeros."""
RANDOM = 2 * RUN
HALF_LENGTH = len(get_codec("zstd").compress((bytes(range(256)) * 8).ljust(PAGE_SIZE, b"\0")) or b"")


@cache
def lengths() -> bytes:
    """A file of the lengths of all contents."""
    letter = get_codec("zstd").compress(b"a".ljust(PAGE_SIZE, b"\0")) or b""
    each = np.repeat(np.array([len(letter), HALF_LENGTH, 0], np.int32), RUN)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lengths.parquet"
        write_lengths(path, np.arange(3 * RUN, dtype=np.uint64), each, [None] * (3 * RUN))
        return path.read_bytes()


def ends(
    folder: Path,
    trace: TraceBuilder,
    kernel: str,
    *,
    exclusive_loads: bool = False,
    totalram: int | None = None,
) -> dict[str, Snapshot]:
    """Replay a trace; its snapshots by label."""
    (folder / "lengths.parquet").write_bytes(lengths())
    trace.save(folder / "trace.parquet")
    settings = Settings(
        kernel=kernel,
        lengths=str(folder / "lengths.parquet"),
        exclusive_loads=exclusive_loads,
        totalram=totalram,
    )
    return {
        snapshot.label: snapshot for snapshot in replay(str(folder / "trace.parquet"), settings).snapshots
    }


def zswpwb(snapshot: Snapshot, memcg: str) -> int:
    """The line of memory.stat; a release before 6.8 has no such line, but the event."""
    return snapshot.replay_memcg[memcg]["written_back_pages"]


def limited_group(trace: TraceBuilder, memcg: str, memory_max: str) -> TraceBuilder:
    return trace.memcg_create(memcg).memcg_set(memcg, "memory.max", memory_max)


@pytest.mark.parametrize("kernel", EVERY)
def test_zswap_usage(tmp_path: Path, kernel: str) -> None:
    trace = limited_group(TraceBuilder(), GROUP, "1M").snapshot("before")
    trace.write(GROUP, 0, count=4 * MB, content=LETTER).discard(GROUP, 0, count=4 * MB)

    found = ends(tmp_path, trace, kernel)

    assert found["before"].memcg[GROUP]["zswpout"] < found["end"].memcg[GROUP]["zswpout"]


@pytest.mark.parametrize("kernel", EVERY)
def test_swapin_nozswap(tmp_path: Path, kernel: str) -> None:
    trace = limited_group(TraceBuilder(), GROUP, "24M").memcg_set(GROUP, "memory.zswap.max", 0)
    trace.write(GROUP, 0, count=32 * MB, content=LETTER).read(GROUP, 0, count=32 * MB)

    end = ends(tmp_path, trace, kernel)["end"].memcg[GROUP]

    # the kernel's test looks at memory.swap.peak: here nothing is freed, so use is at its peak in the end
    assert end["memory.swap.current"] >= 8 * MB * PAGE_SIZE
    assert 0 == end["zswpout"]


@pytest.mark.parametrize("kernel", EVERY)
def test_zswapin(tmp_path: Path, kernel: str) -> None:
    trace = limited_group(TraceBuilder(), GROUP, "8M").memcg_set(GROUP, "memory.zswap.max", "max")
    trace.write(GROUP, 0, count=32 * MB, content=LETTER).read(GROUP, 0, count=32 * MB)

    end = ends(tmp_path, trace, kernel)["end"].memcg[GROUP]

    assert end["zswpin"] >= 24 * MB


def attempt_writeback(trace: TraceBuilder, memcg: str) -> TraceBuilder:
    """Store 4 MB, load it all, and reclaim it again with room for half of it in zswap; then the program ends."""
    trace.write(memcg, 0, count=4 * MB, content=HALF).memcg_reclaim(memcg, "4M").snapshot(f"{memcg} stored")
    trace.read(memcg, 0, count=4 * MB).snapshot(f"{memcg} loaded")
    trace.memcg_set(memcg, "memory.zswap.max", 4 * MB * HALF_LENGTH // 2)
    trace.memcg_reclaim(memcg, "4M").snapshot(f"{memcg} reclaimed")
    return trace.discard(memcg, 0, count=4 * MB)


def assert_writeback(found: dict[str, Snapshot], memcg: str, *, enabled: bool) -> None:
    """Pages were written back if and only if they may be."""
    stored, loaded, after = (found[f"{memcg} {label}"] for label in ("stored", "loaded", "reclaimed"))
    assert (4 * MB * HALF_LENGTH, 0) == (stored.memcg[memcg]["memory.zswap.current"], zswpwb(stored, memcg))
    assert (4 * MB, 4 * MB) == (
        loaded.memcg[memcg]["zswpin"],
        loaded.replay_memcg[memcg]["resident_pages"],
    )
    assert (enabled, enabled) == (zswpwb(after, memcg) > 0, after.vmstat["pswpout"] > 0)
    if not enabled:
        # here the write to memory.reclaim fails with EAGAIN: what zswap refuses has to stay in memory
        ours = after.replay_memcg[memcg]
        assert 4 * MB == ours["stored_pages"] + ours["resident_pages"]
        assert 2 * MB < ours["resident_pages"]


@pytest.mark.parametrize("enabled", [True, False], ids=["enabled", "disabled"])
@pytest.mark.parametrize("kernel", SWITCHED)
def test_zswap_writeback(tmp_path: Path, kernel: str, enabled: bool) -> None:
    trace = TraceBuilder().memcg_create(GROUP).memcg_set(GROUP, "memory.zswap.writeback", int(enabled))

    # where a load leaves the entry in zswap the second reclaim has nothing to store: 6.8 needs exclusive loads for it
    found = ends(tmp_path, attempt_writeback(trace, GROUP), kernel, exclusive_loads=kernel == "6.8")

    assert_writeback(found, GROUP, enabled=enabled)


@pytest.mark.parametrize("enabled", [True, False], ids=["enabled", "disabled"])
@pytest.mark.parametrize("kernel", INHERITING)
def test_zswap_writeback_of_a_child(tmp_path: Path, kernel: str, enabled: bool) -> None:
    # the second half of the kernel's test: the child's own switch is on, and the parent's is in effect
    child = f"{GROUP}/child"
    trace = TraceBuilder().memcg_create(GROUP).memcg_set(GROUP, "memory.zswap.writeback", int(enabled))
    trace.memcg_create(child).memcg_set(child, "memory.zswap.writeback", 1)

    assert_writeback(ends(tmp_path, attempt_writeback(trace, child), kernel), child, enabled=enabled)


def two_groups() -> TraceBuilder:
    """A program with 64 MB in a group without a limit on zswap, then one in a group that may have 64K of it."""
    trace = limited_group(TraceBuilder(), "/wb_group", "32M").memcg_set(
        "/wb_group", "memory.zswap.max", "64K"
    )
    limited_group(trace, "/control_group", "32M")
    trace.write("/control_group", 0, count=64 * MB, content=LETTER).snapshot("control")
    return trace.write("/wb_group", 0, count=64 * MB, content=LETTER).discard("/wb_group", 0, count=64 * MB)


@pytest.mark.parametrize("kernel", SHRINKING)
def test_no_invasive_cgroup_shrink(tmp_path: Path, kernel: str) -> None:
    found = ends(tmp_path, two_groups(), kernel)

    assert found["control"].memcg["/control_group"]["zswapped"] >= 1
    assert zswpwb(found["end"], "/wb_group") > 0
    assert 0 == zswpwb(found["end"], "/control_group")


def test_no_invasive_cgroup_shrink_fails_before_the_patch(tmp_path: Path) -> None:
    # the test came with the patch: before, a store at the limit was refused and nothing written back
    end = ends(tmp_path, two_groups(), "6.6")["end"]

    assert (0, 0) == (zswpwb(end, "/wb_group"), zswpwb(end, "/control_group"))
    assert end.replay_memcg["/wb_group"]["memcg_limit_reject"] > 0


@pytest.mark.parametrize("kernel", EVERY)
def test_no_kmem_bypass(tmp_path: Path, kernel: str) -> None:
    # The kernel's test raises min_free_kbytes so that kswapd has something to do. Here there is no kswapd: the group
    # alone has more than RAM, and programs of the root set off the reclaim of its pages.
    totalram = 32 * MB
    trace = TraceBuilder().memcg_create(GROUP).write(GROUP, 0, count=totalram * 5 // 4, content=LETTER)
    for _ in range(20):
        trace.write("/", 0, count=totalram // 20, content=LETTER).discard("/", 0, count=totalram // 20)

    end = ends(tmp_path, trace, kernel, totalram=totalram * PAGE_SIZE)["end"]

    stored = end.zswap["stored_pages"]
    assert stored > totalram // 5
    assert stored - end.memcg[GROUP]["zswapped"] // PAGE_SIZE < stored // 4


def random_pages() -> TraceBuilder:
    """4 MB of random bytes, within memory.max, paged out with MADV_PAGEOUT."""
    trace = limited_group(TraceBuilder(), GROUP, "32M")
    return trace.write(GROUP, 0, count=4 * MB, content=RANDOM).pageout(GROUP, 0, count=4 * MB)


@pytest.mark.parametrize("kernel", STORING_ALL)
def test_zswap_incompressible(tmp_path: Path, kernel: str) -> None:
    # the kernel's test reads zswap_incomp of memory.stat, which came with 7.1; debugfs has the sum of all memcgs
    end = ends(tmp_path, random_pages(), kernel)["end"]

    assert 4 * MB == end.zswap["stored_incompressible_pages"] == end.memcg[GROUP]["zswpout"]
    if kernel == "7.1":
        assert 4 * MB * PAGE_SIZE == end.memcg[GROUP]["zswap_incomp"]


@pytest.mark.parametrize("kernel", sorted(set(EVERY) - set(STORING_ALL)))
def test_zswap_incompressible_fails_where_they_are_refused(tmp_path: Path, kernel: str) -> None:
    end = ends(tmp_path, random_pages(), kernel)["end"]

    assert (0, 4 * MB) == (end.memcg[GROUP]["zswpout"], end.replay["compress_reject"])
    assert 4 * MB == end.vmstat["pswpout"]
