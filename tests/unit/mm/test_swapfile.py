"""Slots of a swap device that has a size, in clusters."""

from __future__ import annotations

from random import Random

from zswap_replay.mm.swapfile import CLUSTER_FLAG_FRAG, SWAPFILE_CLUSTER, SwapInfo


def test_the_clusters_that_are_fragmented_are_counted() -> None:
    random = Random(3)
    device = SwapInfo(5 * SWAPFILE_CLUSTER - 7)
    used: list[int] = []
    most = 0
    for _ in range(4000):
        slot = device.cluster_alloc_swap_entry() if random.random() < 0.6 or not used else -1
        if slot >= 0:
            used.append(slot)
        elif used:
            device.dec_cluster_info_page(used.pop(random.randrange(len(used))))
        fragmented = len(device.lists.in_order(CLUSTER_FLAG_FRAG))
        assert fragmented == device.frag_cluster_nr
        most = max(most, fragmented)
    assert most
    assert len(set(used)) == len(used)
