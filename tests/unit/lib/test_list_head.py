"""Linked lists against plain Python lists."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.list_model import ListModel
from tests.profiles import part
from zswap_replay.lib.columns import Records
from zswap_replay.lib.list_head import LIST_HEAD, ListHeads

ITEMS = 12
HEADS = 10  # more than the columns have room for at first
head_numbers = st.integers(0, HEADS - 1)


class ListsAndModel(ListModel):
    def __init__(self) -> None:
        super().__init__(HEADS, ITEMS)
        self.heads = ListHeads(Records(ITEMS, {"lru": LIST_HEAD}))
        assert 0 == self.heads.new_lists(3)
        assert 3 == self.heads.new_lists(HEADS - 3)

    @precondition(lambda self: self.loose)
    @rule(data=st.data(), head=head_numbers)
    def add(self, data: st.DataObject, head: int) -> None:
        item = data.draw(st.sampled_from(self.loose))
        self.heads.list_add(head, item)
        self.model[head].insert(0, item)

    @precondition(lambda self: self.listed)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        head, item = data.draw(st.sampled_from(self.listed))
        self.heads.list_del(head, item)
        self.model[head].remove(item)

    @invariant()
    def lists_are_equal_forwards_and_backwards(self) -> None:
        for head, expected in enumerate(self.model):
            assert expected == self.heads.in_order(head)
            assert len(expected) == self.heads.size[head]
            backwards = []
            before = self.heads.items.values("lru.prev", ITEMS)
            item = self.heads.last[head]
            while item >= 0:
                backwards.append(item)
                item = before[item]
            assert expected[::-1] == backwards


TestListsAndModel = ListsAndModel.TestCase
TestListsAndModel.settings = part(1, steps=30)


def test_room_for_more_items_keeps_the_lists() -> None:
    heads = ListHeads(Records(8, {"lru": LIST_HEAD}))
    heads.new_lists(1)
    heads.list_add(0, 7)
    heads.resize_items(1000)
    heads.list_add(0, 999)
    assert [999, 7] == heads.in_order(0)
