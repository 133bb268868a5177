"""What holds after any trace: nothing is lost, nothing is counted twice, nothing is charged to the wrong memcg."""

from __future__ import annotations

import tempfile
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pressure import every_release, pressed, quick, save, tight
from tests.profiles import part
from tests.strategies import Row
from tests.where import where
from zswap_replay.lib.page_table import ACTIVE, DIRTY, NR_RETURNED, PRESENT, SLOT, SWAPCACHE
from zswap_replay.machine.machine import Machine
from zswap_replay.mm.lru_gen import (
    FRESH,
    GEN_MASK,
    LIST_MASK,
    LIST_SHIFT,
    MAX_NR_GENS,
    MIN_NR_GENS,
    LruGenLists,
)
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.releases import RELEASES
from zswap_replay.mm.swap import NR_LRU_LISTS
from zswap_replay.replay.loop import Replay, replay
from zswap_replay.result.counters import COUNTERS
from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.reader import open_trace
from zswap_replay.units import PAGE_SIZE

EXCLUSIVE = tuple(name for name, release in RELEASES.items() if release.exclusive_loads == "always")


def run(rows: list[Row], kernel: str, **more: Any) -> tuple[Replay, Result]:
    with tempfile.TemporaryDirectory() as folder:
        path = save(folder, rows)
        running = Replay(open_trace(path), path, tight(kernel, **more), lambda _: None)
        return running, running.result(0, None, lambda *_: None)


def up_the_tree(memcgs: MemCgroups, own: Counter[int]) -> list[int]:
    """What each memcg is charged, if each of ``own`` is charged to its ancestors too."""
    sums = [own[memcg] for memcg in range(memcgs.nr)]
    parent = memcgs.values("parent")
    for memcg in range(memcgs.nr - 1, 0, -1):
        sums[parent[memcg]] += sums[memcg]
    return sums


def entries(machine: Machine) -> list[int]:
    """The pages that have an entry in zswap."""
    pool = machine.pages.records.values("pool", machine.pages.indices().stop)
    return [page for page in machine.pages.indices() if pool[page]]


def returned(machine: Machine) -> list[int]:
    """The entries of slots that are about to be given back."""
    pool = machine.pages.records.values("pool", NR_RETURNED)
    return [slot for slot in range(NR_RETURNED) if pool[slot]]


@every_release
@quick
@given(rows=pressed())
def test_the_pages_in_memory_are_those_that_are_charged(kernel: str, rows: list[Row]) -> None:
    machine = run(rows, kernel)[0].machine
    pages, memcgs = machine.pages, machine.memcgs
    memcg = pages.records.values("memcg", pages.indices().stop)
    resident = [page for page in pages.indices() if pages.flags[page] & (PRESENT | SWAPCACHE)]
    charged = Counter(memcg[page] for page in resident)
    assert up_the_tree(memcgs, charged) == memcgs.values("resident").tolist()


@every_release
@pytest.mark.parametrize("reclaim", ["k", "lru"])
@quick
@given(rows=pressed())
def test_each_page_in_memory_is_on_the_list_that_it_is_taken_to_be_on(
    kernel: str, reclaim: str, rows: list[Row]
) -> None:
    machine = run(rows, kernel, reclaim=reclaim)[0].machine
    pages = machine.pages
    memcg = pages.records.values("memcg", pages.indices().stop)
    expected: dict[int, set[int]] = {head: set() for head in range(NR_LRU_LISTS * machine.memcgs.nr)}
    for page in pages.indices():
        if pages.flags[page] & (PRESENT | SWAPCACHE):
            active = pages.flags[page] & ACTIVE != 0
            assert not active or reclaim == "k"
            expected[NR_LRU_LISTS * memcg[page] + active].add(page)
    lists = {head: pages.lru.in_order(head) for head in expected}
    assert expected == {head: set(items) for head, items in lists.items()}
    assert sum(map(len, lists.values())) == sum(map(len, expected.values()))


