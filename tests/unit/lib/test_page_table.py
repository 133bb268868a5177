from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zswap_replay.lib.block_table import BLOCK_SHIFT
from zswap_replay.lib.page_table import EXPLICIT, NR_RETURNED, PageTable
from zswap_replay.lib.splitmix import mix64

DERIVED = 1 << 63
pages = st.integers(0, (1 << 64) - 1) | st.integers(0, 40) | st.integers(0, 40).map(lambda n: n << 32)


def put(table: PageTable, index: int, field: str, value: int) -> None:
    """Write to a field of a page: a struct, or an object where the core is interpreted."""
    page: Any = table.records.array[index]
    if isinstance(page, np.void):
        page[field] = value
    else:
        setattr(page, field, value)


@given(keys=st.lists(st.tuples(st.integers(0, 5), pages), unique=True, max_size=60))
def test_a_page_is_found_under_the_index_that_it_got(keys: list[tuple[int, int]]) -> None:
    table = PageTable()
    assert [-1] * len(keys) == [table.find(*key) for key in keys]
    found = [index if (index := table.find(*key)) >= 0 else table.insert(*key) for key in keys]
    assert found == [table.find(*key) for key in keys]
    assert len(keys) == len(set(found) & set(table.indices()))
    assert keys == [(table.space_of(index), table.page_of(index)) for index in found]


def test_growth_keeps_every_page_and_what_is_known_of_it() -> None:
    table = PageTable()
    room = table.room
    keys = [(number % 3, number * 0x1_0000_0001 << BLOCK_SHIFT) for number in range(2 * room + 1)]
    indices = list(range(NR_RETURNED, NR_RETURNED + (len(keys) << BLOCK_SHIFT), 1 << BLOCK_SHIFT))
    for index, key in zip(indices, keys, strict=True):
        assert index == table.insert(*key)
        put(table, index, "version", index)
    assert 4 * room == table.room == table.records.size >> BLOCK_SHIFT
    assert indices == [table.find(*key) for key in keys]
    versions = table.records.values("version", indices[-1] + 1)
    assert (indices, sum(indices)) == ([versions[index] for index in indices], sum(versions))
    assert {0} == set(table.records.values("pool", table.records.size))


def derived(space: int, seed: int, group: int, page: int, version: int) -> int:
    table = PageTable()
    table.new_space(space, seed, group)
    index = table.insert(space, page)
    put(table, index, "version", version)
    return table.content_of(index)


def test_what_the_trace_says_is_the_content() -> None:
    table = PageTable()
    table.new_space(0, 1, 0)
    index = table.insert(0, 4)
    put(table, index, "content", 77)
    table.flags[index] = EXPLICIT
    assert 77 == table.content_of(index)
    table.flags[index] = 0
    assert DERIVED <= table.content_of(index)


@given(
    space=st.integers(0, 40),
    seed=st.integers(0, (1 << 64) - 1),
    group=st.integers(0, 127),
    page=pages,
    version=st.integers(0, (1 << 32) - 1),
)
@example(space=40, seed=5, group=127, page=(1 << 64) - 1, version=(1 << 32) - 1)
def test_a_derived_content_is_marked_and_names_its_group(
    space: int, seed: int, group: int, page: int, version: int
) -> None:
    content = derived(space, seed, group, page, version)
    assert (1, group) == (content >> 63, content >> 56 & 127)
    # the number of the memcg is an accident of the trace's order, and its seed is not
    assert content == derived(0, seed, group, page, version)


def test_a_derived_content_depends_on_memcg_page_and_version() -> None:
    base = (0, 9, 0, 1000, 3)
    others = [(0, 10, 0, 1000, 3), (0, 9, 0, 1001, 3), (0, 9, 0, 1000, 4), (0, 9, 1, 1000, 3)]
    assert 5 == len({derived(*each) for each in (base, *others)})


def test_mix64_is_the_finaliser_of_splitmix64() -> None:
    # the first outputs of splitmix64 from the state 0: the counter is the golden ratio's
    golden = 0x9E3779B97F4A7C15
    assert [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4] == [mix64(golden), mix64(2 * golden % (1 << 64))]


steps = st.tuples(st.integers(0, 2), st.integers(0, 40).map(lambda page: page << BLOCK_SHIFT) | pages)


@given(
    lives=st.lists(st.tuples(st.lists(steps, unique=True, max_size=30), st.integers(0, 2), st.integers(1, 4)))
)
def test_places_of_pages_that_are_absent_are_used_again(
    lives: list[tuple[list[tuple[int, int]], int, int]],
) -> None:
    table = PageTable()
    known: dict[tuple[int, int], int] = {}  # by space and number of the block
    used: dict[int, set[tuple[int, int]]] = {0: set(), 1: set(), 2: set()}
    most = 0
    for keys, dying, kept in lives:
        for number, (space, page) in enumerate(keys):
            index = table.find(space, page)
            key = (space, page >> BLOCK_SHIFT)
            assert known.get(key, -1) == (index >> BLOCK_SHIFT if index >= 0 else -1)
            if index < 0:
                index = table.insert(space, page)
                known[key] = index >> BLOCK_SHIFT
            if number % kept == 0:
                table.flags[index] = EXPLICIT
                used[space].add(key)
        most = max(most, len(known))
        gone = {key for key in known if key[0] == dying} - used[dying]
        assert len(gone) == table.give_back(dying)
        for key in gone:
            del known[key]
        assert known == {key: table.find(key[0], key[1] << BLOCK_SHIFT) >> BLOCK_SHIFT for key in known}
        assert [-1] * len(gone) == [table.find(space, key << BLOCK_SHIFT) for space, key in gone]
        for space in used:
            among = sorted(block for key, block in known.items() if key[0] == space)
            assert among == sorted(table.blocks_between(space, 0, (1 << 61) - 1))
    assert most == table.nr_blocks - (NR_RETURNED >> BLOCK_SHIFT)


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_groups_that_shared_a_way_through_the_table_are_found_when_others_have_gone(
    seed: int, pairs: bool
) -> None:
    """So many groups that many of them stand behind their first place; with ``pairs``, neighbours of one line too."""
    table = PageTable()
    random = np.random.default_rng(seed)
    numbers = random.integers(0, 1 << 58, 60 if pairs else 120, dtype=np.uint64)
    keys = [(number % 3, int(page) << BLOCK_SHIFT) for number, page in enumerate(numbers)]
    if pairs:  # half of them in the next memcg, so that one of a line goes before the other
        keys += [
            ((space + number % 2) % 3, page ^ 4 << BLOCK_SHIFT) for number, (space, page) in enumerate(keys)
        ]
    beside = [(space, page + (1 << BLOCK_SHIFT)) for space, page in keys if page >> BLOCK_SHIFT & 3 != 3]
    indices = {key: table.insert(*key) for key in [*keys, *beside]}
    assert 256 == table.table.groups.size
    for gone in range(3):
        for key in beside:
            table.flags[indices[key]] = 0 if key[0] == gone else EXPLICIT
        for key in keys:
            table.flags[indices[key]] = 0 if key[0] <= gone else EXPLICIT
        table.give_back(gone)
        left = {key: index for key, index in indices.items() if key[0] > gone}
        assert left == {key: table.find(*key) for key in left}
        assert {-1} == {table.find(*key) for key in indices if key[0] <= gone}
    assert 0 == table.table.nr_groups
