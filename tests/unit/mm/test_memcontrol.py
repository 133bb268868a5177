from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.memcgs import events_of, nr_dying_descendants
from zswap_replay.lib.columns import LONGLONG
from zswap_replay.machine import compiled
from zswap_replay.mm.mem_cgroup import MEMCG
from zswap_replay.mm.memcg_totals import LIMITS_AND_CHARGES, limits_and_charges
from zswap_replay.mm.memcontrol import EVENT_NAMES, MemCgroups
from zswap_replay.result.numbers import LIMITS
from zswap_replay.units import PAGE_SIZE

FAULTS = EVENT_NAMES.index("pgmajfault")


def limits(memcgs: MemCgroups, memcg: int) -> dict[str, int]:
    """Name the limits of a memcg that are set."""
    values = limits_and_charges(memcgs)[memcg, : len(LIMITS)]
    return {name: value for name, value in zip(LIMITS, values.tolist(), strict=True) if value >= 0}


def tree(*parents: int, switch: str = "none", nr_nodes: int = 1) -> MemCgroups:
    """Memcgs 1, 2, ... below the given parents; the root is 0."""
    memcgs = MemCgroups(switch, nr_nodes)
    for number, parent in enumerate(parents, 1):
        assert number == memcgs.mem_cgroup_css_alloc(parent)
    return memcgs


def put(memcgs: MemCgroups, memcg: int, field: str, value: int) -> None:
    """Write a field of the struct of a memcg."""
    if compiled():
        memcgs.records.array[field][memcg] = value
    else:
        setattr(memcgs.records.array[memcg], field, value)


def order(memcgs: MemCgroups, root: int = 0) -> list[int]:
    found = []
    memcg = memcgs.mem_cgroup_iter(root, -1)
    while memcg >= 0:
        found.append(memcg)
        memcg = memcgs.mem_cgroup_iter(root, memcg)
    return found


# The tree


def test_iteration_is_in_pre_order_and_children_in_order_of_creation() -> None:
    memcgs = tree(0, 0, 1, 2, 1, 3)
    assert [0, 1, 3, 6, 5, 2, 4] == order(memcgs)
    assert [1, 3, 6, 5] == order(memcgs, 1)
    assert [4] == order(memcgs, 4)


@given(choices=st.lists(st.integers(0, 1 << 20), max_size=40), root=st.integers(0, 1 << 20))
def test_iteration_visits_a_subtree_once(choices: list[int], root: int) -> None:
    parents = [choice % (number + 1) for number, choice in enumerate(choices)]
    memcgs = tree(*parents)
    root %= len(parents) + 1
    expected = {root}
    for number, parent in enumerate(parents, 1):
        if parent in expected:
            expected.add(number)
    assert sorted(expected) == sorted(order(memcgs, root))


def test_a_removed_memcg_that_nothing_refers_to_leaves_the_tree() -> None:
    memcgs = tree(0, 0, 0)
    memcgs.mem_cgroup_css_offline(2)
    assert ([0, 1, 3], 0) == (order(memcgs), nr_dying_descendants(memcgs))
    memcgs.mem_cgroup_css_offline(1)
    memcgs.mem_cgroup_css_offline(3)
    assert [0] == order(memcgs)
    assert [0, 4] == [*order(memcgs), memcgs.mem_cgroup_css_alloc(0)]


def test_a_dead_memcg_stays_until_the_last_reference_goes() -> None:
    memcgs = tree(0, 1)
    memcgs.mem_cgroup_get(2)
    memcgs.mem_cgroup_css_offline(2)
    memcgs.mem_cgroup_css_offline(1)
    # the dead child keeps its dead parent
    assert ([0, 1, 2], 2) == (order(memcgs), nr_dying_descendants(memcgs))
    memcgs.mem_cgroup_put(2)
    assert ([0], 0) == (order(memcgs), nr_dying_descendants(memcgs))


def test_a_live_memcg_outlives_its_references() -> None:
    memcgs = tree(0)
    memcgs.mem_cgroup_get(1)
    memcgs.mem_cgroup_put(1)
    assert [0, 1] == order(memcgs)


@pytest.mark.parametrize("what", ["page", "slot"])
def test_a_charge_keeps_a_dead_memcg(what: str) -> None:
    memcgs = tree(0)
    if what == "page":
        memcgs.charge(1)
    else:
        assert memcgs.mem_cgroup_try_charge_swap(1)
    memcgs.mem_cgroup_css_offline(1)
    assert 1 == nr_dying_descendants(memcgs)
    if what == "page":
        memcgs.uncharge(1, 1)
    else:
        memcgs.mem_cgroup_uncharge_swap(1)
    assert 0 == nr_dying_descendants(memcgs)


# Charges


def test_pages_and_slots_are_charged_up_the_tree() -> None:
    memcgs = tree(0, 1, 1)
    for memcg in (2, 2, 3):
        memcgs.charge(memcg)
        assert memcgs.mem_cgroup_try_charge_swap(memcg)
    assert [3, 3, 2, 1] == memcgs.values("resident").tolist() == memcgs.values("swap").tolist()
    memcgs.uncharge(2, 2)
    memcgs.mem_cgroup_uncharge_swap(3)
    assert ([1, 1, 0, 1], [2, 2, 2, 0]) == (
        memcgs.values("resident").tolist(),
        memcgs.values("swap").tolist(),
    )


