"""The write clock: when the write of a page ends, in the middle of reclaim."""

from __future__ import annotations

import pytest

from zswap_replay.lib.page_table import NR_RETURNED, WRITEBACK, PageTable
from zswap_replay.mm.page_writeback import SWAP_CLUSTER_MAX, Writeback
from zswap_replay.mm.swap import Lruvecs

FIRST = NR_RETURNED
"""The index of the first page."""


def clock(pages: int, *, batches: bool = True) -> Writeback:
    """A clock in the middle of reclaim, with ``pages`` pages on the root's inactive list, the last one at its head."""
    table = PageTable()
    lruvecs = Lruvecs(table)
    for number in range(pages):
        add(lruvecs, table.insert(0, 8 * number))
    lruvecs.drained = lruvecs.added
    writeback = Writeback(table, lruvecs, batches)
    assert writeback.begin_reclaim()
    return writeback


def add(lruvecs: Lruvecs, page: int) -> None:
    """Do what folio_add_lru() does, which only the core calls."""
    lruvecs.added += 1
    lruvecs.lists.list_add(0, page)


def page(number: int) -> int:
    return FIRST + 8 * number


def under_way(writeback: Writeback, number: int) -> bool:
    return bool(writeback.pages.flags[page(number)] & WRITEBACK)


def test_a_write_ends_32_units_after_it_was_submitted() -> None:
    writeback = clock(1)
    writeback.folio_start_writeback(page(0), False)
    writeback.units = 100
    writeback.blk_finish_plug()
    writeback.units = 150
    writeback.end_writes(131)
    assert under_way(writeback, 0)
    writeback.end_writes(132)
    assert not under_way(writeback, 0)


def test_32_writes_are_submitted_together() -> None:
    writeback = clock(SWAP_CLUSTER_MAX)
    for number in range(31):
        writeback.folio_start_writeback(page(number), False)
    assert (31, 0) == (writeback.plugged, writeback.submitted)
    writeback.folio_start_writeback(page(31), False)
    assert (32, 32) == (writeback.plugged, writeback.submitted)


def test_a_page_whose_write_ended_is_the_next_to_go() -> None:
    writeback = clock(3)
    writeback.folio_start_writeback(page(2), False)
    writeback.blk_finish_plug()
    writeback.end_writes(32)
    assert page(2) == writeback.lruvecs.lists.last(0)


@pytest.mark.parametrize(("added_since", "rotated"), [(30, False), (31, True)])
def test_a_fresh_page_waits_in_a_batch_of_31(added_since: int, rotated: bool) -> None:
    writeback = clock(2)
    lruvecs = writeback.lruvecs
    fresh = writeback.pages.insert(0, 8 * 2)
    add(lruvecs, fresh)
    writeback.folio_start_writeback(fresh, True)
    for number in range(3, 3 + added_since):
        add(lruvecs, writeback.pages.insert(0, 8 * number))
    writeback.blk_finish_plug()
    writeback.end_writes(32)
    assert rotated == (fresh == lruvecs.lists.last(0))


def test_reclaim_ends_with_all_writes_over() -> None:
    writeback = clock(40)
    for number in range(40):
        writeback.folio_start_writeback(page(number), False)
    assert not writeback.begin_reclaim()
    writeback.end_reclaim()
    assert [] == [number for number in range(40) if under_way(writeback, number)]
    assert (0, 0, 0) == (writeback.plugged, writeback.submitted, writeback.ended)


def test_outside_of_reclaim_a_write_is_over_at_once() -> None:
    writeback = clock(3)
    writeback.end_reclaim()
    writeback.folio_start_writeback(page(1), False)
    assert not under_way(writeback, 1)
    assert page(1) == writeback.lruvecs.lists.last(0)
