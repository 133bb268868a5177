"""The dynamic shrinker, where the kernel's reclaim chooses the pages itself: ranges that recorded runs of 6.12 gave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.conformance.cases import Case, load_cases
from zswap_replay.replay.loop import replay
from zswap_replay.result.snapshot import Snapshot


def recorded(name: str) -> Case:
    return next(case for case in load_cases() if (case.kernel, case.name) == ("6.12", name))


def ended(case: Case, folder: Path, *, shrinker: bool = True) -> Snapshot:
    settings = case.settings(lengths=case.write_lengths(folder))
    if not shrinker:
        settings = replace(settings, shrinker_enabled=False, fixed=frozenset({"shrinker_enabled"}))
    return replay(str(case.write_trace(folder)), settings).end


def test_without_the_shrinker_reclaim_writes_nothing_back(tmp_path: Path) -> None:
    end = ended(recorded("h_shrinker0"), tmp_path)
    assert 0 == end.zswap["written_back_pages"]


def test_proactive_reclaim_writes_back_as_much_as_the_kernel(tmp_path: Path) -> None:
    end = ended(recorded("h_shrinker1"), tmp_path)
    assert 1211 <= end.zswap["written_back_pages"] <= 1452
    assert 0 == end.zswap["reject_reclaim_fail"] == end.zswap["pool_limit_hit"]


def test_a_memcg_under_memory_max_survives_by_writing_back(tmp_path: Path) -> None:
    # four runs of the kernel: 3,960 to 4,140; its memory.max also covers 14 pages of page tables
    end = ended(recorded("h_shrinker1_pressure"), tmp_path)
    assert 0.95 * 3960 <= end.zswap["written_back_pages"] <= 1.05 * 4140
    assert 0 == end.replay["oom"]


def test_the_same_load_without_the_shrinker_is_killed(tmp_path: Path) -> None:
    end = ended(recorded("h_shrinker1_pressure"), tmp_path, shrinker=False)
    assert 0 == end.zswap["written_back_pages"]
    assert end.replay["oom"] > 0
