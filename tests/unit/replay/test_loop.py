"""How a replay is set up and what it gives back."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zswap_replay
from tests.bench import EVERY_RELEASE, FULL, HALF, MS, REFUSED, SAME, ZERO, Bench, store, stored
from zswap_replay.codec.base import get_codec
from zswap_replay.errors import CodecError, SettingsError, VerificationError, ZswapReplayError
from zswap_replay.replay.loop import Replay, replay
from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace
from zswap_replay.units import PAGE_SIZE


def web(page: int, count: int) -> TraceBuilder:
    """Pages of derived content that go out and come back."""
    trace = TraceBuilder().write("/web", page, count=count)
    return trace.pageout("/web", page, count=count).read("/web", page, count=count)


# The Python API


def test_the_package_offers_replay_as_a_function_however_often_it_is_asked() -> None:
    assert [replay, replay] == [zswap_replay.replay, zswap_replay.replay]


def test_all_that_the_package_offers_is_there() -> None:
    assert [] == [name for name in zswap_replay.__all__ if not callable(getattr(zswap_replay, name))]
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        _ = zswap_replay.other


def test_a_replay_with_the_defaults_stores_and_loads(bench: Bench) -> None:
    result = replay(bench.save(web(0, 64)))
    end = result.end
    # the random page among them is refused
    assert ("end", 63, 63) == (end.label, end.vmstat["zswpout"], end.vmstat["zswpin"])
    assert 63 == end.zswap["stored_pages"] == sum(row.stored + row.same_filled for row in result.classes)
    assert 1 == end.replay["compress_reject"] == sum(row.refused for row in result.classes)
    assert (0, ()) == (end.replay["mismatches"], result.warnings)
    assert result.timing is not None
    assert 3 == result.manifest.trace["events"] == result.timing.events


def test_an_empty_trace_has_one_snapshot_of_nothing(bench: Bench) -> None:
    result = bench.replay(TraceBuilder())
    (end,) = result.snapshots
    assert (0, 0, ["/"]) == (end.time_ns, end.replay["accesses"], list(end.memcg))
    assert ("the trace has no page event: nothing was replayed",) == result.warnings


def test_snapshots_of_the_trace_are_taken_where_they_stand(bench: Bench) -> None:
    trace = stored("/a", 0, 2).snapshot("two").pageout("/a", 0)
    trace = store(trace, "/a", 2, 3).snapshot("five")
    result = bench.replay(trace)
    assert [("two", 2), ("five", 5), ("end", 5)] == [
        (snapshot.label, snapshot.zswap["stored_pages"]) for snapshot in result.snapshots
    ]
    assert [3 * MS, 9 * MS, 9 * MS] == [snapshot.time_ns for snapshot in result.snapshots]


def test_progress_comes_to_the_end(bench: Bench) -> None:
    told: list[tuple[int, int]] = []
    replay(
        bench.save(stored("/a", 0, 9)),
        bench.settings(),
        batch_rows=4,
        progress=lambda *both: told.append(both),
    )
    assert [(4, 10), (8, 10), (10, 10)] == told


# Counters


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_a_release_shows_the_counters_that_its_kernel_has(bench: Bench, kernel: str) -> None:
    end = bench.end(stored("/a", 0, 2), kernel=kernel)
    has = {name for group in (end.zswap, end.vmstat, end.memcg["/a"]) for name in group}
    newer = {"swpin_zero", "swpout_zero"}
    newest = {"stored_incompressible_pages", "decompress_fail"}
    expected = {
        "6.6": {"same_filled_pages", "duplicate_entry"},
        "patch-v4": {"same_filled_pages", "duplicate_entry"},
        "6.8": {"same_filled_pages", "duplicate_entry", "reject_compress_fail", "zswpwb"},
        "6.12": {"reject_compress_fail", "zswpwb", *newer},
        "6.18": {"reject_compress_fail", "zswpwb", *newer, *newest},
        "7.1": {"reject_compress_fail", "zswpwb", *newer, *newest, "zswap_incomp"},
    }
    changing = set().union(*expected.values())
    assert expected[kernel] == has & changing
    assert {"pool_limit_hit", "written_back_pages", "stored_pages", "zswpout", "pswpout"} <= has


def test_a_memcg_counts_its_descendants(bench: Bench) -> None:
    trace = stored("/a", 0, 1)
    end = bench.end(store(store(trace, "/a/x", 0, 2), "/a/x/y", 0, 4))
    assert {"/": 7, "/a": 7, "/a/x": 6, "/a/x/y": 4} == {
        path: values["zswapped"] // PAGE_SIZE for path, values in end.memcg.items()
    }
    assert [7, 7, 6, 4] == [values["zswpout"] for values in end.memcg.values()]
    assert 7 * 4088 == end.memcg["/a"]["memory.zswap.current"] == end.memcg["/"]["zswap"]
    # the root has no files of its own
    assert "memory.zswap.current" not in end.memcg["/"]


def test_pages_of_the_root_are_charged_to_nobody(bench: Bench) -> None:
    end = bench.end(stored("/", 0, 3))
    assert (3, 0, 0) == (end.zswap["stored_pages"], end.memcg["/"]["zswap"], end.memcg["/"]["zswpout"])
    assert 3 == end.vmstat["zswpout"]


# Warm-up, the end, intervals


def test_a_warmup_is_left_out_of_counters_but_not_of_gauges(bench: Bench) -> None:
    trace = store(stored("/a", 0, 3), "/a", 10, 5)
    whole, warm = bench.end(trace), bench.end(trace, warmup=4)
    assert [8, 8] == [whole.vmstat["zswpout"], whole.zswap["stored_pages"]]
    assert [5, 8] == [warm.vmstat["zswpout"], warm.zswap["stored_pages"]]
    assert [5, 8 * PAGE_SIZE] == [warm.memcg["/a"]["zswpout"], warm.memcg["/a"]["zswapped"]]
    assert 5 == warm.replay["accesses"] == warm.replay_memcg["/a"]["accesses"]


def test_a_warmup_of_the_whole_trace_leaves_no_count(bench: Bench) -> None:
    end = bench.end(stored("/a", 0, 3), warmup=4)
    assert (0, 0, 3) == (end.vmstat["zswpout"], end.replay["accesses"], end.zswap["stored_pages"])


def test_a_warmup_past_the_end_leaves_no_count(bench: Bench) -> None:
    end = bench.end(stored("/a", 0, 3), warmup=5)
    assert (0, 0, 3) == (end.vmstat["zswpout"], end.replay["accesses"], end.zswap["stored_pages"])


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 100])
def test_a_warmup_may_end_anywhere_in_a_batch(bench: Bench, batch_rows: int) -> None:
    path = bench.save(stored("/a", 0, 6))
    counts = [
        replay(path, bench.settings(warmup=warmup), batch_rows=batch_rows).end.vmstat["zswpout"]
        for warmup in range(1, 8)
    ]
    assert [6, 5, 4, 3, 2, 1, 0] == counts


def test_the_replay_stops_after_max_events(bench: Bench) -> None:
    result = bench.replay(stored("/a", 0, 9), max_events=4)
    assert (4, 3) == (result.manifest.trace["events"], result.end.vmstat["zswpout"])
    assert 3 * MS == result.end.time_ns
    assert 10 == bench.replay(stored("/a", 0, 9), max_events=99).manifest.trace["events"]


def test_the_manifest_holds_all_that_it_takes_to_replay_again(bench: Bench) -> None:
    trace = TraceBuilder().memcg_create("/a").write("/a", 0, count=3, content=FULL)
    settings = bench.settings(
        knobs=(KnobWrite("/a", "memory.max", 2 * PAGE_SIZE),), fixed=frozenset({"zpool"})
    )
    path = bench.save(trace)
    manifest = replay(path, settings, strict=True, interval_ns=2 * MS).manifest
    assert (True, 2 * MS) == (manifest.strict, manifest.interval_ns)
    digest = hashlib.sha256(Path(str(settings.lengths)).read_bytes()).hexdigest()
    assert {"lengths": digest} == manifest.inputs
    again = replay(
        path,
        Settings.from_json(manifest.settings),
        strict=manifest.strict,
        interval_ns=manifest.interval_ns,
    )
    assert manifest == again.manifest
    assert (False, 0) == ((plain := replay(path, settings).manifest).strict, plain.interval_ns)


def test_interval_snapshots_count_what_came_before_their_end(bench: Bench) -> None:
    result = bench.replay(stored("/a", 0, 6), interval_ns=2 * MS)
    assert [("interval 1", 2, 1), ("interval 2", 4, 3), ("interval 3", 6, 5), ("end", 6, 6)] == [
        (snapshot.label, snapshot.time_ns // MS, snapshot.vmstat["zswpout"]) for snapshot in result.snapshots
    ]


def test_intervals_in_which_nothing_happens_have_one_snapshot(bench: Bench) -> None:
    trace = stored("/a", 0, 1).at(50 * MS).pageout("/a", 5).at(10**6 * MS).pageout("/a", 6)
    result = bench.replay(trace, interval_ns=20 * MS)
    assert [
        ("interval 1", 20),
        ("interval 2", 40),
        ("interval 3", 60),
        ("interval 50000", 10**6),
        ("end", 10**6),
    ] == [(snapshot.label, snapshot.time_ns // MS) for snapshot in result.snapshots]


@pytest.mark.parametrize("first", [5 * MS, 1 << 63, (1 << 64) - 1 - 60 * MS])
def test_intervals_are_counted_from_the_first_event(bench: Bench, first: int) -> None:
    def replayed(start: int, batch_rows: int) -> list[Snapshot]:
        trace = TraceBuilder().at(start).write("/a", 0, count=60, content=FULL)
        for page in range(59):
            trace.pageout("/a", page)
        return list(
            replay(
                bench.save(trace),
                bench.settings(kernel="6.12", knobs=(KnobWrite("/a", "memory.zswap.max", 20 * PAGE_SIZE),)),
                interval_ns=7 * MS,
                batch_rows=batch_rows,
            ).snapshots
        )

    expected, found = replayed(0, 1000), replayed(first, 13)
    assert 9 == len(expected)
    assert expected == [dataclasses.replace(snapshot, time_ns=snapshot.time_ns - first) for snapshot in found]


def test_snapshots_of_a_nanosecond_cost_no_more_than_there_are_events(bench: Bench) -> None:
    result = bench.replay(stored("/a", 0, 6), interval_ns=1)
    assert 2 * 6 + 1 == len(result.snapshots)


# Settings, flags and what the trace says


def test_a_flag_wins_over_the_trace_with_one_note(bench: Bench) -> None:
    trace = TraceBuilder().param("max_pool_percent", 50).param("max_pool_percent", 60)
    end = bench.end(store(trace, "/a", 0, 2), max_pool_percent=0, fixed=frozenset({"max_pool_percent"}))
    # a pool of no page is full from the second store on
    assert 1 == end.replay["pool_limit_reject"]
    assert ["max_pool_percent was given as a flag: the trace's own writes to it are ignored"] == bench.notes


def test_a_memcg_knob_that_is_set_wins_over_the_trace_with_one_note(bench: Bench) -> None:
    trace = TraceBuilder().memcg_set("/a", "memory.zswap.max", "max")
    trace.memcg_set("/a", "memory.zswap.max", "1G").memcg_set("/b", "memory.zswap.max", "1G")
    end = bench.end(
        store(store(trace, "/a", 0, 3), "/b", 0, 2), knobs=(KnobWrite("/a", "memory.zswap.max", 0),)
    )
    assert (3, 2) == (end.replay["memcg_limit_reject"], end.zswap["stored_pages"])
    assert {"/a": {"memory.zswap.max": 0}, "/b": {"memory.zswap.max": 1 << 30}} == end.limits
    assert [
        "/a:memory.zswap.max was given as a flag: the trace's own writes to it are ignored"
    ] == bench.notes


def test_a_memcg_knob_holds_from_the_first_event_and_for_every_life(bench: Bench) -> None:
    trace = store(TraceBuilder(), "/a", 0, 2).memcg_offline("/a").memcg_create("/a")
    end = bench.end(store(trace, "/a", 0, 3), knobs=(KnobWrite("/a", "memory.zswap.max", 0),))
    assert (5, 0) == (end.replay["memcg_limit_reject"], end.zswap["stored_pages"])


def test_params_of_the_trace_hold_from_where_they_stand(bench: Bench) -> None:
    trace = store(stored("/a", 0, 2).param("enabled", "N"), "/a", 2, 3).param("enabled", "Y")
    end = bench.end(store(trace, "/a", 5, 4))
    assert (6, 3, 3) == (end.vmstat["zswpout"], end.replay["disabled_reject"], end.vmstat["pswpout"])


def test_a_param_that_the_release_lacks_is_noted_and_passed_over(bench: Bench) -> None:
    trace = TraceBuilder().param("exclusive_loads", "N").param("exclusive_loads", "Y")
    bench.replay(store(trace, "/a", 0, 1), kernel="6.12")
    assert ["6.12 has no parameter exclusive_loads: the trace's writes to it are ignored"] == bench.notes


def test_a_switch_that_the_release_lacks_is_noted_and_passed_over(bench: Bench) -> None:
    trace = TraceBuilder().memcg_set("/a", "memory.zswap.writeback", 0)
    bench.replay(store(trace, "/a", 0, 1))
    assert ["patch-v4 has no memory.zswap.writeback: the trace's writes to it are ignored"] == bench.notes


def test_the_trace_says_how_much_memory_there_is_unless_a_flag_does(bench: Bench) -> None:
    trace, metadata = stored("/a", 0, 1), TraceMetadata(totalram_pages=777, nodes=2)
    manifest = bench.replay(trace, metadata=metadata).manifest
    assert (777 * PAGE_SIZE, 2) == (manifest.settings["totalram"], manifest.settings["nodes"])
    manifest = bench.replay(trace, metadata=metadata, totalram=1 << 20, nodes=3).manifest
    assert (1 << 20, 3) == (manifest.settings["totalram"], manifest.settings["nodes"])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"kernel": "6.18", "zpool": "zbud"}, "zpool zbud: 6.18 has zsmalloc"),
        (
            {"kernel": "6.12", "exclusive_loads": True, "fixed": frozenset({"exclusive_loads"})},
            "exclusive_loads: 6.12 has no such parameter",
        ),
        (
            {"knobs": (KnobWrite("/a", "memory.zswap.writeback", 0),)},
            "/a:memory.zswap.writeback: patch-v4 has no such file",
        ),
        (
            {"knobs": (KnobWrite("/", "memory.max", 4096),)},
            "/:memory.max: the root memcg has no such file",
        ),
        ({"compressor": "zip", "recipe": "default"}, "zip"),
    ],
    ids=str,
)
def test_settings_that_do_not_fit_the_release_are_refused(
    bench: Bench, settings: dict[str, Any], expected: str
) -> None:
    with pytest.raises((SettingsError, CodecError), match=expected):
        bench.replay(stored("/a", 0, 1), **settings)


def test_fewer_nodes_than_the_trace_has_are_refused(bench: Bench) -> None:
    with pytest.raises(SettingsError, match="nodes 1: the trace has 2"):
        bench.replay(stored("/a", 0, 1), metadata=TraceMetadata(nodes=2), nodes=1)


def test_a_node_that_the_machine_lacks_is_refused(bench: Bench) -> None:
    with pytest.raises(ZswapReplayError, match=r"node.* 3"):
        bench.replay(stored("/a", 0, 1, node=3))


# Payloads


def test_a_payload_file_gives_the_pages_by_content_id(bench: Bench) -> None:
    noise = np.random.default_rng(5).bytes(PAGE_SIZE)
    pages = [bytes(PAGE_SIZE), b"pagecontent " * 341 + b"page", noise, b"12345678" * 512]
    (bench.folder / "pages").write_bytes(b"".join(pages))
    trace = stored("/a", 0, 4).read("/a", 0, count=4)
    result = bench.replay(trace, payload_file=str(bench.folder / "pages"), compressor="lz4")
    assert (3, 2) == (result.end.zswap["stored_pages"], result.end.zswap["same_filled_pages"])
    assert (1, 3, 1) == (
        result.end.replay["compress_reject"],
        result.end.vmstat["zswpin"],
        result.end.vmstat["pswpout"],
    )
    assert [("other", 1, 0, 1), ("same-filled", 0, 1, 0), ("zero", 0, 1, 0)] == [
        (row.name, row.stored, row.same_filled, row.refused) for row in result.classes
    ]


@pytest.mark.parametrize(
    ("trace", "mapped"),
    [
        (stored("/a", 0, 2).read("/a", 0, count=2), False),
        (stored("/a", 0, 3), True),
        (web(0, 2), True),
        (TraceBuilder().read("/a", 0).pageout("/a", 0), True),
    ],
    ids=["within", "past the end", "derived", "derived and read"],
)
@pytest.mark.parametrize("jobs", [None, 1])
def test_contents_that_a_payload_file_has_no_page_for_are_told_of(
    bench: Bench, trace: TraceBuilder, mapped: bool, jobs: int | None
) -> None:
    (bench.folder / "pages").write_bytes(b"page" * 1500)
    settings = bench.settings(payload_file=str(bench.folder / "pages"), compressor="lz4")
    result = replay(bench.save(trace), settings, jobs=jobs)
    assert result.end.zswap["stored_pages"] > 0
    found = [text for text in result.warnings if "a hash of the content picks" in text]
    assert mapped == (1 == len(found))
    assert not mapped or "has no page for (ids from 2 on," in found[0]


def test_a_content_without_a_known_length_is_named(bench: Bench) -> None:
    with pytest.raises(
        CodecError, match=r"lengths.parquet: no row for content 5000, which the replay stores"
    ):
        bench.replay(stored("/a", 0, 2, content=5000))


def test_a_content_that_is_never_stored_needs_no_length(bench: Bench) -> None:
    trace = store(TraceBuilder().write("/a", 9, content=5000), "/a", 0, 2)
    assert 2 == bench.end(trace).zswap["stored_pages"]


def test_known_lengths_take_any_compressor_by_name(bench: Bench) -> None:
    assert 2 == bench.end(stored("/a", 0, 2), compressor="842").zswap["stored_pages"]


def test_seed_and_recipe_change_what_pages_hold(bench: Bench) -> None:
    sizes = {
        bench.end(web(0, 200), compressor="lz4", recipe=recipe, seed=seed).replay["compressed_bytes"]
        for recipe, seed in (("default", 0), ("default", 1), ("server", 0))
    }
    assert 3 == len(sizes)


def test_a_change_of_compressor_keeps_the_old_pages_in_their_own_pool(bench: Bench) -> None:
    trace = TraceBuilder().write("/web", 0, count=50).pageout("/web", 0, count=50)
    trace.param("compressor", "lz4").write("/web", 50, count=50).pageout("/web", 50, count=50)
    result = bench.replay(trace.read("/web", 0, count=100), compressor="zstd", recipe="default")
    counted = result.end.vmstat
    assert 100 == counted["zswpout"] + result.end.replay["compress_reject"]
    assert (counted["zswpout"], 0) == (counted["zswpin"], result.end.replay["mismatches"])
    assert {"zstandard", "lz4"} <= result.manifest.versions.keys()


# Verification


@dataclasses.dataclass(frozen=True)
class Corrupting:
    """A codec that gives back one page with another byte, and all others as they were."""

    codec: Any
    victim: bytes

    def __getattr__(self, name: str) -> Any:
        return getattr(self.codec, name)

    def decompress(self, data: bytes) -> bytes:
        page: bytes = self.codec.decompress(data)
        return page[:-1] + bytes([page[-1] ^ 1]) if page == self.victim else page


@pytest.fixture
def corrupted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench with a file of 64 pages, of which the codec spoils the page 40."""
    pages = [f"{number} bottles of beer ".encode() * 300 for number in range(64)]
    pages = [page[:PAGE_SIZE] for page in pages]
    (bench.folder / "pages").write_bytes(b"".join(pages))
    monkeypatch.setattr(
        sys.modules["zswap_replay.replay.page_data"],
        "get_codec",
        lambda spec, kernel: Corrupting(get_codec(spec, kernel), pages[40]),
    )
    return bench


