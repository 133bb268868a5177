from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench import HALF, Bench, stored
from zswap_replay.mm.z3fold import Z3foldPool
from zswap_replay.units import PAGE_SIZE

ENOSPC = 28
BUDDIES = 4
FRONT, BEHIND, END = 1, 2, 3


def page_of(pool: Z3foldPool, handle: int) -> int:
    return int(pool.place[handle]) // BUDDIES


def buddy_of(pool: Z3foldPool, handle: int) -> int:
    return int(pool.place[handle]) % BUDDIES


@pytest.mark.parametrize(("length", "chunks"), [(1, 1), (64, 1), (65, 2), (4096, 64)])
def test_lengths_are_rounded_up_to_chunks(length: int, chunks: int) -> None:
    assert chunks == Z3foldPool().size_to_chunks(length)


def test_three_objects_share_a_page_and_a_fourth_does_not() -> None:
    pool = Z3foldPool()
    handles = [pool.zpool_malloc(64) for _ in range(4)]
    assert [0, 0, 0, 1] == [page_of(pool, handle) for handle in handles]
    assert [FRONT, END, BEHIND, FRONT] == [buddy_of(pool, handle) for handle in handles]
    assert 2 == pool.zpool_get_total_pages()


def test_a_whole_page_is_taken_and_no_more() -> None:
    pool = Z3foldPool()
    assert 0 == pool.zpool_malloc(PAGE_SIZE)
    assert -ENOSPC == pool.zpool_malloc(PAGE_SIZE + 1)
    # 3904 bytes leave a chunk beside the header, 3905 have a page without one
    assert [1, 2, 1] == [page_of(pool, pool.zpool_malloc(size)) for size in (3904, 3905, 64)]


def test_the_smallest_space_that_fits_is_taken() -> None:
    pool = Z3foldPool()
    wide, narrow = pool.zpool_malloc(2048), pool.zpool_malloc(3000)
    assert page_of(pool, narrow) == page_of(pool, pool.zpool_malloc(900))
    assert page_of(pool, wide) == page_of(pool, pool.zpool_malloc(1900))


def test_an_object_left_alone_moves_where_there_is_room_and_its_page_goes() -> None:
    pool = Z3foldPool()
    gone, alone = pool.zpool_malloc(2048), pool.zpool_malloc(1900)
    host = pool.zpool_malloc(2000)
    assert (0, 1, 2) == (page_of(pool, alone), page_of(pool, host), pool.zpool_get_total_pages())
    pool.zpool_free(gone)
    assert (1, END, 1) == (page_of(pool, alone), buddy_of(pool, alone), pool.zpool_get_total_pages())
    # one that came from elsewhere does not move on
    pool.zpool_free(host)
    other = pool.zpool_malloc(2100)
    assert (1, 1) == (page_of(pool, alone), pool.zpool_get_total_pages() - (page_of(pool, other) != 1))


def test_a_middle_object_moves_to_the_front_when_it_is_alone() -> None:
    pool = Z3foldPool()
    front, end, middle = (pool.zpool_malloc(1000) for _ in range(3))
    pool.zpool_free(end)
    assert BEHIND == buddy_of(pool, middle)
    pool.zpool_free(front)
    assert FRONT == buddy_of(pool, middle)


@pytest.mark.parametrize(("chunks", "fits"), [(38, True), (39, False)])
def test_a_middle_object_moves_up_to_the_last_one_when_the_first_is_freed(chunks: int, fits: bool) -> None:
    pool = Z3foldPool()
    front, end, middle = pool.zpool_malloc(128), pool.zpool_malloc(16 * 64), pool.zpool_malloc(8 * 64)
    pool.zpool_free(front)
    # of 62 chunks the last object has 16 and the middle one 8, behind what is free
    assert fits == (
        page_of(pool, pool.zpool_malloc(64 * chunks)) == page_of(pool, middle) == page_of(pool, end)
    )


@given(
    lengths=st.lists(st.integers(1, 4096), min_size=1, max_size=150), order=st.randoms(use_true_random=False)
)
def test_pages_hold_the_objects_and_are_all_given_back(lengths: list[int], order: Random) -> None:
    pool = Z3foldPool()
    held = [(pool.zpool_malloc(length), length) for length in lengths]
    assert len(held) == len({handle for handle, _ in held})
    order.shuffle(held)
    while held:
        pages = pool.zpool_get_total_pages()
        places = {int(pool.place[handle]) for handle, _ in held}
        assert len(held) == len(places)
        assert len({place // BUDDIES for place in places}) == pages
        for page in {place // BUDDIES for place in places}:
            there = [length for handle, length in held if page_of(pool, handle) == page]
            assert len(there) == 1 or sum(map(pool.size_to_chunks, there)) <= 62
        pool.zpool_free(held.pop()[0])
    assert 0 == pool.zpool_get_total_pages()


def test_a_pool_of_z3fold_holds_two_pages_of_2040_bytes_in_one(bench: Bench) -> None:
    end = bench.end(stored("/a", 0, 6, HALF), zpool="z3fold")
    # 32 chunks each: with the header's two a page has no room for a second one
    assert (6, 6 * PAGE_SIZE) == (end.zswap["stored_pages"], end.zswap["pool_total_size"])
