"""Replays of a sample: limits of the whole, and estimates beside the counters."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from zswap_replay.replay.keywords import SettingsOptions
from zswap_replay.replay.loop import replay
from zswap_replay.report.terminal import table
from zswap_replay.result.result import Result
from zswap_replay.trace.generate import Synthetic, generate
from zswap_replay.trace.info import describe
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.sample import sample
from zswap_replay.trace.workload import load_workload
from zswap_replay.trace.workload_rows import generate_workload

QUARTER = Fraction(1, 4)
LIMITS: SettingsOptions = {
    "set": {"/a": {"memory.max": "18M", "memory.zswap.max": "5M"}},
    "compressor": "lz4",
    "verify": "off",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trace and a quarter of it."""
    folder = tmp_path_factory.mktemp("sampled")
    generate("zipf", Synthetic(pages=12_000, events=45_000, skew=0.7), folder / "whole")
    sample(folder / "whole", folder / "quarter", QUARTER)
    return folder


@pytest.fixture(scope="module")
def quarter(folder: Path) -> Result:
    return replay(folder / "quarter", **LIMITS)


def test_estimates_are_near_the_whole(folder: Path, quarter: Result) -> None:
    whole = replay(folder / "whole", **LIMITS)
    assert whole.estimates is None
    assert quarter.estimates is not None
    for name in (
        "zswpout",
        "zswpin",
        "pswpout",
        "pswpin",
        "pgmajfault",
        "written_back_pages",
        "stored_pages",
    ):
        assert whole.counters[name] > 900
        assert quarter.estimates[name] == pytest.approx(whole.counters[name], rel=0.1), name
    assert quarter.derived["compression_ratio"] == quarter.estimates["derived.compression_ratio"]
    assert 4 * quarter.counters["zswpout"] == quarter.estimates["/a:zswpout"]
    with pytest.raises(KeyError, match="found no such counter or figure"):
        quarter.estimates["zswpoot"]


def test_estimates_stand_beside_the_counters(quarter: Result) -> None:
    document = quarter.as_json()
    estimated = document["estimates"]
    assert isinstance(estimated, dict)
    assert 4 * quarter.end.vmstat["zswpout"] == estimated["vmstat.zswpout"]
    again = Result.from_json(document)
    assert quarter.estimates == again.estimates
    assert "1/4" == again.manifest.trace["sample_rate"]
    text = table.render([quarter], timing=False)
    assert "estimates for the whole (a sample of 1/4 of the pages)" in text
    assert f"{4 * quarter.end.vmstat['zswpout']:,}" in text


def test_flags_are_those_of_the_whole(folder: Path, quarter: Result) -> None:
    memcg = quarter.memcg["/a"]
    assert 7 << 19 < memcg["memory.current"] <= 9 << 19
    assert ["/a:memory.max=18874368", "/a:memory.zswap.max=5242880"] == quarter.manifest.settings["set"]
    assert 4 << 30 == quarter.manifest.settings["totalram"]
    notes: list[str] = []
    shared = replay(
        folder / "quarter", notes=notes.append, compressor="lz4", set={"/a": {"memory.max": "0.5ws"}}
    )
    assert [
        "the trace is a sample of 1/4 of the pages: limits and RAM given as flags are those of the whole, and are "
        "replayed at 1/4; the counters are the sample's"
    ] == notes
    written = shared.manifest.settings["set"]
    assert isinstance(written, list)
    assert int(written[0].rpartition("=")[2]) == pytest.approx(
        describe(open_trace(folder / "whole")).pages * 4096 / 2, rel=0.05
    )
    assert shared.counters["zswpout"] > 0


def test_what_is_advised_holds_for_the_whole(folder: Path) -> None:
    result = replay(folder / "quarter", compressor="lz4")
    (warning,) = result.warnings
    flag = warning.rpartition("--set /a:memory.max=")[2]
    resident = result.end.replay["resident_pages"]
    assert 4 * (resident // 2) * 4096 == int(flag)
    again = replay(folder / "quarter", compressor="lz4", set={"/a": {"memory.max": flag}})
    assert again.counters["zswpout"] > 0
    tight = replay(
        folder / "quarter", compressor="lz4", set={"/a": {"memory.max": "8M", "memory.swap.max": "1M"}}
    )
    (swap, killed) = (text for text in tight.warnings if "would do" in text)
    assert "memory.swap.max of 1.0 MiB" in swap
    assert "memory.max of 8.0 MiB" in killed


def test_limits_and_ram_of_the_trace_are_scaled_in_it(tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text("""
        totalram = "64M"
        [memcg."/a"]
        memory.max = "8M"
        [region.a]
        memcg = "/a"
        pages = 4000
        [[phase]]
        events = 8000
        access = [{ region = "a", pattern = "uniform" }]
    """)
    generate_workload(load_workload(tmp_path / "w.toml"), tmp_path / "t")
    sample(tmp_path / "t", tmp_path / "s", QUARTER)
    assert 4096 == open_trace(tmp_path / "s").metadata.totalram_pages
    result = replay(tmp_path / "s", compressor="lz4")
    assert 64 << 20 == result.manifest.settings["totalram"]
    assert (3 << 19) < result.memcg["/a"]["memory.current"] <= 2 << 20