def loaded(bench: Bench, verify: str) -> Result:
    trace = stored("/a", 0, 64).read("/a", 0, count=64)
    return bench.replay(trace, payload_file=str(bench.folder / "pages"), compressor="lz4", verify=verify)


OTHER_BYTES = "lz4: content 40 came back from the pool with other bytes"


def test_a_corrupted_page_is_named_when_the_replay_has_ended(corrupted: Bench) -> None:
    with pytest.raises(VerificationError) as caught:
        loaded(corrupted, "all")
    result = caught.value.result
    assert OTHER_BYTES == str(caught.value)
    assert (1, 64) == (result.counters["replay.mismatches"], result.counters["zswpin"])
    assert (OTHER_BYTES,) == result.warnings
    assert 1 == VerificationError.exit_code


@pytest.mark.parametrize(("kernel", "shown"), [("6.12", None), ("6.18", 1)])
def test_a_corrupted_page_is_a_decompress_fail_where_the_release_counts_them(
    corrupted: Bench, kernel: str, shown: int | None
) -> None:
    path = corrupted.save(stored("/a", 0, 64).read("/a", 0, count=64))
    settings = corrupted.settings(
        payload_file=str(corrupted.folder / "pages"), compressor="lz4", kernel=kernel
    )
    running = Replay(open_trace(path), path, settings, lambda _: None)
    end = running.result(0, None, lambda *_: None).end
    assert (shown, 1) == (end.zswap.get("decompress_fail"), end.replay["mismatches"])
    assert (OTHER_BYTES,) == running.faults