def test_entries_are_charged_up_the_tree_and_those_of_the_root_to_nobody() -> None:
    memcgs = tree(0, 1)
    objcg = memcgs.get_obj_cgroup_from_memcg(2)
    memcgs.obj_cgroup_charge_zswap(objcg, 0, 1000)
    memcgs.obj_cgroup_charge_zswap(objcg, 0, 0)
    memcgs.obj_cgroup_charge_zswap(memcgs.get_obj_cgroup_from_memcg(0), 0, 500)
    assert ([1000] * 3, [2] * 3) == (
        memcgs.values("zswap_bytes").tolist(),
        memcgs.values("zswapped").tolist(),
    )
    memcgs.obj_cgroup_uncharge_zswap(objcg, 0, 1000)
    memcgs.obj_cgroup_uncharge_zswap(-1, 0, 500)
    assert ([0] * 3, [1] * 3) == (memcgs.values("zswap_bytes").tolist(), memcgs.values("zswapped").tolist())


@pytest.mark.parametrize(("size", "pages"), [(0, 0), (1, 1), (4096, 1), (4097, 2)])
def test_compressed_bytes_press_on_memory_by_whole_pages(size: int, pages: int) -> None:
    memcgs = tree(0)
    memcgs.charge(1)
    memcgs.obj_cgroup_charge_zswap(1, 0, size)
    assert 1 + pages == memcgs.memory_usage(1)


# Limits


@pytest.mark.parametrize(
    ("written", "read_back"), [(12287, 8192), (1, 0), (0, 0), (8192, 8192), ((1 << 63) - 1, (1 << 63) - 4096)]
)
@pytest.mark.parametrize("key", ["memory.max", "memory.high", "memory.swap.max", "memory.zswap.max"], ids=str)
def test_limits_are_floored_to_pages(key: str, written: int, read_back: int) -> None:
    memcgs = tree(0)
    memcgs.set_limit(1, key, written)
    assert {key: read_back} == limits(memcgs, 1)
    memcgs.set_limit(1, key, -1)
    assert {} == limits(memcgs, 1)


def test_an_unknown_limit_is_refused() -> None:
    with pytest.raises(KeyError, match=r"memory\.low"):
        tree(0).set_limit(1, "memory.low", 0)


def test_a_zswap_limit_leaves_room_until_the_use_reaches_it() -> None:
    memcgs = tree(0)
    memcgs.set_limit(1, "memory.zswap.max", 8192)
    # use is counted in whole pages, and the coming page is not: it may overshoot
    for size, room in ((8191, True), (1, False), (4096, False)):
        memcgs.obj_cgroup_charge_zswap(1, 0, size)
        assert room == memcgs.obj_cgroup_may_zswap(1)
    memcgs.obj_cgroup_uncharge_zswap(1, 0, 4097)
    assert memcgs.obj_cgroup_may_zswap(1)


def test_a_zswap_limit_of_less_than_a_page_leaves_no_room() -> None:
    memcgs = tree(0)
    memcgs.set_limit(1, "memory.zswap.max", 4095)
    assert not memcgs.obj_cgroup_may_zswap(1)


def test_the_limit_of_an_ancestor_holds_for_all_below() -> None:
    memcgs = tree(0, 1, 1, 0)
    memcgs.set_limit(1, "memory.zswap.max", 4096)
    memcgs.obj_cgroup_charge_zswap(2, 0, 4096)
    assert [False, False, False, True] == [bool(memcgs.obj_cgroup_may_zswap(objcg)) for objcg in (1, 2, 3, 4)]


def test_swap_is_refused_at_any_limit_up_the_tree() -> None:
    memcgs = tree(0, 1)
    memcgs.set_limit(1, "memory.swap.max", 3 * 4096)
    assert [True, True, True, False] == [bool(memcgs.mem_cgroup_try_charge_swap(2)) for _ in range(4)]
    # what was refused is charged nowhere
    assert [3, 3, 3] == memcgs.values("swap").tolist()
    memcgs.mem_cgroup_uncharge_swap(2)
    assert memcgs.mem_cgroup_try_charge_swap(1)


def test_swap_is_called_full_at_half_a_limit() -> None:
    memcgs = tree(0, 1)
    memcgs.set_limit(1, "memory.swap.max", 4 * 4096)
    memcgs.mem_cgroup_try_charge_swap(2)
    assert not memcgs.mem_cgroup_swap_full(2)
    memcgs.mem_cgroup_try_charge_swap(2)
    assert memcgs.mem_cgroup_swap_full(2)
    assert not memcgs.mem_cgroup_swap_full(0)


# The writeback switch


