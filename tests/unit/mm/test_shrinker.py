from __future__ import annotations

from pathlib import Path

from zswap_replay.mm.zswap import SHRINK_STOP
from zswap_replay.replay.loop import Replay
from zswap_replay.settings import Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace


def stored_and_loaded(folder: Path, stored: int, loaded: int) -> Replay:
    """A 6.8 machine of which the ``loaded`` oldest of ``stored`` entries have their pages in memory."""
    path = str(folder / "trace.parquet")
    trace = TraceBuilder().write("/a", 0, count=stored).pageout("/a", 0, count=stored)
    trace.read("/a", 0, count=stored).pageout("/a", loaded, count=stored - loaded).save(path)
    replay = Replay(open_trace(path), path, Settings(kernel="6.8", shrinker_enabled=True), lambda text: None)
    replay.result(0, None, lambda done, total: None)
    return replay


def test_in_6_8_a_walk_goes_on_behind_a_page_that_is_in_memory(tmp_path: Path) -> None:
    zswap = stored_and_loaded(tmp_path, 40, 3).machine.zswap
    entries = zswap.pools.current.lru.list_lru_count_one(0, 1)
    assert SHRINK_STOP == zswap.shrinker.zswap_shrinker_scan(zswap, 0, 1, 8)
    assert (3, 5) == (zswap.reject_reclaim_fail, zswap.written_back_pages)
    assert entries - 5 == zswap.pools.current.lru.list_lru_count_one(0, 1)


def test_in_6_8_a_scan_of_more_than_there_is_is_not_held_to_be_protected(tmp_path: Path) -> None:
    zswap = stored_and_loaded(tmp_path, 10, 0).machine.zswap
    entries = zswap.pools.current.lru.list_lru_count_one(0, 1)
    assert entries == zswap.shrinker.zswap_shrinker_scan(zswap, 0, 1, entries + 5)