@every_release
@quick
@given(rows=pressed())
def test_each_page_in_memory_is_in_the_generation_that_it_is_counted_in(kernel: str, rows: list[Row]) -> None:
    machine = run(rows, kernel, reclaim="mglru")[0].machine
    pages, gens = machine.pages, machine.lruvecs
    assert isinstance(gens, LruGenLists)
    memcg = pages.records.values("memcg", pages.indices().stop)
    sizes: Counter[int] = Counter()
    for head in range(MAX_NR_GENS * machine.memcgs.nr):
        for page in pages.lru.in_order(head):
            gen, listed = (gens.state[page] & GEN_MASK) - 1, (gens.state[page] & LIST_MASK) >> LIST_SHIFT
            assert head == MAX_NR_GENS * memcg[page] + listed
            sizes[MAX_NR_GENS * memcg[page] + gen] += 1
    assert [sizes[head] for head in range(MAX_NR_GENS * machine.memcgs.nr)] == list(
        gens.nr_pages[: MAX_NR_GENS * machine.memcgs.nr]
    )
    resident = {page for page in pages.indices() if pages.flags[page] & (PRESENT | SWAPCACHE)}
    waiting = {page for page in resident if gens.state[page] & FRESH}
    assert resident - waiting == {page for page in resident if gens.state[page] & GEN_MASK}
    assert all(MIN_NR_GENS <= gens.nr_gens(each) <= MAX_NR_GENS for each in range(machine.memcgs.nr))


@every_release
@quick
@given(rows=pressed())
def test_slots_are_charged_until_they_are_given_back(kernel: str, rows: list[Row]) -> None:
    machine = run(rows, kernel)[0].machine
    pages = machine.pages
    slots = [page for page in pages.indices() if pages.flags[page] & SLOT]
    assert machine.memcgs.values("swap")[0] == len(slots) + machine.swap_slots.n_ret
    assert machine.swap_slots.n_ret <= 64
    # a page that is out and has no slot would be lost
    assert all(pages.flags[page] & SLOT for page in entries(machine))
    if machine.release.writeback_switch == "none":  # else a page may be kept, unmapped and dirty
        assert all(pages.flags[page] & PRESENT for page in pages.indices() if pages.flags[page] & DIRTY)


@every_release
@quick
@given(rows=pressed())
def test_entries_are_those_of_the_pages_and_of_slots_not_given_back(kernel: str, rows: list[Row]) -> None:
    running, result = run(rows, kernel)
    machine = running.machine
    pages, zswap, memcgs = machine.pages, machine.zswap, machine.memcgs
    linked, lingering = entries(machine), returned(machine)
    length, objcg = (pages.records.values(name, pages.indices().stop) for name in ("length", "objcg"))
    assert len(linked) + len(lingering) == result.end.zswap["stored_pages"]
    assert len(lingering) <= machine.swap_slots.n_ret
    assert sum(length[entry] for entry in linked + lingering) == zswap.stock.compressed_bytes
    if kernel in EXCLUSIVE:
        assert not lingering
        assert not any(pages.flags[entry] & (PRESENT | SWAPCACHE) for entry in linked)
        own: Counter[int] = Counter()
        for entry in linked:
            if objcg[entry] >= 0:
                own[memcgs.obj_cgroup_memcg(objcg[entry])] += length[entry]
        online = memcgs.values("online").nonzero()[0]
        sums = up_the_tree(memcgs, own)
        assert [sums[memcg] for memcg in online] == memcgs.values("zswap_bytes")[online].tolist()


@every_release
@quick
@given(rows=pressed(deaths=False))
def test_where_a_page_is_said_to_be_is_what_is_counted(kernel: str, rows: list[Row]) -> None:
    # no memcg dies here, so that each page that ever was can be named
    running, result = run(rows, kernel)
    reader = running.reader
    letters = Counter("".join(where(running, path, 0, 60) for path in reader.paths))
    ours, zswap = result.end.replay, result.end.zswap
    assert ours["resident_pages"] == letters["P"] + letters["C"]
    if kernel in EXCLUSIVE:
        assert zswap["stored_pages"] == letters["Z"]
    else:
        assert letters["Z"] <= zswap["stored_pages"] <= letters.total()
    assert letters["0"] <= result.end.vmstat.get("swpout_zero", 0)


