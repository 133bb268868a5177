"""Linked lists against plain Python lists."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.list_model import ListModel
from tests.profiles import part
from zswap_replay.lib.list_head import ListHeads

ITEMS = 12
HEADS = 10
head_numbers = st.integers(0, HEADS - 1)


class ListsAndModel(ListModel):
    def __init__(self) -> None:
        super().__init__(HEADS, ITEMS)
        self.heads = ListHeads(HEADS, ITEMS)

    @precondition(lambda self: self.loose)
    @rule(data=st.data(), head=head_numbers)
    def add(self, data: st.DataObject, head: int) -> None:
        item = data.draw(st.sampled_from(self.loose))
        self.heads.list_add(head, item)
        self.model[head].insert(0, item)

    @precondition(lambda self: self.loose)
    @rule(data=st.data(), head=head_numbers)
    def add_at_the_tail(self, data: st.DataObject, head: int) -> None:
        item = data.draw(st.sampled_from(self.loose))
        self.heads.list_add_tail(head, item)
        self.model[head].append(item)

    @rule(head=head_numbers)
    def pop(self, head: int) -> None:
        expected = self.model[head].pop(0) if self.model[head] else -1
        assert expected == self.heads.list_pop(head)

    @precondition(lambda self: self.listed)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        head, item = data.draw(st.sampled_from(self.listed))
        self.heads.list_del(item)
        self.model[head].remove(item)

    @invariant()
    def lists_are_equal_forwards_and_backwards(self) -> None:
        before = self.heads.records.values("prev", HEADS + ITEMS)
        for head, expected in enumerate(self.model):
            assert expected == self.heads.in_order(head)
            assert next(iter(expected), -1) == self.heads.list_first_entry_or_null(head)
            backwards = []
            at = before[head]
            while at != head:
                backwards.append(at - HEADS)
                at = before[at]
            assert expected[::-1] == backwards


TestListsAndModel = ListsAndModel.TestCase
TestListsAndModel.settings = part(1, steps=30)


def test_room_for_more_items_keeps_the_lists() -> None:
    heads = ListHeads(1, 8)
    heads.list_add(0, 7)
    heads.resize_items(1000)
    heads.list_add(0, 999)
    assert [999, 7] == heads.in_order(0)
