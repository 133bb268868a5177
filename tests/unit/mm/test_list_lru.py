from __future__ import annotations

from zswap_replay.lib.columns import Records
from zswap_replay.lib.lru_ring import PLACE, LruRings
from zswap_replay.mm.list_lru import (
    LRU_REMOVED,
    LRU_REMOVED_RETRY,
    LRU_RETRY,
    LRU_ROTATE,
    LRU_SKIP,
    LRU_STOP,
    ListLru,
    LruWalk,
)

MEMCG, PARENT = 3, 1


class Script(LruWalk):
    """Answers with one status after the other, and does to the list what each of them says was done."""

    def __init__(self, *statuses: int) -> None:
        super().__init__()
        self.statuses = list(statuses)
        self.seen: list[int] = []

    def look_at(self, lru: ListLru, head: int, item: int) -> int:
        self.seen.append(item)
        status = self.statuses.pop(0)
        if status in (LRU_REMOVED, LRU_REMOVED_RETRY):
            lru.heads.list_del(head, item)
        return status


def make(nr_nodes: int = 1, *, memcg_aware: bool = True) -> ListLru:
    heads = LruRings(Records(64, {"lru": PLACE}))
    return ListLru(heads, nr_nodes, memcg_aware)


def filled(*items: int) -> ListLru:
    lru = make()
    for item in items:
        lru.list_lru_add(item, 0, MEMCG)
    return lru


def items(lru: ListLru, memcg: int = MEMCG, nid: int = 0) -> list[int]:
    head = lru.head_of(nid, memcg)
    return lru.heads.in_order(head) if head >= 0 else []


def walk(lru: ListLru, script: Script, nr_to_walk: int) -> int:
    return lru.list_lru_walk_one(0, MEMCG, script, nr_to_walk)


def test_removed_items_are_counted_and_the_walk_goes_on_behind_them() -> None:
    lru, script = filled(1, 2, 3), Script(LRU_REMOVED, LRU_SKIP, LRU_REMOVED_RETRY, LRU_STOP)
    assert 2 == walk(lru, script, 10)
    # behind the second removal it begins at the head again
    assert ([1, 2, 3, 2], [2]) == (script.seen, items(lru))


def test_rotated_items_go_to_the_young_end_and_are_not_removed() -> None:
    lru, script = filled(1, 2, 3), Script(LRU_ROTATE, LRU_SKIP)
    assert 0 == walk(lru, script, 2)
    assert ([1, 2], [2, 3, 1]) == (script.seen, items(lru))


def test_a_retry_begins_at_the_old_end_again() -> None:
    lru, script = filled(1, 2), Script(LRU_SKIP, LRU_RETRY, LRU_SKIP, LRU_STOP)
    assert 0 == walk(lru, script, 10)
    assert [1, 2, 1, 2] == script.seen


def test_a_stop_ends_the_walk_with_budget_left() -> None:
    lru, script = filled(1, 2, 3), Script(LRU_SKIP, LRU_STOP)
    walk(lru, script, 5)
    assert ([1, 2], 3) == (script.seen, script.nr_to_walk)


def test_an_item_costs_one_of_the_budget_whatever_becomes_of_it() -> None:
    lru = filled(*range(6))
    script = Script(LRU_REMOVED, LRU_ROTATE, LRU_SKIP, LRU_RETRY, LRU_SKIP)
    walk(lru, script, 4)
    assert ([0, 1, 2, 3], 0) == (script.seen, script.nr_to_walk)


def test_no_list_is_an_empty_walk_that_costs_nothing() -> None:
    script = Script()
    assert 0 == make().list_lru_walk_one(0, 40, script, 3)
    assert (3, []) == (script.nr_to_walk, script.seen)
    assert 0 == make().list_lru_count_one(0, 40)


def test_lists_are_kept_by_memcg_and_node() -> None:
    lru = make(nr_nodes=2)
    for item, (nid, memcg) in enumerate([(0, 1), (1, 1), (0, 9), (1, 1)]):
        lru.list_lru_add(item, nid, memcg)
    counts = [lru.list_lru_count_one(nid, memcg) for memcg in (1, 9) for nid in (0, 1)]
    assert [1, 2, 1, 0] == counts
    lru.list_lru_del(1, 1, 1)
    assert [3] == items(lru, 1, 1)


def test_where_it_is_not_memcg_aware_all_share_one_list() -> None:
    lru = make(nr_nodes=4, memcg_aware=False)
    for item, (nid, memcg) in enumerate([(3, 2), (0, 0), (1, 7)]):
        lru.list_lru_add(item, nid, memcg)
    assert [0, 1, 2] == items(lru, 5, 2)
    lru.memcg_reparent_list_lrus(7, 2)
    assert [0, 1, 2] == items(lru, 0, 0)


def test_reparented_items_are_the_oldest_of_the_parent_in_their_own_order() -> None:
    lru = make(nr_nodes=2)
    for item, (nid, memcg) in enumerate([(0, PARENT), (0, MEMCG), (0, PARENT), (0, MEMCG), (1, MEMCG)]):
        lru.list_lru_add(item, nid, memcg)
    lru.memcg_reparent_list_lrus(MEMCG, PARENT)
    assert ([1, 3, 0, 2], [4]) == (items(lru, PARENT, 0), items(lru, PARENT, 1))
    assert [0, 0] == [lru.list_lru_count_one(nid, MEMCG) for nid in (0, 1)]


def test_a_parent_without_lists_gets_them_when_it_inherits() -> None:
    lru = filled(5, 6)
    lru.memcg_reparent_list_lrus(MEMCG, PARENT)
    assert [5, 6] == items(lru, PARENT)
