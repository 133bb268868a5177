"""A zram device in a replay: who sets it up, what it is told, and what it is held against."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.bench import FULL, HALF, SAME, Bench
from zswap_replay.errors import SettingsError
from zswap_replay.replay.checkpoint import Checkpoints, Every
from zswap_replay.replay.equal_memory import equal_memory
from zswap_replay.replay.loop import replay
from zswap_replay.result.memory import at_equal_memory, memory_figures
from zswap_replay.result.result import Result
from zswap_replay.trace.builder import TraceBuilder

ZRAM: dict[str, Any] = {"tier": "zram", "kernel": "6.12"}


def out(pages: int, content: int = HALF) -> TraceBuilder:
    """A trace in which pages of /a are written and go out."""
    return TraceBuilder().write("/a", 0, count=pages, content=content).pageout("/a", 0, count=pages)


def test_a_device_is_there_where_the_trace_sets_up_none(bench: Bench) -> None:
    end = bench.replay(out(10), **ZRAM).end

    assert (11 * 4096, 10) == (end.zram["orig_data_size"], end.vmstat["pswpout"])
    assert 10 * 4096 == end.memcg["/a"]["memory.swap.current"]
    assert 0 == end.zswap["stored_pages"] == end.vmstat["zswpout"]


def test_a_device_of_the_trace_takes_its_place(bench: Bench) -> None:
    trace = TraceBuilder().param("zram.disksize", "1M").param("zram.swapon", "")

    assert 255 * 4 == bench.replay(trace, **ZRAM).end.meminfo["SwapFree"]


def test_a_setting_holds_against_the_trace(bench: Bench) -> None:
    trace = TraceBuilder().param("zram.disksize", "1M").param("zram.swapon", "")

    assert 511 * 4 == bench.replay(trace, **ZRAM, disksize=2 << 20).end.meminfo["SwapFree"]
    assert any("zram.disksize was given as a flag" in note for note in bench.notes)


@pytest.mark.parametrize(
    ("trace", "note"),
    [
        (
            out(3).param("zram.disksize", "1M"),
            "after pages were swapped out: ignored, as the kernel does (EBUSY)",
        ),
        (out(3).param("zram.writeback", "huge"), "'huge' ended early (ENODEV)"),
        (out(3).param("zram.recompress", "algo=zstd"), "no such algorithm (EINVAL)"),
        (out(300).param("zram.mem_limit", "4096"), "mem_limit 4096 is below"),
        (
            TraceBuilder().param("zram.disksize", "1M").param("zram.comp_algorithm", "lz4"),
            "comp_algorithm comes after zram.disksize",
        ),
    ],
)
def test_what_the_device_refuses_is_noted(bench: Bench, trace: TraceBuilder, note: str) -> None:
    bench.replay(trace, **ZRAM)

    assert any(note in each for each in bench.notes), bench.notes


def test_a_device_without_a_size_is_not_swapped_to(bench: Bench) -> None:
    trace = TraceBuilder().param("zram.comp_algorithm", "zstd").param("zram.swapon", "")

    with pytest.raises(SettingsError, match=r"row 1: zram\.swapon: expected zram\.disksize before it"):
        bench.replay(trace, **ZRAM)


def test_another_tier_leaves_the_traces_device_alone(bench: Bench) -> None:
    trace = TraceBuilder().param("zram.disksize", "1M").param("enabled", "1")
    trace.write("/a", 0, content=HALF).pageout("/a", 0)

    assert 1 == bench.replay(trace, tier="zswap", kernel="6.12").end.vmstat["zswpout"]
    end = bench.replay(trace, tier="disk", kernel="6.12").end
    assert (0, 1, {}) == (end.vmstat["zswpout"], end.vmstat["pswpout"], end.zram)


def test_zswap_stands_before_zram_where_both_are_asked_for(bench: Bench) -> None:
    trace = out(4).write("/a", 9, content=FULL).pageout("/a", 9)
    end = bench.replay(trace, tier="zswap+zram", kernel="6.12", max_pool_percent=20).end

    assert (5, 0, 4096) == (end.zswap["stored_pages"], end.vmstat["pswpout"], end.zram["orig_data_size"])


def test_a_full_device_and_a_limit_are_warned_of(bench: Bench) -> None:
    full = bench.replay(out(9), **ZRAM, disksize=4 * 4096)
    limited = bench.replay(out(9, FULL), **ZRAM, mem_limit=3 * 4096, comp_algorithm="lz4")

    assert any("no free slot for 6 pages" in text and "--disksize" in text for text in full.warnings), (
        full.warnings
    )
    assert any("refused 7 writes at its mem_limit of 12.0 KiB" in text for text in limited.warnings)
    assert 6 == full.end.memcg["/a"]["swap.events.fail"]
    assert 7 * 4096 == limited.end.memcg["/a"]["swapcached"]


def test_rules_of_other_kernels_are_said_to_be_read(bench: Bench) -> None:
    assert any(
        "zram was recorded on 6.12" in each
        for each in bench.replay(out(1), tier="zram", kernel="6.8").warnings
    )


def test_upkeep_writes_back_what_was_not_used_and_recompresses(bench: Bench) -> None:
    trace = out(4).write("/a", 9, content=FULL).pageout("/a", 9).read("/a", 0).pageout("/a", 0)
    trace.row(event="read", memcg="/a", page=1, time_ns=10**10)
    trace.row(event="snapshot", key="later", time_ns=2 * 10**10)
    settings: dict[str, Any] = {"backing_dev": 1 << 20, "recomp_algorithm": "lz4", "upkeep": 4 * 10**9}

    huge = bench.replay(trace, **ZRAM, writeback="huge", **settings | {"recomp_algorithm": None}).end
    idle = bench.replay(trace, **ZRAM, writeback="idle", idle=4, recompress="type=huge", **settings).end

    assert (1, 1) == (huge.zram["bd_writes"], huge.zram["bd_count"])
    assert idle.zram["bd_writes"] > huge.zram["bd_writes"]
    assert 1 == idle.zram["bd_reads"]


def test_equal_memory_charges_what_zram_holds(bench: Bench) -> None:
    trace = TraceBuilder().memcg_create("/a").memcg_set("/a", "memory.max", 100 * 4096)
    trace.write("/a", 0, count=150, content=HALF)
    for _ in range(4):
        trace.read("/a", 0, count=85)
    path = bench.save(trace)
    settings = bench.settings(**ZRAM)
    result = bench.replay(trace, **ZRAM)
    zswap = bench.replay(trace, tier="zswap", kernel="6.12")

    equal = replace(result, at_equal_memory=equal_memory(path, settings, strict=False, jobs=None))

    own, charged = memory_figures(equal), at_equal_memory(equal)
    assert charged["pgmajfault"] > own["pgmajfault"]
    assert charged["memory_total_bytes"] < own["memory_total_bytes"]
    assert abs(charged["pgmajfault"] - memory_figures(zswap)["pgmajfault"]) < 0.1 * charged["pgmajfault"]
    assert at_equal_memory(zswap) == memory_figures(zswap)
    assert equal == Result.from_json(equal.as_json())


def test_the_slots_of_a_freed_range_go_back_at_once_and_others_by_64(bench: Bench) -> None:
    def freed(trace: TraceBuilder) -> int:
        return bench.replay(trace, **ZRAM, disksize=64 << 20).end.zram["notify_free"]

    one_by_one = out(200)
    for page in range(0, 200, 2):
        one_by_one.discard("/a", page)
    assert (200, 64) == (freed(out(200).discard("/a", 0, count=200)), freed(one_by_one))


def test_contents_are_compared_when_they_come_back(bench: Bench) -> None:
    trace = TraceBuilder().write("/a", 0, count=40).pageout("/a", 0, count=40).read("/a", 0, count=40)
    trace.write("/a", 0, count=40, content=SAME).pageout("/a", 0, count=40)

    result = bench.replay(trace, **ZRAM, recipe="server", comp_algorithm="zstd")

    assert 0 == result.end.replay["mismatches"]
    assert 40 == result.end.vmstat["pswpin"] + result.end.vmstat["swpin_zero"]
    assert result.compressed_lengths


def test_known_lengths_give_what_codecs_give(bench: Bench) -> None:
    trace = TraceBuilder().write("/a", 0, count=60).pageout("/a", 0, count=60).read("/a", 0, count=20)
    inline = bench.replay(trace, **ZRAM, recipe="server", comp_algorithm="lz4")

    assert inline.end.zram["compr_data_size"] > 43
    assert inline.derived["swap_write_bytes"] == 0
    assert inline.derived["pool_size_end_bytes"] == inline.end.zram["mem_used_total"]


def test_a_checkpoint_is_gone_on_from_to_the_same_counters(bench: Bench) -> None:
    trace = TraceBuilder().memcg_create("/a").memcg_set("/a", "memory.max", 100 * 4096)
    trace.write("/a", 0, count=150)
    for page in range(0, 150, 7):
        trace.read("/a", page)
    path, kept = bench.save(trace), str(bench.folder / "checkpoint")
    settings = bench.settings(
        **ZRAM, recipe="server", writeback="huge", backing_dev=1 << 20, upkeep=5_000_000
    )
    whole = replay(path, settings, self_check=5)

    replay(path, replace(settings, max_events=12), checkpoint=Checkpoints(kept, Every(events=12)))
    resumed = replay(path, settings, resume=kept)

    assert whole.end == resumed.end
    assert whole.end.zram["bd_writes"]