@pytest.mark.parametrize("kernel", ["patch-v4", "6.18"])
@quick
@given(rows=pressed())
def test_what_memcgs_save_is_what_snapshots_after_each_event_add_up_to(kernel: str, rows: list[Row]) -> None:
    # a pool without a limit, else its worker frees entries between two events
    kept = [row for row in rows if row.get("key") != "max_pool_percent"]
    looks = [(row, {"time_ns": row["time_ns"], "event": "snapshot", "key": "now"}) for row in kept]
    result = run([each for pair in looks for each in pair], kernel, max_pool_percent=100)[1]
    sums: dict[str, int] = {}
    peaks: dict[str, int] = {}
    for now, later in pairwise((*result.snapshots, result.end)):
        sums = {path: sums.get(path, 0) for path in now.nodes}  # a path whose memcg was removed begins anew
        peaks = {path: peaks.get(path, 0) for path in now.nodes}
        for path, nodes in now.nodes.items():
            saved = sum(node["stored_pages"] * PAGE_SIZE - node["compressed_bytes"] for node in nodes)
            sums[path] += saved * (later.time_ns - now.time_ns)
            peaks[path] = max(peaks[path], saved)
    found = result.over_time_by_memcg or {}
    assert found.keys() == result.end.nodes.keys() - {"/"}
    for path, figures in found.items():
        mean, peak = figures["memory_saved_mean_bytes"], figures["memory_saved_peak_bytes"]
        assert result.duration_ns == 0 or mean == round(Fraction(sums[path], result.duration_ns or 1))
        assert (peak or 0) >= peaks[path]  # an event of many pages may store more before it ends


@every_release
@quick
@given(rows=pressed())
def test_every_entry_that_came_is_there_or_has_gone_one_way(kernel: str, rows: list[Row]) -> None:
    # without what gives a slot up: a discard, a write to a page that is out, a load when swap is half full
    kept = [
        row | {"event": "read"} if row["event"] in ("discard", "write") else row
        for row in rows
        if row.get("key") not in ("memory.swap.max", "exclusive_loads")
    ]
    end = run(kept, kernel)[1].end
    zswap, vmstat = end.zswap, end.vmstat
    loaded = vmstat["zswpin"] if kernel in EXCLUSIVE else 0
    gone = loaded + zswap["written_back_pages"] + zswap.get("duplicate_entry", 0)
    assert vmstat["zswpout"] == zswap["stored_pages"] + gone
    assert vmstat["pswpout"] >= zswap["written_back_pages"]


@every_release
@quick
@given(rows=pressed())
def test_pools_hold_what_is_stored_in_them(kernel: str, rows: list[Row]) -> None:
    running, result = run(rows, kernel)
    end = result.end
    held, size = end.replay["compressed_bytes"], end.zswap["pool_total_size"]
    assert size == PAGE_SIZE * sum(
        pool.zpool.zpool_get_total_pages() for pool in running.machine.zswap.pools.zswap_pools
    )
    assert 0 <= held <= size
    assert (held == 0) == (size == 0)
    in_memory = end.zswap["stored_pages"] - end.zswap.get("same_filled_pages", 0)
    assert in_memory == sum(pool.entries for pool in running.machine.zswap.pools.zswap_pools)


@every_release
@quick
@given(rows=pressed())
def test_a_parent_is_charged_at_least_what_its_children_are(kernel: str, rows: list[Row]) -> None:
    for snapshot in run(rows, kernel)[1].snapshots:
        for path, values in snapshot.memcg.items():
            children = [
                each
                for name, each in snapshot.memcg.items()
                if name.rpartition("/")[0] == path and name != "/"
            ]
            for name in ("zswap", "zswapped", "zswpin", "zswpout"):
                assert values[name] >= sum(each[name] for each in children)
        assert snapshot.vmstat["zswpout"] >= snapshot.memcg["/"]["zswpout"]


