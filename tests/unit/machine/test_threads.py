"""Machines run side by side in threads: the compiled model does not hold the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag
from threading import Thread

import numpy as np
import pytest

from zswap_replay.lib.length_index import Lengths
from zswap_replay.machine import compiled
from zswap_replay.machine.events import Events
from zswap_replay.replay.counter_sources import CounterReader
from zswap_replay.replay.from_settings import make_machine
from zswap_replay.replay.page_data import UnknownContents
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.settings import Settings
from zswap_replay.units import PAGE_SIZE

PAGES = 4000
EVENTS = 400_000 if compiled() else 4_000


def lengths() -> Lengths:
    known = Lengths()
    content = np.arange(PAGES, dtype=np.uint64)
    known.add_all(
        content.data, (100 + content * 7 % 3900).astype(np.int32).data, np.zeros(PAGES, np.uint8).data
    )
    return known


def ready(known: Lengths, seed: int) -> Callable[[], Snapshot]:
    """Give a machine a memcg at its limits; return what shows it writes, and counts."""
    machine = make_machine(Settings(totalram=8 * PAGES * PAGE_SIZE, nodes=1))
    machine.set_pool("zsmalloc", "lz4", UnknownContents("events in memory"), known, None)
    machine.memcg_create(1, 0, 0, 0)
    machine.memcg_set(1, "memory.max", PAGES // 2 * PAGE_SIZE)
    machine.memcg_set(1, "memory.zswap.max", PAGES // 8 * PAGE_SIZE)
    pages = np.random.default_rng(seed).integers(0, PAGES, EVENTS, np.uint64)
    time, ones = np.arange(EVENTS, dtype=np.uint64), np.ones(EVENTS, np.uint8)
    events = Events(
        time.data,
        ones.data,
        ones.astype(np.int32).data,
        pages.data,
        ones.astype(np.uint32).data,
        np.zeros(EVENTS, np.uint8).data,
        pages.data,
        ones.data,
    )

    def replay() -> Snapshot:
        assert EVENTS == machine.run(events, 0, EVENTS)
        return CounterReader(machine).snapshot(["/", "/a"], "end", 0, 0)

    return replay


@pytest.mark.skipif(not compiled(), reason="what is interpreted needs the lock")
def test_other_threads_run_while_events_are_replayed() -> None:
    ticks, done = 0, Flag()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1

    replay = ready(lengths(), 0)
    thread = Thread(target=tick)
    thread.start()
    try:
        before = ticks
        replay()
        ticked = ticks - before
    finally:
        done.set()
        thread.join()
    assert ticked > 10_000  # with the lock held there is time for none but before and behind the events


def test_machines_that_share_lengths_count_side_by_side_what_they_count_in_turn() -> None:
    known = lengths()
    in_turn = [ready(known, seed)() for seed in range(2)]
    for _ in range(8):
        with ThreadPoolExecutor(2) as pool:
            beside = list(pool.map(lambda replay: replay(), [ready(known, seed) for seed in range(2)]))
        assert in_turn == beside