def test_without_verification_nothing_is_compared(corrupted: Bench) -> None:
    end = loaded(corrupted, "off").end
    assert (64, 0) == (end.vmstat["zswpin"], end.replay["mismatches"])


def test_a_sample_compares_some(corrupted: Bench) -> None:
    # content 40 is not one of those that are compared
    assert 64 == loaded(corrupted, "sample").end.vmstat["zswpin"]


# Compressed lengths


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_stores_are_counted_by_their_compressed_length(bench: Bench, kernel: str) -> None:
    trace = TraceBuilder()
    for first, (content, count) in enumerate([(FULL, 3), (HALF, 5), (REFUSED, 2), (ZERO, 4), (SAME, 6)]):
        trace.write("/a", 100 * first, count=count, content=content).pageout("/a", 100 * first, count=count)
    trace.read("/a", 0, count=2).write("/a", 0, count=2, content=HALF).pageout("/a", 0, count=2)
    found = bench.replay(trace, kernel=kernel).compressed_lengths
    # from 6.12 on zero pages never reach zswap, and others of one word are compressed like any page
    late = {"6.12": {60: 6}} | {newest: {60: 6, PAGE_SIZE: 2} for newest in ("6.18", "7.1")}
    assert {2040: 7, 4088: 3} | late.get(kernel, {}) == found


