"""How much reclaim scans: integers worked out from the kernel's rules."""

from __future__ import annotations

import pytest

from zswap_replay.mm.shrinker import scan_share, scan_target
from zswap_replay.mm.vmscan import anon_share, file_share, inactive_ratio, scan_count

GIB = 1 << 18
"""Pages of 1 GiB."""


@pytest.mark.parametrize(
    ("size", "priority", "scanned"),
    [
        (4096 * 508, 12, 89),  # swappiness 60 leaves anonymous pages 89 parts of 508
        (4096 * 508 - 1, 12, 88),  # rounded down
        (4095, 12, 0),  # less than a page a priority: nothing as yet
        (1000, 1, 87),  # 500 * 89 / 508 is 87.6
        (1000, 0, 1000),  # at priority 0 all of them, without a share
    ],
)
def test_a_live_memcg_is_scanned_by_its_share(size: int, priority: int, scanned: int) -> None:
    assert scanned == scan_count(size, priority, True, 89, 508)


@pytest.mark.parametrize(
    ("size", "priority", "scanned"),
    [
        (1000, 1, 88),  # rounded up
        (1, 12, 1),  # one page of 1 >> 12 is none: it is taken all the same, and its share rounded up
        (31, 12, 6),  # 31 * 89 / 508 is 5.4
        (4095, 12, 6),  # no more than a cluster of 32 where the share is none: 32 * 89 / 508 is 5.6
        (4096 * 508, 12, 89),
        (1000, 0, 1000),
        (0, 12, 0),
    ],
)
def test_a_dead_memcg_is_scraped_out(size: int, priority: int, scanned: int) -> None:
    assert scanned == scan_count(size, priority, False, 89, 508)


@pytest.mark.parametrize(
    ("swappiness", "shares"),
    [
        (0, (0, 599)),
        (1, (1, 596)),  # 1.5 and 597, each a little less, rounded down
        (60, (89, 419)),
        (100, (149, 299)),
        (200, (299, 0)),
        (201, (1, 0)),  # anonymous pages alone
    ],
)
def test_swappiness_shares_a_scan_out(swappiness: int, shares: tuple[int, int]) -> None:
    assert shares == (anon_share(swappiness), file_share(swappiness))


@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize("priority", [12, 1, 0])
def test_a_share_of_none_is_never_scanned(online: bool, priority: int) -> None:
    assert 0 == scan_count(4096 * 508, priority, online, 0, 599)


@pytest.mark.parametrize(
    ("pages", "ratio"),
    [
        (0, 1),
        (GIB - 1, 1),
        (GIB, 3),  # int_sqrt(10)
        (2 * GIB - 1, 3),
        (2 * GIB, 4),  # int_sqrt(20)
        (3 * GIB, 5),
        (10 * GIB, 10),
        (100 * GIB, 31),
        (1000 * GIB, 100),
    ],
)
def test_the_active_list_may_be_longer_the_more_memory_there_is(pages: int, ratio: int) -> None:
    assert ratio == inactive_ratio(pages)


@pytest.mark.parametrize(
    ("freeable", "priority", "share"),
    [(1000, 12, 0), (4096, 12, 2), (1000, 2, 500), (1000, 0, 2000), (7, 2, 2)],
)
def test_a_cache_of_two_seeks_is_scanned_by_twice_its_share(freeable: int, priority: int, share: int) -> None:
    assert share == scan_share(freeable, priority)


@pytest.mark.parametrize(
    ("deferred", "freeable", "priority", "target"),
    [
        (0, 1000, 2, 500),
        (400, 1000, 2, 600),  # a quarter of what was put off comes on top
        (8000, 1000, 2, 2000),  # but no more than twice what there is
        (5996, 1000, 2, 1999),
        (6000, 1000, 2, 2000),
        (8192, 100, 12, 2),
    ],
)
def test_what_was_put_off_is_made_up_for_up_to_twice_what_there_is(
    deferred: int, freeable: int, priority: int, target: int
) -> None:
    assert target == scan_target(deferred, freeable, priority)
