"""Slots of a rotating device in clusters: which comes next. Worked out from mm/swapfile.c, v6.14 and v7.1."""

from __future__ import annotations

import random

import pytest

from zswap_replay.mm.swap_clusters import SwapClusters
from zswap_replay.mm.swapfile import (
    CLUSTER_FLAG_FRAG,
    CLUSTER_FLAG_FREE,
    CLUSTER_FLAG_FULL,
    CLUSTER_FLAG_NONFULL,
    SWAPFILE_CLUSTER,
)

both = pytest.mark.parametrize("used_first", [False, True])


def take(clusters: SwapClusters, count: int) -> list[int]:
    return [clusters.cluster_alloc_swap_entry() for _ in range(count)]


def test_the_headers_cluster_is_taken_for_used() -> None:
    assert [*range(256, 768)] == take(SwapClusters(used_first=False), 512)
    assert [*range(1, 513)] == take(SwapClusters(used_first=True), 512)


def test_holes_are_filled_before_free_clusters_from_6_18_on() -> None:
    clusters = SwapClusters(used_first=True)
    take(clusters, 600)
    for slot in (300, 3, 301):
        clusters.swap_range_free(slot)
    # the rest of the third cluster, then the cluster that had the first hole, then the other one
    assert [*range(601, 768), 300, 301, 3, 768] == take(clusters, 171)


def test_holes_are_left_where_clusters_are_free_up_to_6_17() -> None:
    clusters = SwapClusters(used_first=False)
    take(clusters, 600)
    for slot in (300, 3 * 256, 301):
        clusters.swap_range_free(slot)
    assert [*range(856, 1024), 1024] == take(clusters, 169)
    for slot in {*range(256, 512)} - {300, 301}:
        clusters.swap_range_free(slot)
    assert [*range(1025, 1280), 256] == take(clusters, 256)


@both
def test_a_cluster_in_use_that_becomes_free_begins_anew(used_first: bool) -> None:
    clusters = SwapClusters(used_first)
    take(clusters, 255 if used_first else 0)
    for slot in take(clusters, 3):
        clusters.swap_range_free(slot)
    assert [256, 257] == take(clusters, 2)


@both
def test_a_slot_has_one_owner_and_a_cluster_is_on_the_list_that_it_belongs_to(used_first: bool) -> None:
    clusters = SwapClusters(used_first)
    rng = random.Random(1)
    held: list[int] = []
    for _ in range(4000):
        if rng.random() < 0.6 or not held:
            slot = clusters.cluster_alloc_swap_entry()
            assert slot > 0
            assert slot not in held
            held.append(slot)
        else:
            clusters.swap_range_free(held.pop(rng.randrange(len(held))))
    in_use = [0] * clusters.nr_clusters
    for slot in (0, *held):
        in_use[slot // SWAPFILE_CLUSTER] += 1
    assert clusters.nr_clusters > 3
    kinds = (CLUSTER_FLAG_FREE, CLUSTER_FLAG_NONFULL, CLUSTER_FLAG_FRAG, CLUSTER_FLAG_FULL)
    on = {kind: clusters.lists.in_order(kind) for kind in kinds}
    assert [*range(clusters.nr_clusters)] == sorted(cluster for each in on.values() for cluster in each)
    assert all(in_use[cluster] == 0 for cluster in on[CLUSTER_FLAG_FREE])
    assert all(in_use[cluster] == SWAPFILE_CLUSTER for cluster in on[CLUSTER_FLAG_FULL])
    partly = on[CLUSTER_FLAG_NONFULL] + on[CLUSTER_FLAG_FRAG]
    assert all(0 < in_use[cluster] < SWAPFILE_CLUSTER for cluster in partly)
