"""LRU lists in rings against plain Python lists."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.list_model import ListModel
from tests.profiles import part
from zswap_replay.lib.columns import INT, Records, column
from zswap_replay.lib.lru_ring import FIRST_ROOM, PLACE, LruRings

ITEMS = 2 * FIRST_ROOM  # a ring grows twice
HEADS = 10  # more than the columns have room for at first
head_numbers = st.integers(0, HEADS - 1)


class RingsAndModel(ListModel):
    def __init__(self) -> None:
        super().__init__(HEADS, ITEMS)
        self.heads = LruRings(Records(ITEMS, {"lru": PLACE}))
        assert 0 == self.heads.new_lists(3)
        assert 3 == self.heads.new_lists(HEADS - 3)
        self.items = column(ITEMS, INT)

    @precondition(lambda self: self.loose)
    @rule(data=st.data(), head=head_numbers, tail=st.booleans(), all_=st.booleans())
    def add(self, data: st.DataObject, head: int, tail: bool, all_: bool) -> None:
        for item in self.loose if all_ else [data.draw(st.sampled_from(self.loose))]:
            if tail:
                self.heads.list_add_tail(head, item)
                self.model[head].append(item)
            else:
                self.heads.list_add(head, item)
                self.model[head].insert(0, item)

    @precondition(lambda self: self.loose)
    @rule(head=head_numbers, count=st.integers(0, ITEMS))
    def add_all(self, head: int, count: int) -> None:
        added = self.loose[:count]
        for place, item in enumerate(added):
            self.items[place] = item
        self.heads.list_add_all(head, len(added), self.items)
        self.model[head][:0] = added[::-1]

    @precondition(lambda self: self.listed)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        head, item = data.draw(st.sampled_from(self.listed))
        self.heads.list_del(head, item)
        self.model[head].remove(item)

    @precondition(lambda self: self.listed)
    @rule(data=st.data(), keep=st.integers(2, 5))
    def thin_out(self, data: st.DataObject, keep: int) -> None:
        head, _ = data.draw(st.sampled_from(self.listed))
        for item in self.model[head][:]:
            if item % keep:
                self.heads.list_del(head, item)
                self.model[head].remove(item)

    @rule(head=head_numbers, count=st.integers(0, ITEMS))
    def pop(self, head: int, count: int) -> None:
        expected = self.model[head][::-1][:count]
        assert len(expected) == self.heads.list_pop_tail(head, count, self.items)
        assert expected == list(self.items[: len(expected)])
        del self.model[head][len(self.model[head]) - len(expected) :]

    @precondition(lambda self: self.loose and self.listed)
    @rule(data=st.data())
    def replace(self, data: st.DataObject) -> None:
        new = data.draw(st.sampled_from(self.loose))
        head, old = data.draw(st.sampled_from(self.listed))
        self.heads.list_replace(old, new)
        self.model[head][self.model[head].index(old)] = new

    @precondition(lambda self: self.listed)
    @rule(data=st.data(), tail=st.booleans())
    def move(self, data: st.DataObject, tail: bool) -> None:
        head, item = data.draw(st.sampled_from(self.listed))
        self.model[head].remove(item)
        if tail:
            self.heads.list_move_tail(head, item)
            self.model[head].append(item)
        else:
            self.heads.list_move(head, item)
            self.model[head].insert(0, item)

    @rule(source=head_numbers, step=st.integers(1, HEADS - 1))
    def splice(self, source: int, step: int) -> None:
        target = (source + step) % HEADS
        self.heads.list_splice_init(source, target)
        self.model[target] = self.model[source] + self.model[target]
        self.model[source] = []

    @invariant()
    def lists_are_equal(self) -> None:
        for head, expected in enumerate(self.model):
            assert expected == self.heads.in_order(head)
            assert len(expected) == self.heads.size_of(head)
            self.items[0] = -7
            found = self.heads.tail(head, 3, self.items, 1)
            assert [-7, *expected[::-1][:3]] == list(self.items[: 1 + found])
            assert ([-1, *expected][-1], [*expected, -1][0]) == (
                self.heads.last(head),
                self.heads.first(head),
            )
            assert [*expected, -1][1:] == [self.heads.next(head, item) for item in expected]


TestRingsAndModel = RingsAndModel.TestCase
TestRingsAndModel.settings = part(1, steps=40)


def test_a_ring_through_which_items_pass_does_not_grow() -> None:
    heads = LruRings(Records(ITEMS, {"lru": PLACE}))
    heads.new_lists(1)
    for turn in range(100 * FIRST_ROOM):
        heads.list_add(0, turn % ITEMS)
        if turn % 7 == 0:  # one that stays, far behind the others
            heads.list_move_tail(0, heads.first(0))
        if heads.size_of(0) > FIRST_ROOM // 2:
            heads.list_del(0, heads.last(0) if turn % 2 else heads.next(0, heads.first(0)))
    assert FIRST_ROOM == heads.room_of(0)


def test_items_can_be_made_more() -> None:
    records = Records(8, {"lru": PLACE})
    heads = LruRings(records)
    heads.new_lists(1)
    heads.list_add(0, 7)
    heads.detach()
    records.resize(1000)
    heads.attach()
    heads.list_add(0, 999)
    assert [999, 7] == heads.in_order(0)


def test_places_that_a_list_gave_up_are_the_next_ones_that_are_used() -> None:
    heads = LruRings(Records(ITEMS, {"lru": PLACE}))
    heads.new_lists(HEADS)
    used = 0
    for head in range(HEADS):
        for item in range(ITEMS):
            heads.list_add_tail(head, item)
        for item in range(ITEMS):
            heads.list_del(head, item)
        heads.give_up(head)
        used = used or heads.nr_places
    assert (0, 0) == (heads.room_of(0), heads.size_of(0))
    assert used == heads.nr_places


def test_a_list_that_was_given_up_can_have_items_again() -> None:
    heads = LruRings(Records(ITEMS, {"lru": PLACE}))
    heads.new_lists(2)
    for head in (0, 1):
        heads.list_add_tail(head, 1)
        heads.list_del(head, 1)
        heads.give_up(head)
    heads.list_add(0, 2)
    heads.list_add(1, 3)
    heads.list_add_tail(0, 4)
    assert ([2, 4], [3]) == (heads.in_order(0), heads.in_order(1))