@every_release
@quick
@given(rows=pressed())
def test_counters_never_go_back(kernel: str, rows: list[Row]) -> None:
    snapshots = run(rows, kernel)[1].snapshots
    gauges = {"pool_total_size", "stored_pages", "stored_incompressible_pages", "same_filled_pages"}
    for earlier, later in pairwise(snapshots):
        assert all(later.vmstat[name] >= value for name, value in earlier.vmstat.items())
        assert all(later.zswap[name] >= value for name, value in earlier.zswap.items() if name not in gauges)


@pytest.mark.parametrize("kernel", ["6.12", "6.18", "7.1"])
@quick
@given(rows=pressed(deaths=False))
def test_nothing_leaves_a_memcg_that_may_not_write_back(kernel: str, rows: list[Row]) -> None:
    end = run(rows, kernel, knobs=(KnobWrite("/a", "memory.zswap.writeback", 0),))[1].end
    for path in ("/a", "/a/x"):
        if path in end.memcg:
            assert (0, 0) == (end.memcg[path]["zswpwb"], end.replay_memcg[path]["pswpout"])


# Content


@every_release
@part(0.25)
@given(rows=pressed())
def test_every_page_comes_back_as_it_went(kernel: str, rows: list[Row]) -> None:
    rows = [{**row, "content": None} for row in rows]
    end = run(rows, kernel, lengths=None, compressor="lz4", verify="all")[1].end
    assert 0 == end.replay["mismatches"]


# What no counter may depend on


def without_path(result: Result) -> dict[str, object]:
    document = result.as_json(timing=False)
    manifest = document["manifest"]
    assert isinstance(manifest, dict)
    return document | {"manifest": {**manifest, "trace": {**manifest["trace"], "path": ""}}}


