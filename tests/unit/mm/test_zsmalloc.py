from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswap_replay.mm.zsmalloc import ZsPool, calculate_zspage_chain_size

ENOSPC = 28
sizes = st.integers(1, 4096)


def class_size(pool: ZsPool, index: int) -> int:
    return min(32 + 16 * index, 4096)


def test_255_sizes_share_119_classes() -> None:
    pool = ZsPool()
    assert (255, 119) == (len(pool.size_class), len(set(pool.size_class)))


@pytest.mark.parametrize(
    ("size", "pages"),
    [(32, 1), (48, 3), (96, 3), (2048, 1), (2176, 8), (3264, 4), (4096, 1)],
    ids=str,
)
def test_pages_of_a_zspage(size: int, pages: int) -> None:
    assert pages == calculate_zspage_chain_size(size)


def test_a_chain_is_the_shortest_of_those_that_waste_least() -> None:
    for size in range(32, 4096, 16):
        if size & (size - 1):
            expected = min(range(1, 9), key=lambda pages: pages * 4096 % size)
            assert expected == calculate_zspage_chain_size(size), size


def test_a_class_is_the_widest_of_its_shape_and_holds_its_sizes() -> None:
    pool = ZsPool()
    for index in range(255):
        chosen = pool.size_class[index]
        assert class_size(pool, index) <= class_size(pool, chosen)
        assert (
            pool.pages_per_zspage[chosen] * 4096 // class_size(pool, chosen) == pool.objs_per_zspage[chosen]
        )
        if chosen < 254:
            wider = pool.size_class[chosen + 1]
            shapes = [(pool.pages_per_zspage[each], pool.objs_per_zspage[each]) for each in (chosen, wider)]
            assert shapes[0] != shapes[1]


@pytest.mark.parametrize(
    ("size", "index"), [(1, 0), (32, 0), (33, 1), (48, 1), (49, 2), (4096, 254), (4104, 254)]
)
def test_the_narrowest_class_that_holds_a_size(size: int, index: int) -> None:
    assert index == ZsPool().get_size_class_index(size)


def test_fifteen_objects_of_2082_bytes_share_eight_pages() -> None:
    pool = ZsPool()
    pages = []
    for _ in range(16):
        pool.zpool_malloc(2082)
        pages.append(pool.zpool_get_total_pages())
    assert [8] * 15 + [16] == pages


def test_the_handle_counts_towards_the_length() -> None:
    # 2048 with the handle: two of them fill a page
    assert [1, 1, 2] == pages_of(2040, 3)
    # 2049 with the handle, and 2048 without: they are of the next class, fifteen in a zspage of eight pages
    assert [8] * 15 + [16] == pages_of(2041, 16)
    # 4096 with the handle, and a byte more: both are of the last class, an object a page
    assert [1, 2] == pages_of(4088, 2) == pages_of(4089, 2)
    # 32 with the handle: the first class, 128 in a page
    assert [1] * 128 + [2] == pages_of(24, 129)
    assert 3 == pages_of(25, 1)[0]  # 33: the class of 48, in zspages of three pages


def pages_of(size: int, count: int) -> list[int]:
    """The pages of a pool after each of so many objects of a size."""
    pool = ZsPool()
    pages = []
    for _ in range(count):
        pool.zpool_malloc(size)
        pages.append(pool.zpool_get_total_pages())
    return pages


def test_a_page_that_is_stored_as_it_is_takes_a_page() -> None:
    pool = ZsPool()
    assert pool.zpool_malloc(4096) >= 0
    assert 1 == pool.zpool_get_total_pages()
    assert -ENOSPC == pool.zpool_malloc(4097)
    assert 1 == pool.zpool_get_total_pages()


def test_the_fullest_zspage_is_filled_first() -> None:
    pool = ZsPool()
    handles = [pool.zpool_malloc(2082) for _ in range(45)]  # three full zspages
    first, second, third = sorted(set(handles))
    for zspage, freed in ((first, 3), (second, 12), (third, 6)):
        for _ in range(freed):
            pool.zpool_free(zspage)
    assert [first] * 3 + [third] * 6 + [second] * 12 == [pool.zpool_malloc(2082) for _ in range(21)]
    assert 24 == pool.zpool_get_total_pages()


def test_of_equally_full_zspages_the_one_moved_last_is_filled() -> None:
    pool = ZsPool()
    first, second = sorted({pool.zpool_malloc(2082) for _ in range(30)})
    for zspage in (second, first):
        pool.zpool_free(zspage)
    assert first == pool.zpool_malloc(2082)


def test_an_empty_zspage_is_given_back_and_its_number_used_again() -> None:
    pool = ZsPool()
    handle = pool.zpool_malloc(100)
    pool.zpool_free(handle)
    assert 0 == pool.zpool_get_total_pages()
    assert handle == pool.zpool_malloc(3000)
    assert 1 == pool.nr_zspages


@given(lengths=st.lists(sizes, min_size=1, max_size=150), seed=st.randoms(use_true_random=False))
def test_pages_hold_the_objects_and_are_all_given_back(lengths: list[int], seed: Random) -> None:
    pool = ZsPool()
    held = [(pool.zpool_malloc(length), length) for length in lengths]
    assert all(handle >= 0 for handle, _ in held)
    seed.shuffle(held)
    while held:
        pages = pool.zpool_get_total_pages()
        assert pages * 4096 >= sum(length for _, length in held)
        # no class has more zspages than objects
        assert pages <= 8 * len(held)
        pool.zpool_free(held.pop()[0])
        assert pool.zpool_get_total_pages() <= pages
    assert 0 == pool.zpool_get_total_pages()
