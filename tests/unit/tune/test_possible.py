from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.tune.traces import PAGES, fixed, percent, saved, stores
from zswap_replay.errors import SettingsError
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace
from zswap_replay.tune.goals import parse_constraint
from zswap_replay.tune.possible import check_possible
from zswap_replay.tune.run import tune

COLUMNS = ("replay.accesses", "replay.first_touches", "vmstat.pgmajfault", "vmstat.zswpout")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("accesses<=99", "replay.accesses is 100 under any settings"),
        ("accesses!=100", "replay.accesses is 100 under any settings"),
        ("accesses>100", "replay.accesses is 100 under any settings"),
        ("pgmajfault>100", "vmstat.pgmajfault is at most 100, the accesses of"),
        ("first_touches==101", "replay.first_touches is at most 100"),
    ],
)
def test_what_the_accesses_of_a_trace_rule_out_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert PAGES == 100
    constraints = [parse_constraint(text, COLUMNS)]
    with pytest.raises(SettingsError, match=f"nothing can meet it: {told}"):
        check_possible("t", open_trace(stores(tmp_path)), constraints, whole=True)
    check_possible("t", open_trace(stores(tmp_path)), constraints, whole=False)


def test_what_they_allow_is_not(tmp_path: Path) -> None:
    for text in ("accesses==100", "pgmajfault>=100", "pgmajfault<5", "first_touches!=0", "zswpout>1000"):
        check_possible("t", open_trace(stores(tmp_path)), [parse_constraint(text, COLUMNS)], whole=True)


def test_a_trace_without_pages_is_refused_before_any_replay(tmp_path: Path) -> None:
    path = saved(TraceBuilder().memcg_create("/a").memcg_reclaim("/a", 4096), tmp_path / "none.parquet")
    with pytest.raises(SettingsError, match="found no access of a page, so that no setting changes"):
        tune([path], (percent(1, 3),), fixed(), minimize=["stall"], jobs=1)