@every_release
@part(0.25)
@given(
    rows=pressed(), batch_rows=st.integers(1, 9), row_group_rows=st.integers(1, 50), warmup=st.integers(0, 30)
)
def test_counters_do_not_depend_on_batches_or_row_groups(
    kernel: str, rows: list[Row], batch_rows: int, row_group_rows: int, warmup: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole, cut = save(folder, rows), save(folder, rows, "cut.parquet", row_group_rows=row_group_rows)
        options = tight(kernel, warmup=warmup)
        expected = without_path(replay(whole, options, interval_ns=400_000))
        assert expected == without_path(replay(cut, options, interval_ns=400_000))
        assert expected == without_path(replay(cut, options, interval_ns=400_000, batch_rows=batch_rows))


@every_release
@part(0.25)
@given(rows=pressed())
def test_counters_do_not_depend_on_the_names_of_memcgs(kernel: str, rows: list[Row]) -> None:
    names = {"/": "/", "/a": "/zebra.slice", "/a/x": "/zebra.slice/1", "/b": "/0"}
    renamed = [{**row, "memcg": names[row["memcg"]]} if "memcg" in row else row for row in rows]
    one, other = run(rows, kernel)[1].end, run(renamed, kernel)[1].end
    assert (one.zswap, one.vmstat, one.replay) == (other.zswap, other.vmstat, other.replay)
    assert {names[path]: values for path, values in one.memcg.items()} == other.memcg


@every_release
@part(0.25)
@given(rows=pressed())
def test_a_run_of_pages_is_the_same_as_its_pages_one_by_one(kernel: str, rows: list[Row]) -> None:
    single = []
    for row in rows:
        for number in range(row.get("count", 1)):
            moved = (
                {"page": row["page"] + number, "content": row["content"] + number} if "page" in row else {}
            )
            single.append(row | moved | {"count": 1})
    # one by one they give the worker its turn in between, unless it has no time at all
    one, other = (run(each, kernel, writeback_ns=1 << 61)[1].end for each in (rows, single))
    assert (one.zswap, one.vmstat, one.memcg) == (other.zswap, other.vmstat, other.memcg)


def test_the_traces_above_reach_what_they_are_to_test() -> None:
    """A strategy that has gone tame would be seen here."""
    reached: Counter[str] = Counter()

    @settings(max_examples=40, deadline=None, database=None, derandomize=True)
    @given(rows=pressed())
    def look(rows: list[Row]) -> None:
        end = run(rows, "patch-v4")[1].end
        for name in (
            "memcg_limit_reject",
            "pool_limit_reject",
            "compress_reject",
            "clean_drops",
            "memcg_shrinks",
        ):
            reached[name] += end.replay[name] > 0
        for name in ("written_back_pages", "duplicate_entry", "reject_reclaim_fail"):
            reached[name] += end.zswap[name] > 0

    look()
    assert 8 == len(+reached), reached


# NUMA nodes

BY_EVENT = ("accesses", "memcg_limit_reject", "pool_limit_reject", "compress_reject", "written_back_pages")


def by_memcg(snapshot: Snapshot, path: str) -> dict[str, int]:
    """What the group ``node`` counts, as the memcg itself has it."""
    ours, kernels = snapshot.replay_memcg[path], snapshot.memcg[path]
    return {
        **{name: ours[name] for name in (*BY_EVENT, "pswpin", "pswpout", "stored_pages")},
        **{name: kernels[name] for name in ("pgmajfault", "zswpin", "zswpout")},
        "compressed_bytes": kernels["zswap"],
    }


@every_release
@pytest.mark.parametrize("nodes", [1, 2])
@quick
@given(rows=pressed())
def test_the_nodes_of_a_memcg_sum_up_to_it(kernel: str, nodes: int, rows: list[Row]) -> None:
    rows = [row | {"node": row["node"] % nodes} if "node" in row else row for row in rows]
    for snapshot in run(rows, kernel, nodes=nodes)[1].snapshots:
        assert [*snapshot.nodes] == [*snapshot.memcg]
        for path, figures in snapshot.nodes.items():
            assert nodes == len(figures)
            assert by_memcg(snapshot, path) == {
                name: sum(node[name] for node in figures) for name in COUNTERS["node"]
            }


@every_release
@quick
@given(rows=pressed(deaths=False))
def test_what_a_node_has_in_zswap_is_what_its_entries_are(kernel: str, rows: list[Row]) -> None:
    running, result = run(rows, kernel)
    machine = running.machine
    records, size = machine.pages.records, machine.pages.indices().stop
    nid, length, objcg = (records.values(name, size) for name in ("node", "length", "objcg"))
    charged = [entry for entry in entries(machine) + returned(machine) if objcg[entry] >= 0]
    for node, figures in enumerate(result.end.nodes["/"]):
        here = [entry for entry in charged if nid[entry] == node]
        assert len(here) == figures["stored_pages"]
        assert sum(length[entry] for entry in here) == figures["compressed_bytes"]


# Lengths


@every_release
@quick
@given(rows=pressed(), warmup=st.integers(0, 30))
def test_every_store_that_is_not_same_filled_has_its_length_counted(
    kernel: str, rows: list[Row], warmup: int
) -> None:
    whole, after = run(rows, kernel)[1], run(rows, kernel, warmup=warmup)[1]
    assert set(whole.compressed_lengths) <= {30, 60, 2040, 4088, 4096}
    assert sum(whole.compressed_lengths.values()) <= whole.end.vmstat["zswpout"]
    if kernel in EXCLUSIVE:  # zero pages never come, others that are same-filled are compressed
        assert sum(after.compressed_lengths.values()) == after.end.vmstat["zswpout"]
    assert all(0 < count <= whole.compressed_lengths[n] for n, count in after.compressed_lengths.items())
