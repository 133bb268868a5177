"""What a replay costs: reckoned by hand, to the nanosecond, and what a cost profile may be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import FULL, HALF, REFUSED, Bench
from tests.factories import make_result, make_snapshot
from zswap_replay.errors import CostError, ResultError
from zswap_replay.replay.loop import replay
from zswap_replay.result.cost import OPERATIONS, TERMS, Compressors, counts_of, reckon
from zswap_replay.result.cost_measure import measure, time_device
from zswap_replay.result.cost_profile import (
    PARTS,
    CodecCost,
    builtin_profiles,
    default_profile,
    load_profile,
    to_toml,
)
from zswap_replay.result.derived import ALIASES, DERIVED, OF_MEMCG, PRICED
from zswap_replay.result.file import read_results, render
from zswap_replay.result.result import Result
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE, format_time

TEXT = """
name = "mine"

[fault]
overhead_ns = 7

[device]
read_ns = 100_003
write_ns = 20_011
tbw = 1

[compressors]
zstd = { compress_ns = 4001, decompress_ns = 1103 }
"zstd:1" = { compress_ns = 3001, decompress_ns = 1009 }
"""


LZ4 = Compressors("lz4", "lz4")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT)
    return path


def twenty_events() -> TraceBuilder:
    """A millisecond each: four pages stored, three of them loaded; one refused, and read from the device."""
    trace = TraceBuilder().memcg_create("/a")
    for page in range(4):
        trace.write("/a", page, content=HALF + page)
    trace.write("/b", 0, content=REFUSED)
    for page in range(4):
        trace.pageout("/a", page)  # 4 stores
    trace.pageout("/b", 0)  # compressed, refused, written to the device
    trace.memcg_reclaim("/b", PAGE_SIZE)  # freed, now that it is written
    for page in range(3):
        trace.read("/a", page)  # 3 loads
    trace.read("/b", 0)  # 1 read
    trace.write("/a", 9, content=FULL).pageout("/a", 9)  # the fifth store
    return trace.param("enabled", 0).pageout("/a", 0)  # written to the device without being compressed


def test_twenty_events_by_hand(tmp_path: Path, mine: Path) -> None:
    trace = twenty_events()
    assert 20 == len(trace.table())
    result = Bench(tmp_path).replay(trace, kernel="6.12").priced(mine)
    assert {
        "faults": 4,
        "loads": 3,
        "reads": 1,
        "writes": 2,
        "compressions": 6,
        "writebacks": 0,
    } == counts_of(result.end)
    assert {
        "stall_ns": 4 * 7 + 3 * 1103 + 100_003,
        "compress_ns": 6 * 4001,
        "reclaim_ns": 6 * 4001 + 2 * 20_011,
        # 8192 bytes in the 19 ms between the first event and the last
        "swap_write_bytes_per_day": 8192 * 86_400_000 // 19,
        "endurance_per_year": round(8192 * 86_400_000 * 365 / 19 / 10**12, 6),
    } == {name: result.derived[name] for name in PRICED}
    assert 103_340 == result.derived["stall_ns"]
    a, b = result.cost_by_memcg["/a"], result.cost_by_memcg["/b"]
    assert (3 * 7 + 3 * 1103, 7 + 100_003) == (a["stall_ns"], b["stall_ns"])
    assert (5 * 4001, 4001) == (a["compress_ns"], b["compress_ns"])
    assert (5 * 4001 + 20_011, 4001 + 20_011) == (a["reclaim_ns"], b["reclaim_ns"])
    assert result.cost_by_memcg["/"] == {name: result.derived[name] for name in OF_MEMCG}


def test_writebacks_are_decompressed_in_reclaim_and_stall_nobody() -> None:
    profile = load_profile("nvme")
    counts = dict.fromkeys(OPERATIONS, 0) | {"writebacks": 3, "writes": 3}
    found = reckon(counts, profile, LZ4, None)
    assert (0, 0, 3 * 1825 + 3 * 18_519) == (
        found["stall_ns"],
        found["compress_ns"],
        found["reclaim_ns"],
    )
    assert found["swap_write_bytes_per_day"] is found["endurance_per_year"] is None


def test_zram_behind_zswap_has_the_price_of_its_own_compressor(bench: Bench, mine: Path) -> None:
    trace = TraceBuilder().memcg_create("/a").memcg_set("/a", "memory.zswap.max", 2 * PAGE_SIZE)
    for page in range(8):  # of which zswap takes five, until two pages are full of them
        trace.write("/a", page, content=HALF + page).pageout("/a", page)
    result = bench.replay(trace, kernel="6.6", tier="zswap+zram", comp_algorithm="zstd:1").priced(mine)
    counts = counts_of(result.end)
    assert (5, 3) == (counts["compressions"], counts["device compressions"])
    assert 5 * 4001 + 3 * 3001 == result.derived["compress_ns"]
    assert ("zstd", "zstd:1") == (result.cost["compressor"], result.cost["comp_algorithm"])
    one = {**dict.fromkeys(OPERATIONS, 0), "faults": 1, "device loads": 1}
    stall = reckon(one, load_profile(mine), Compressors("zstd", "zstd:1"), None)["stall_ns"]
    assert 7 + 1009 == stall
    mine.write_text(TEXT.replace('"zstd:1" =', "lz4 =").replace("zstd =", "lzo ="))
    with pytest.raises(CostError, match="zstd"):
        result.priced(mine)


def test_a_fault_waits_for_one_read_however_many_pages_are_read_ahead() -> None:
    counts = dict.fromkeys(OPERATIONS, 0) | {"faults": 2, "reads": 16}
    assert 2 * (1013 + 58_824) == reckon(counts, load_profile("nvme"), LZ4, 1)["stall_ns"]


def test_storing_nothing_costs_more_than_storing(tmp_path: Path) -> None:
    trace = TraceBuilder().write("/a", 0, count=40, content=HALF)
    trace.pageout("/a", 0, count=40)
    trace.memcg_reclaim("/a", 40 * PAGE_SIZE)  # frees what was written to the device
    trace.read("/a", 0, count=40)
    bench = Bench(tmp_path)
    some, none = (bench.replay(trace, kernel="6.12", enabled=enabled) for enabled in (True, False))
    for name in ("nvme", "sata-ssd", "hdd", "network"):
        stored, read = (each.priced(name).derived["stall_ns"] for each in (some, none))
        assert stored is not None
        assert read is not None
        assert stored < read


def test_every_figure_has_its_terms_its_basis_and_another_name() -> None:
    assert {term.figure for term in TERMS} == {name for name in PRICED if DERIVED[name].unit == "ns"}
    others = {"reads waited for", "device loads", "device compressions"}
    assert {term.operation for term in TERMS} <= OPERATIONS.keys() | others
    assert set(ALIASES.values()) == set(PRICED)
    for name in PRICED:
        assert name.endswith("_ns") == (DERIVED[name].unit == "ns")
        assert DERIVED[name].basis


def test_the_block_says_what_it_was_reckoned_by_and_comes_back(tmp_path: Path, mine: Path) -> None:
    result = make_result(snapshots=(make_snapshot("first", 1), make_snapshot())).priced(str(mine))
    block = json.loads(render([result], timing=False))["cost"]
    assert ("mine", "zstd", 3_000_000_000) == (
        block["profile"]["name"],
        block["compressor"],
        block["duration_ns"],
    )
    assert result.derived["stall_ns"] == block["stall_ns"]
    assert {*PRICED, "memory_saved_mean_bytes", "memory_saved_peak_bytes"} <= block["basis"].keys()
    assert {f"profile {part}" for part in PARTS} <= block["basis"].keys()
    web = block["memcg"]["/web"]
    assert (3 * 612_345, 3 * 921_600) == (web["memory_saved_mean_bytes"], web["memory_saved_peak_bytes"])
    written = tmp_path / "r.json"
    written.write_text(render([result], timing=False))
    (read,) = read_results(written)
    assert (result.cost_profile, result.derived) == (read.cost_profile, read.derived)
    assert result.cost == read.cost


def test_a_file_of_an_earlier_version_is_reckoned_by_nvme_but_for_rates() -> None:
    document = make_result().as_json()
    del document["cost"]
    read = Result.from_json(document)
    assert "nvme" == read.cost_profile.name
    assert make_result().derived["stall_ns"] == read.derived["stall_ns"]
    assert read.derived["endurance_per_year"] is None


def test_what_memcgs_saved_as_an_earlier_version_saw_it_is_not_taken_for_exact() -> None:
    document = json.loads(json.dumps(make_result().as_json()))
    basis = document["cost"]["basis"]
    for name in [name for name in basis if name.startswith("memcg memory_saved")]:
        del basis[name]
    basis["memcg memory_saved_*"] = "counted: at 7 snapshots (--interval takes more)"
    once = json.loads(json.dumps(Result.from_json(document).cost))
    again = json.loads(json.dumps(Result.from_json(Result.from_json(document).as_json()).cost))
    web = again["memcg"]["/web"]
    assert (None, None) == (web["memory_saved_mean_bytes"], web["memory_saved_peak_bytes"])
    assert again["memory_saved_mean_bytes"] == 3_225_600
    assert again["basis"]["memcg memory_saved_mean_bytes"].startswith("not known: an earlier version")
    assert again == once


def test_a_profile_of_a_file_that_is_none_is_an_error_that_names_the_key() -> None:
    document = json.loads(json.dumps(make_result().as_json()))
    document["cost"]["profile"]["device"]["read_ns"] = -1
    with pytest.raises(ResultError, match=r"cost\.profile.*device\.read_ns: found -1"):
        Result.from_json(document)


def test_ranges_that_another_profile_made_are_left_out(tmp_path: Path) -> None:
    full = TraceBuilder().write("/a", 0, count=300, content=FULL).pageout("/a", 0, count=300)
    bench = Bench(tmp_path)
    settings = bench.settings(totalram=1 << 20, max_pool_percent=20)
    found = replay(bench.save(full), settings, range=True, cost="sata-ssd")
    assert found.range is not None
    assert found.range["stall"][1] == found.derived["stall_ns"]
    other = found.priced("hdd").range
    assert other is not None
    assert "derived.stall_ns" not in other
    assert "derived.rejects" in other


def test_a_spec_has_a_price_of_its_own_or_that_of_its_name(mine: Path) -> None:
    profile = load_profile(mine)
    assert CodecCost(3001, 1009) == profile.codec("zstd:1")
    assert CodecCost(4001, 1103) == profile.codec("zstd:5")
    assert profile.codec("lz4") is None
    counts = dict.fromkeys(OPERATIONS, 0) | {"faults": 1, "reads": 1}
    assert 100_010 == reckon(counts, profile, LZ4, 1)["stall_ns"]
    assert reckon(counts | {"loads": 1}, profile, LZ4, 1)["stall_ns"] is None


def test_the_named_profiles_have_sources_and_every_compressor() -> None:
    assert ["hdd", "network", "nvme", "sata-ssd"] == builtin_profiles()
    for name in builtin_profiles():
        profile = load_profile(name)
        assert name == profile.name
        assert all(profile.source(part).startswith("published: ") for part in PARTS)
        profile.need(("zstd", "lz4", "lz4hc", "lzo", "lzo-rle", "deflate"))
    stalls = [make_result().priced(name).derived["stall_ns"] or 0 for name in builtin_profiles()]
    assert sorted(stalls, reverse=True) == [stalls[place] for place in (0, 1, 3, 2)]
    assert ("nvme", None) == (default_profile().name, load_profile("hdd").endurance_bytes)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("overhead_ns = 7", "", "fault.overhead_ns: missing; expected nanoseconds"),
        ("overhead_ns = 7", "overhead_ns = 7\nextra = 1", "fault.extra: unknown key; expected overhead_ns"),
        ("[fault]", "[faults]", "faults: unknown key; expected compressors, fault, device"),
        ("write_ns = 20_011", "write_ns = -5", "device.write_ns: found -5; expected a whole number from 0"),
        ("write_ns = 20_011", "write_ns = 2.5", "device.write_ns: found 2.5; expected a whole number"),
        ("write_ns = 20_011", 'write_ns = "2us"', "device.write_ns: found '2us'; expected a whole number"),
        ("write_ns = 20_011", "write_ns = true", "device.write_ns: found True; expected a whole number"),
        ("write_ns = 20_011", "write_ns = 10_000_000_001", "device.write_ns: found 10000000001; expected"),
        ("tbw = 1", "tbw = 0", "device.tbw: found 0; expected a whole number from 1"),
        ("{ compress_ns = 4001,", "{", "compressors.zstd.compress_ns: missing"),
        ("decompress_ns = 1103", "decompress_ns = -1", "compressors.zstd.decompress_ns: found -1; expected"),
        (
            "{ compress_ns = 4001, decompress_ns = 1103 }",
            "4001",
            "compressors.zstd: found 4001; expected a table",
        ),
        ('name = "mine"', "name = 5", "name: found 5; expected a line of text"),
        ('name = "mine"', "version = 2", "version: found 2; expected 1"),
        ('name = "mine"', "name = ", "not TOML: "),
        ("[fault]", '[sources]\ncpu = "x"\n[fault]', "sources.cpu: unknown key; expected compressors"),
    ],
)
def test_a_bad_profile_is_one_line_with_the_file_and_the_key(
    mine: Path, before: str, after: str, told: str
) -> None:
    assert before in TEXT
    mine.write_text(TEXT.replace(before, after, 1))
    with pytest.raises(CostError) as caught:
        load_profile(mine)
    assert str(caught.value).startswith(f"{mine}: {told}")
    assert "\n" not in str(caught.value)


def test_what_is_no_profile_at_all_is_told(tmp_path: Path, mine: Path) -> None:
    with pytest.raises(
        CostError, match=r"nvm: no such file, and the named cost profiles are hdd, network, nvme"
    ):
        load_profile("nvm")
    with pytest.raises(CostError, match="Is a directory"):
        load_profile(tmp_path)
    mine.write_bytes(b"\xff")
    with pytest.raises(CostError, match="not TOML"):
        load_profile(mine)
    mine.write_text(TEXT)
    with pytest.raises(CostError, match=r"mine\.toml: compressors\.lz4: missing; expected its compress_ns"):
        make_result("lz4").priced(mine)


def test_a_profile_comes_back_from_its_toml(tmp_path: Path, mine: Path) -> None:
    for profile in (*map(load_profile, builtin_profiles()), replace(load_profile(mine), name='a "b" \\ é')):
        path = tmp_path / "written.toml"
        path.write_text(to_toml(profile, "two\nlines"))
        assert profile == load_profile(path)


def test_what_is_measured_is_told_from_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zswap_replay.result.cost_measure._FILE_BYTES", 1 << 20)
    monkeypatch.setattr("zswap_replay.result.cost_measure._MOST_REQUESTS", 20)
    pages = [bytes(range(256)) * 16]
    like = load_profile("hdd")
    codecs = measure(like, pages, compressors=["lz4", "zstd:3"])
    assert {"lz4", "zstd"} == codecs.compressors.keys()
    assert (like.read_ns, like.write_ns, None) == (codecs.read_ns, codecs.write_ns, codecs.tbw)
    assert codecs.source("device").startswith("not measured, as hdd: published: HGST")
    assert all(codecs.source(part).startswith("measured: ") for part in ("compressors", "fault"))
    assert 0 < codecs.fault_ns
    assert all(each.compress_ns > 0 < each.decompress_ns for each in codecs.compressors.values())
    whole = measure(like, pages, compressors=["lz4"], file=str(tmp_path), tbw=5)
    assert whole.source("device").startswith("measured: 4 KiB at random places")
    assert 5 == whole.tbw
    assert [] == list(tmp_path.iterdir())


def test_no_file_is_harmed_where_a_device_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zswap_replay.result.cost_measure._FILE_BYTES", 1 << 20)
    monkeypatch.setattr("zswap_replay.result.cost_measure._MOST_REQUESTS", 20)
    there = tmp_path / "there"
    there.write_text("kept")
    found = time_device(str(there))
    assert "kept" == there.read_text()
    assert found.read_ns > 0 < found.write_ns
    with pytest.raises(CostError, match="its folder does not exist"):
        time_device(str(tmp_path / "no" / "file"))
    with pytest.raises(CostError, match="found a device or a pipe"):
        time_device("/dev/null")


def test_times_are_spelled_for_people() -> None:
    assert ["0 ns", "999 ns", "1.000 us", "8.456 ms", "58.93 us", "1,204.5 s"] == [
        format_time(value) for value in (0, 999, 1000, 8_456_424, 58_930, 1_204_500_000_000)
    ]