def test_lengths_are_counted_from_the_end_of_the_warm_up(bench: Bench) -> None:
    trace = TraceBuilder().write("/a", 0, count=9, content=FULL).pageout("/a", 0, count=4)
    trace.pageout("/a", 4, count=5)
    counts = [bench.replay(trace, warmup=warmup).compressed_lengths for warmup in (0, 2, 3)]
    assert [{4088: 9}, {4088: 5}, {}] == counts


# NUMA nodes


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_counters_are_kept_by_node(bench: Bench, kernel: str) -> None:
    trace = TraceBuilder().write("/a/b", 0, count=3, content=FULL, node=0)
    trace.write("/a/b", 50, count=5, content=HALF, node=1).write("/a", 0, count=2, content=HALF, node=1)
    trace.pageout("/a/b", 0, count=3).pageout("/a/b", 50, count=5).pageout("/a", 0, count=2)
    trace.read("/a/b", 50, count=1).snapshot("before").memcg_offline("/a/b")
    result = bench.replay(trace, kernel=kernel, nodes=2)
    before, end = result.snapshots[0].nodes, result.end.nodes
    gone = kernel in ("6.12", "6.18", "7.1")  # a load takes the page out of zswap
    kept = (3, 3 * 4088), (5 - gone, (5 - gone) * 2040), (7 - gone, (7 - gone) * 2040)
    assert [kept[0], kept[1]] == [held(node) for node in before["/a/b"]]
    assert [kept[0], kept[2]] == [held(node) for node in before["/a"]] == [held(node) for node in end["/a"]]
    assert [kept[0], kept[2]] == [held(node) for node in end["/"]]
    assert [(3, 0, 3), (6, 1, 5)] == [
        (node["accesses"], node["zswpin"], node["zswpout"]) for node in before["/a/b"]
    ]
    assert [3, 7] == [node["zswpout"] for node in end["/a"]]
    assert ["/", "/a"] == list(end)


def held(node: dict[str, int]) -> tuple[int, int]:
    return node["stored_pages"], node["compressed_bytes"]
