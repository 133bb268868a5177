"""One night on a small server under six kernels: traces/story.parquet, and what docs/story.md says of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.documents import assert_table, markdown
from tests.conformance.story import ACTS, BATCH, DB, DB_LIMIT, DB_PAGES, JOB_PAGES, ROUND, STORY, WEB, save
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay.loop import replay
from zswap_replay.result.snapshot import Snapshot, difference
from zswap_replay.settings import Settings
from zswap_replay.trace.reader import open_trace

Figure = Callable[[Snapshot], int]

BEFORE = ("6.6",)
FIRST_LOOK = ("patch-v4", "6.8")
SECOND_CHANCE = ("6.12", "6.18", "7.1")
LENGTH = dict.fromkeys(RELEASES, 2031) | dict.fromkeys(("6.18", "7.1"), 2009)
"""What zstd makes of every page: that of 6.18 and 7.1 is another one."""
AT_LIMIT = {kernel: -(-DB_LIMIT // length) for kernel, length in LENGTH.items()}
"""Entries of /db that fill its limit: the last one comes in while the others leave room for a byte."""


@cache
def acts(kernel: str) -> dict[str, Snapshot]:
    """What one release counted within each act."""
    taken = {snapshot.label: snapshot for snapshot in replay(str(STORY), Settings(kernel=kernel)).snapshots}
    found = {}
    for earlier, label in zip((None, *ACTS[:-1]), ACTS, strict=True):
        found[label] = difference(taken[label], taken[earlier]) if earlier else taken[label]
    return found


def written_back(*memcgs: str) -> Figure:
    """Entries of some memcgs that were written back."""
    return lambda act: sum(act.replay_memcg[memcg]["written_back_pages"] for memcg in memcgs)


def written_back_of_root(act: Snapshot) -> int:
    """Entries that were the root's own when they were written back."""
    return written_back("/")(act) - written_back(WEB, DB, BATCH, "/idle")(act)


def refused_at_limit(act: Snapshot) -> int:
    return act.replay_memcg[DB]["memcg_limit_reject"]


def refused_pool_full(act: Snapshot) -> int:
    return act.replay["pool_limit_reject"]


FIGURES: tuple[tuple[str, str, Figure], ...] = (
    ("limit", "/db refused at its limit", refused_at_limit),
    ("limit", "/db written back", written_back(DB)),
    ("full", "refused, pool full", refused_pool_full),
    ("full", "/web written back", written_back(WEB)),
    ("full", "/db written back", written_back(DB)),
    ("full", "/batch written back", written_back(BATCH)),
    ("sleepers", "refused, pool full", refused_pool_full),
    ("sleepers", "written back, of all", written_back("/")),
    ("removed", "refused, pool full", refused_pool_full),
    ("removed", "the job's written back", written_back_of_root),
    ("removed", "/web written back", written_back(WEB)),
    ("removed", "/db written back", written_back(DB)),
    ("removed", "/batch written back", written_back(BATCH)),
    ("removed", "writebacks that failed", lambda act: act.zswap["reject_reclaim_fail"]),
    ("morning", "/web loaded from zswap", lambda act: act.vmstat["zswpin"]),
    ("morning", "/web read from the disk", lambda act: act.replay_memcg[WEB]["pswpin"]),
)


def story_table() -> str:
    """The table of docs/story.md."""
    rows = []
    shown = ""
    for label, title, figure in FIGURES:
        act = f"**{label}** " if label != shown else ""
        shown = label
        rows.append([f"{act}{title}", *(f"{figure(acts(kernel)[label])}" for kernel in RELEASES)])
    return markdown(["", *RELEASES], rows)


def test_the_committed_trace_is_the_story(tmp_path: Path) -> None:
    save(tmp_path / "story.parquet")

    expected, committed = open_trace(tmp_path / "story.parquet"), open_trace(STORY)
    for reader in (expected, committed):
        assert sum(map(len, reader.batches())) == reader.num_rows
    assert expected.metadata == committed.metadata
    assert expected.digest == committed.digest


def test_the_page_shows_what_the_replay_gives() -> None:
    assert_table("story.md", "the story", story_table())


def test_every_release_is_told_apart() -> None:
    missing = [name for name in RELEASES if name not in (*BEFORE, *FIRST_LOOK, *SECOND_CHANCE)]
    assert not missing, f"{', '.join(missing)} in BEFORE, FIRST_LOOK or SECOND_CHANCE"