def test_the_own_switch_is_copied_at_mkdir_and_looked_at_alone() -> None:
    memcgs = tree(0, switch="own")
    memcgs.set_limit(1, "memory.zswap.writeback", 0)
    child = memcgs.mem_cgroup_css_alloc(1)
    assert {"memory.zswap.writeback": 0} == limits(memcgs, child)
    memcgs.set_limit(1, "memory.zswap.writeback", 1)
    assert not memcgs.mem_cgroup_zswap_writeback_enabled(child)
    memcgs.set_limit(child, "memory.zswap.writeback", 1)
    memcgs.set_limit(1, "memory.zswap.writeback", 0)
    assert memcgs.mem_cgroup_zswap_writeback_enabled(child)


def test_the_hierarchical_switch_is_every_ancestors_and_not_copied() -> None:
    memcgs = tree(0, switch="hierarchy")
    memcgs.set_limit(1, "memory.zswap.writeback", 0)
    child = memcgs.mem_cgroup_css_alloc(1)
    assert {} == limits(memcgs, child)
    assert not memcgs.mem_cgroup_zswap_writeback_enabled(child)
    memcgs.set_limit(1, "memory.zswap.writeback", 1)
    assert memcgs.mem_cgroup_zswap_writeback_enabled(child)
    memcgs.set_limit(0, "memory.zswap.writeback", 0)
    assert not memcgs.mem_cgroup_zswap_writeback_enabled(child)


# Death


def test_an_objcg_goes_to_the_nearest_live_ancestor() -> None:
    memcgs = tree(0, 1, 2)
    memcgs.mem_cgroup_css_offline(3)
    assert 2 == memcgs.obj_cgroup_memcg(3)
    memcgs.mem_cgroup_css_offline(2)
    # those that were inherited go on with their heir's own
    assert [1, 1] == [memcgs.obj_cgroup_memcg(objcg) for objcg in (2, 3)]
    memcgs.mem_cgroup_css_offline(1)
    assert [0, 0, 0, 0] == [memcgs.obj_cgroup_memcg(objcg) for objcg in (-1, 1, 2, 3)]


def test_a_page_of_a_dead_memcg_is_stored_under_the_nearest_live_one() -> None:
    memcgs = tree(0, 1)
    memcgs.charge(2)
    memcgs.mem_cgroup_css_offline(2)
    assert 1 == memcgs.get_obj_cgroup_from_memcg(2)
    memcgs.mem_cgroup_css_offline(1)
    assert -1 == memcgs.get_obj_cgroup_from_memcg(2)


def test_entries_of_a_dead_memcg_are_uncharged_where_they_went() -> None:
    memcgs = tree(0, 1)
    memcgs.obj_cgroup_charge_zswap(2, 0, 700)
    memcgs.mem_cgroup_css_offline(2)
    memcgs.obj_cgroup_uncharge_zswap(2, 0, 700)
    assert [0, 0, 700] == memcgs.values("zswap_bytes").tolist()


def test_a_slot_is_charged_to_a_dead_memcg_as_long_as_another_slot_is() -> None:
    memcgs = tree(0, 1)
    memcgs.mem_cgroup_try_charge_swap(2)
    memcgs.mem_cgroup_css_offline(2)
    assert 2 == memcgs.mem_cgroup_id_get_online(2)
    memcgs.mem_cgroup_uncharge_swap(2)
    assert 1 == memcgs.mem_cgroup_id_get_online(2)


# Events


def test_events_are_summed_up_the_tree_and_kept_after_death() -> None:
    memcgs = tree(0, 1, 1)
    for memcg in (2, 2, 3):
        memcgs.count_memcg_event(memcg, 0, FAULTS)
    memcgs.mem_cgroup_css_offline(2)
    totals = [events_of(memcgs, memcg) for memcg in range(4)]
    assert [3, 3, 2, 1] == [each["pgmajfault"] for each in totals]
    assert [0] * 4 == [each["oom"] for each in totals]


def test_the_columns_grow_with_the_tree() -> None:
    memcgs = tree(*[0] * 40)
    memcgs.set_limit(40, "memory.zswap.max", 4096)
    memcgs.count_memcg_event(40, 0, FAULTS)
    assert {} == limits(memcgs, 39)
    assert (1, 0) == (
        events_of(memcgs, 40)["pgmajfault"],
        events_of(memcgs, 39)["pgmajfault"],
    )
    assert list(range(41)) == order(memcgs)


def test_what_memcgs_are_charged_is_read_by_its_name() -> None:
    memcgs = tree(0, 1)
    for field in MEMCG:
        if MEMCG[field] == LONGLONG:
            for memcg in range(memcgs.nr):
                put(memcgs, memcg, field, memcg + 1000 * len(field))
    table = limits_and_charges(memcgs)
    for name, column in zip(LIMITS_AND_CHARGES, table.T.tolist(), strict=True):
        if name == "usage":
            assert [memcgs.memory_usage(memcg) for memcg in range(memcgs.nr)] == column
        elif name == "zswap_writeback":
            assert [-1] * memcgs.nr == column
        else:
            unit = PAGE_SIZE if name.endswith(("_max", "_high")) else 1
            assert (memcgs.values(name) * unit).tolist() == column, name
