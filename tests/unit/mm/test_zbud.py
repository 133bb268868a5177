from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswap_replay.mm.zbud import ZbudPool

ENOSPC = 28


@pytest.mark.parametrize(("length", "chunks"), [(1, 1), (64, 1), (65, 2), (3968, 62)])
def test_lengths_are_rounded_up_to_chunks(length: int, chunks: int) -> None:
    assert chunks == ZbudPool().size_to_chunks(length)


def test_the_longest_object_has_3968_bytes() -> None:
    pool = ZbudPool()
    assert pool.zpool_malloc(3968) >= 0
    assert -ENOSPC == pool.zpool_malloc(3969)
    assert 1 == pool.zpool_get_total_pages()


def test_two_objects_share_a_page_and_a_third_does_not() -> None:
    pool = ZbudPool()
    handles = [pool.zpool_malloc(64) for _ in range(3)]
    assert handles[0] // 2 == handles[1] // 2 != handles[2] // 2
    assert 2 == pool.zpool_get_total_pages()


@pytest.mark.parametrize(("second", "pages"), [(4096 - 64 - 2048, 1), (4096 - 64 - 2048 + 1, 2)])
def test_two_objects_and_the_header_fit_a_page_or_do_not(second: int, pages: int) -> None:
    pool = ZbudPool()
    pool.zpool_malloc(2048)
    pool.zpool_malloc(second)
    assert pages == pool.zpool_get_total_pages()


def test_the_smallest_space_that_fits_is_taken() -> None:
    pool = ZbudPool()
    wide, narrow = pool.zpool_malloc(2048), pool.zpool_malloc(3000)
    assert narrow // 2 == pool.zpool_malloc(900) // 2
    assert wide // 2 == pool.zpool_malloc(1900) // 2


def test_a_page_goes_when_both_buddies_are_gone_and_is_used_again() -> None:
    pool = ZbudPool()
    first, last = pool.zpool_malloc(100), pool.zpool_malloc(100)
    pool.zpool_free(first)
    assert 1 == pool.zpool_get_total_pages()
    assert first == pool.zpool_malloc(100)
    pool.zpool_free(last)
    pool.zpool_free(first)
    assert 0 == pool.zpool_get_total_pages()
    assert first // 2 == pool.zpool_malloc(3968) // 2
    assert 1 == pool.nr_pages


@given(
    lengths=st.lists(st.integers(1, 3968), min_size=1, max_size=150), order=st.randoms(use_true_random=False)
)
def test_pages_hold_the_objects_and_are_all_given_back(lengths: list[int], order: Random) -> None:
    pool = ZbudPool()
    held = [(pool.zpool_malloc(length), length) for length in lengths]
    assert len(held) == len({handle for handle, _ in held})
    order.shuffle(held)
    while held:
        pages = pool.zpool_get_total_pages()
        assert len({handle // 2 for handle, _ in held}) == pages
        assert pages * 4096 >= sum(length for _, length in held)
        pool.zpool_free(held.pop()[0])
    assert 0 == pool.zpool_get_total_pages()