@pytest.mark.parametrize("kernel", RELEASES)
def test_every_page_has_one_length_and_two_share_a_page(kernel: str) -> None:
    act = acts(kernel)["limit"]

    assert LENGTH[kernel] * act.zswap["stored_pages"] == act.replay["compressed_bytes"]
    assert 4096 * -(-act.zswap["stored_pages"] // 2) == act.zswap["pool_total_size"]
    # 129 entries are 261,999 bytes, a page below the limit; the 130th comes in still, and then it is full
    assert (131 if kernel in ("6.18", "7.1") else 130) == AT_LIMIT[kernel]
    assert AT_LIMIT[kernel] * LENGTH[kernel] == act.memcg[DB]["memory.zswap.current"]


@pytest.mark.parametrize("kernel", BEFORE)
def test_before_the_patch_a_limit_refuses_and_the_pool_takes_the_oldest_of_anybody(kernel: str) -> None:
    limit, full = acts(kernel)["limit"], acts(kernel)["full"]

    assert (DB_PAGES - 130, 0) == (refused_at_limit(limit), written_back("/")(limit))
    # three runs of 44: /web, which was there first, loses everything, and who crowds the pool loses nothing
    assert (3, 3 * 44) == (full.replay["shrink_worker_runs"], written_back("/")(full))
    assert (100, 32, 0) == (written_back(WEB)(full), written_back(DB)(full), written_back(BATCH)(full))


@pytest.mark.parametrize("kernel", FIRST_LOOK)
def test_the_patch_writes_back_the_limits_own_pages_and_the_pools_by_turns(kernel: str) -> None:
    limit, full = acts(kernel)["limit"], acts(kernel)["full"]

    assert (0, DB_PAGES - 130) == (refused_at_limit(limit), written_back(DB)(limit))
    assert written_back("/")(limit) == written_back(DB)(limit)
    turns = [written_back(memcg)(full) for memcg in (WEB, DB, BATCH)]
    assert max(turns) - min(turns) <= 1


@pytest.mark.parametrize("kernel", SECOND_CHANCE)
def test_the_second_chance_turns_accepted_stores_into_refusals(kernel: str) -> None:
    limit, full = acts(kernel)["limit"], acts(kernel)["full"]

    # 130 refusals clear 130 bits, 130 stores each have an entry written back, and the last ten clear bits again
    entries = AT_LIMIT[kernel]
    assert (DB_PAGES - entries - entries, entries) == (refused_at_limit(limit), written_back(DB)(limit))
    # 170 looks at each of three memcgs: at 100 + 120 + 170 of them a bit is cleared, and the others write back
    drained = {"6.12": (170 - 100, 170 - 120, 170 - 170)} | dict.fromkeys(("6.18", "7.1"), (72, 47, 3))
    assert drained[kernel] == tuple(written_back(memcg)(full) for memcg in (WEB, DB, BATCH))
    assert (100 + 120 + 170) // 16 < full.replay["shrink_worker_runs"]


@pytest.mark.parametrize("kernel", RELEASES)
def test_empty_memcgs_cost_the_worker_its_retries_until_6_12(kernel: str) -> None:
    act = acts(kernel)["sleepers"]

    runs, written = act.replay["shrink_worker_runs"], written_back("/")(act)
    if kernel in FIRST_LOOK:
        # 44 failures a round and 16 a run: hardly a page for each store that is refused
        assert 1 < written / runs < 1.2
        assert refused_pool_full(act) > ROUND / 3
    else:
        assert written / runs > 10
        assert refused_pool_full(act) < ROUND / 10


@pytest.mark.parametrize("kernel", RELEASES)
def test_the_entries_of_a_removed_memcg_go_first(kernel: str) -> None:
    act = acts(kernel)["removed"]

    # on the one LRU of 6.6 they are the youngest but for those of /batch, and wait for those of /web
    assert JOB_PAGES == written_back_of_root(act)
    if kernel == "6.6":
        assert 100 == written_back(WEB)(act)


def test_a_dead_memcg_stops_the_worker_of_6_8_for_good() -> None:
    act = acts("6.8")["removed"]

    assert JOB_PAGES + 1 == written_back("/")(act)
    refused_by_others = [refused_pool_full(acts(kernel)["removed"]) for kernel in RELEASES if kernel != "6.8"]
    assert refused_pool_full(act) > max(refused_by_others)
    # each refusal wakes the worker, and after the job's own entries every run is in vain
    assert refused_pool_full(act) == act.replay["shrink_worker_runs"]


@pytest.mark.parametrize("kernel", RELEASES)
def test_in_the_morning_every_page_comes_back_from_somewhere(kernel: str) -> None:
    act = acts(kernel)["morning"]

    assert 200 == act.vmstat["pgmajfault"] == act.vmstat["zswpin"] + act.replay_memcg[WEB]["pswpin"]
    assert (kernel in FIRST_LOOK) == (act.vmstat["zswpin"] > 0)
