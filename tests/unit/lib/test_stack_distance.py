from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest

from zswap_replay.lib.rank_bitmap import RankBitmap
from zswap_replay.lib.stack_distance import NR_WINDOWS, StackDistances
from zswap_replay.trace.schema import Event


def fed(
    most: int,
    memcg: npt.NDArray[np.int32],
    page: npt.NDArray[np.uint64],
    *,
    time_ns: npt.NDArray[np.uint64] | None = None,
    event: npt.NDArray[np.uint8] | None = None,
    count: npt.NDArray[np.uint32] | None = None,
) -> StackDistances:
    length = len(page)
    stack = StackDistances(most)
    stack.add_space(-1, 1)
    for _ in range(int(memcg.max())):
        stack.add_space(0, 1)
    times = np.arange(length, dtype=np.uint64) if time_ns is None else time_ns
    events = np.zeros(length, np.uint8) if event is None else event
    counts = np.ones(length, np.uint32) if count is None else count
    for start, stop in ((0, length // 3), (length // 3, length)):
        stack.feed(times.data, events.data, memcg.data, page.data, counts.data, start, stop)
    return stack


def skewed(pages: int, accesses: int, seed: int = 1) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint64]]:
    random = np.random.default_rng(seed)
    page = (pages * random.random(accesses) ** 3).astype(np.uint64)
    return random.integers(0, 3, accesses).astype(np.int32), page


def by_list(memcg: npt.NDArray[np.int32], page: npt.NDArray[np.uint64]) -> tuple[Counter[int], int]:
    """Distances from an LRU list that is searched from its head, and the number of first accesses."""
    order: list[tuple[int, int]] = []
    found: Counter[int] = Counter()
    for key in zip(memcg.tolist(), page.tolist(), strict=True):
        if key in order:
            found[order.index(key)] += 1
            order.remove(key)
        order.insert(0, key)
    return found, len(order)


def distances(stack: StackDistances) -> dict[int, int]:
    return {at << stack.level: int(count) for at, count in enumerate(stack.distance) if count}


def test_ranks() -> None:
    ranks = RankBitmap(256)
    for place in (0, 63, 64, 200, 255):
        ranks.take(place)
    ranks.give(64)
    assert [0, 1, 1, 2, 2, 3] == [ranks.before(place) for place in (0, 1, 63, 64, 200, 255)]


def test_distances_are_those_of_a_list() -> None:
    memcg, page = skewed(300, 3000)
    stack = fed(1 << 20, memcg, page)
    found, cold = by_list(memcg, page)
    assert (dict(found), cold, 0) == (dict(sorted(distances(stack).items())), stack.cold, stack.level)


def test_a_run_is_its_pages_in_order() -> None:
    memcg = np.zeros(4, np.int32)
    page, count = np.array([5, 100, 7, 0], np.uint64), np.array([10, 1, 4, 20], np.uint32)
    single = np.concatenate([np.arange(a, a + n, dtype=np.uint64) for a, n in zip(page, count, strict=True)])
    whole = fed(1 << 20, memcg, page, count=count)
    assert distances(fed(1 << 20, np.zeros(len(single), np.int32), single)) == distances(whole)


@pytest.mark.parametrize("run", [1, 8])
def test_a_sample_comes_near(run: int) -> None:
    memcg, page = skewed(4000, 40_000)
    count = np.full(len(page), run, np.uint32)
    exact, sample = fed(1 << 20, memcg, page, count=count), fed(1024, memcg, page, count=count)
    assert sample.level > 2
    assert sample.size <= 1024
    accesses = run * len(page)
    for pages in (500, 2000, 5000):
        misses = [
            (stack.cold + sum(n for at, n in distances(stack).items() if at >= pages)) / accesses
            for stack in (exact, sample)
        ]
        assert misses[0] == pytest.approx(misses[1], abs=0.02)
    assert exact.cold == pytest.approx(sample.cold, rel=0.1)
    assert exact.peak[0] == pytest.approx(sample.peak[0], rel=0.1)


def test_a_run_of_any_length_ends_soon() -> None:
    top = (1 << 64) - 2
    stack = fed(
        64,
        np.zeros(2, np.int32),
        np.array([0, top - 5], np.uint64),
        count=np.array([(1 << 32) - 1, 6], np.uint32),
    )
    assert stack.size <= 64
    assert stack.cold == pytest.approx(1 << 32, rel=0.05)


def test_what_each_window_touches() -> None:
    # Long enough apart for windows to be made longer; each page is touched several times in a window.
    memcg, page = skewed(200, 2000)
    time_ns = np.sort(np.random.default_rng(5).integers(0, 10**9, 2000)).astype(np.uint64) + np.uint64(10**18)
    stack = fed(1 << 20, memcg, page, time_ns=time_ns)
    width = NR_WINDOWS + 1
    fresh = np.asarray(stack.fresh).reshape(NR_WINDOWS, width)
    window = (time_ns - time_ns[0]) // np.uint64(stack.window_ns)
    assert NR_WINDOWS // 10 <= int(window[-1]) < NR_WINDOWS
    touched = [
        len({*zip(memcg[window == at].tolist(), page[window == at].tolist(), strict=True)})
        for at in range(int(window[-1]) + 1)
    ]
    assert touched == fresh.sum(axis=1).tolist()[: len(touched)]
    assert stack.cold == fresh[:, 0].sum()


def test_what_memcgs_hold() -> None:
    # /1 and /2 below the root: 4 pages, 3 of them discarded, 2 come back; then a new life of /1.
    memcg = np.array([1, 1, 2, 1], np.int32)
    page, count = np.array([0, 1, 9, 1], np.uint64), np.array([4, 3, 3, 2], np.uint32)
    event = np.array([Event.WRITE, Event.DISCARD, Event.READ, Event.READ], np.uint8)
    stack = fed(1 << 20, memcg, page, count=count, event=event)
    assert ([6, 3, 3], [6, 4, 3]) == (list(stack.held[:3]), list(stack.peak[:3]))
    stack.restart(1)
    assert [3, 0, 3] == list(stack.held[:3])


def test_a_discard_of_any_length_costs_what_is_followed() -> None:
    memcg = np.array([0, 1, 1, 1, 0, 1, 1, 1, 1], np.int32)
    page = np.array([0, 5, 0, 2, 3, 1, 0, 0, 0], np.uint64)
    count = np.array([1, 3, 1, 2, 2, 1, 2**32 - 1, 2**32 - 1, 1], np.uint32)
    event = np.full(9, Event.WRITE, np.uint8)
    event[[6, 7]] = Event.DISCARD
    wide = fed(1 << 20, memcg, page, event=event, count=count)
    event[[6, 7]] = Event.SETTLE
    kept = fed(1 << 20, memcg, page, event=event, count=count)
    assert ([4, 1], [10, 7]) == (list(wide.held), list(kept.held))
    assert list(wide.peak) == list(kept.peak) == [10, 7]
