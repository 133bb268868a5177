"""What the core cannot hold is refused where it comes in: compiled, an index beyond a column is a write beyond it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.memcgs import events_of
from zswap_replay.lib.event_codes import CONTROL, DISCARD, NR_EVENT_CODES, PAGEOUT, READ, SETTLE, WRITE
from zswap_replay.lib.length_index import Lengths
from zswap_replay.lib.page_table import PageTable
from zswap_replay.machine.contents_held import ContentsHeld
from zswap_replay.machine.events import TYPES, Events
from zswap_replay.machine.machine import MAX_NODES, Machine
from zswap_replay.machine.memcg_paths import MemcgPaths
from zswap_replay.mm.releases import RELEASES

PATH = 1
ROWS = 6
DEFAULTS: dict[str, list[int]] = {
    "time_ns": [0, 1, 2, 3, 4, 5],
    "event": [WRITE, WRITE, PAGEOUT, READ, DISCARD, SETTLE],
    "memcg": [PATH] * 5 + [-1],
    "page": [0, 8, 0, 0, 8, 0],
    "count": [1, 2, 1, 1, 1, 1],
    "node": [0] * ROWS,
    "content": [0] * ROWS,
    "has_content": [0] * ROWS,
}
PAGE_EVENTS = (READ, WRITE, PAGEOUT, DISCARD)


def columns(**changed: Any) -> list[memoryview]:
    """The columns of six events, some of them others."""
    return [np.array(changed.get(name, DEFAULTS[name]), dtype=str(kind)).data for name, kind in TYPES.items()]


class Pages:
    """Contents that all have the same length."""

    def __init__(self, length: int = 1000) -> None:
        self.length = length

    def same_filled(self, content: int) -> int:
        return 0

    def kind_and_class(self, content: int) -> int:
        return 0

    def count_same_filled(self, content: int) -> None:
        pass

    def zswap_compress(self, entry: int, content: int) -> int:
        return self.length

    def keep_raw(self, entry: int, content: int) -> None:
        pass

    def zswap_decompress(self, entry: int, content: int) -> None:
        pass

    def free(self, entry: int) -> None:
        pass


REST: dict[str, Any] = {
    "synchronous_swap": False,
    "reclaim": "k",
    "shrink_delay": 4,
    "stat_flush": 3000,
    "page_cluster": 0,
}
"""What else makes a machine."""


def machine(nodes: int = 1, *, kernel: str = "patch-v4", length: int = 1000, reclaim: str = "k") -> Machine:
    """A machine with one memcg."""
    made = Machine(RELEASES[kernel], 1000, nodes, 0, **(REST | {"reclaim": reclaim}))
    made.set_pool("zsmalloc", "zstd", Pages(length), Lengths(), None)
    made.memcg_create(PATH, 0, 7, 0)
    return made


def test_what_it_can_hold_is_replayed() -> None:
    events = Events(*columns())
    some = machine()
    assert ROWS == some.run(events, 0, ROWS)
    assert (1, 4) == (some.zswap.zswpout, events_of(some.memcgs, 0)["accesses"])


@pytest.mark.parametrize("event", PAGE_EVENTS)
@pytest.mark.parametrize("node", [2, 3, 255])
def test_a_node_that_the_machine_lacks(event: int, node: int) -> None:
    events = Events(*columns(event=[event] * ROWS, memcg=[PATH] * ROWS, node=[0, 1, 0, node, node, 0]))
    with pytest.raises(ValueError, match=f"row 3, column node: {node}; expected a node below 2"):
        machine(2).run(events, 0, ROWS)
    # rows that are not replayed do not matter, so that a replay can stop short of them
    assert 3 == machine(2).run(events, 0, 3)
    with pytest.raises(ValueError, match="row 4, column node"):
        machine(2).run(events, 4, ROWS)


@pytest.mark.parametrize("reclaim", ["k", "mglru", "lru"])
def test_the_last_node_is_held(reclaim: str) -> None:
    events = Events(*columns(node=[MAX_NODES - 1] * ROWS))
    assert ROWS == machine(MAX_NODES, reclaim=reclaim).run(events, 0, ROWS)


@pytest.mark.parametrize("nodes", [0, -1, MAX_NODES + 1])
def test_more_nodes_than_a_byte_counts(nodes: int) -> None:
    with pytest.raises(ValueError, match=f"{nodes} nodes: expected 1 to 256"):
        machine(nodes)


@pytest.mark.parametrize("event", PAGE_EVENTS)
@pytest.mark.parametrize("path", [-1, -2, -(1 << 31)])
def test_a_page_without_a_memcg(event: int, path: int) -> None:
    with pytest.raises(ValueError, match=f"row 1, column memcg: {path} "):
        Events(*columns(event=[READ, event, *[SETTLE] * 4], memcg=[PATH, path, -1, -1, -1, -1]))


@pytest.mark.parametrize("path", [PATH + 1, 8, 9, (1 << 31) - 1])
def test_a_memcg_that_is_not_there_halts_the_run(path: int) -> None:
    events = Events(*columns(memcg=[PATH, PATH, path, PATH, PATH, -1]))
    assert 2 == machine().run(events, 0, ROWS)
    assert 0 == ContentsHeld(PageTable(), MemcgPaths(), 1).run(events, 0, ROWS)


@pytest.mark.parametrize("event", [NR_EVENT_CODES, 255])
def test_an_event_that_there_is_not(event: int) -> None:
    with pytest.raises(ValueError, match=f"row 4, column event: {event} "):
        Events(*columns(event=[READ, READ, READ, READ, event, READ], memcg=[PATH] * ROWS))


@pytest.mark.parametrize("event", range(CONTROL, NR_EVENT_CODES))
def test_the_callers_events_halt_the_run(event: int) -> None:
    events = Events(*columns(event=[READ, event, *[READ] * 4], memcg=[PATH, -1, *[PATH] * 4]))
    assert 1 == machine().run(events, 0, ROWS)


@pytest.mark.parametrize("name", ["page", "content"])
def test_a_run_of_pages_beyond_64_bits(name: str) -> None:
    last = (1 << 64) - 2
    values = {name: [0, last, 0, 0, 0, 0], "has_content": [1] * ROWS}
    assert ROWS == machine().run(Events(*columns(**values)), 0, ROWS)
    with pytest.raises(ValueError, match=f"row 1, column {name}: {last} "):
        Events(*columns(**values, count=[1, 3, 1, 1, 1, 1]))


def test_no_pages_are_none_and_change_nothing() -> None:
    some = machine()
    assert ROWS == some.run(Events(*columns(count=[0] * ROWS)), 0, ROWS)
    assert 0 == some.memcgs.values("resident")[0] == some.memory.first_touches


@pytest.mark.parametrize("name", TYPES)
def test_a_column_of_another_length(name: str) -> None:
    with pytest.raises(ValueError, match=r"column \w+: .* of \(\d,\); expected .* of \d rows"):
        Events(*columns(**{name: DEFAULTS[name][:-1]}))


@pytest.mark.parametrize("name", TYPES)
def test_a_column_of_another_type(name: str) -> None:
    others = dict(zip(TYPES, columns(), strict=True))
    others[name] = np.array(DEFAULTS[name], np.int16).data
    with pytest.raises(ValueError, match=f"column {name}: int16"):
        Events(*others.values())


@pytest.mark.parametrize("index", [np.zeros(ROWS - 1, np.int32), np.zeros(ROWS, np.int64)])
def test_indices_of_another_length_or_type(index: Any) -> None:
    with pytest.raises(ValueError, match=r"column page_index: int\d\d of \(\d,\); expected int32 of 6 rows"):
        Events(*columns(), page_index=index.data)


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (0, ROWS + 1), (4, 3), (ROWS + 1, ROWS + 1)])
def test_events_beyond_the_batch(start: int, stop: int) -> None:
    events = Events(*columns())
    with pytest.raises(ValueError, match=f"events {start} to {stop}: there are 6"):
        machine().run(events, start, stop)
    with pytest.raises(ValueError, match=f"events {start} to {stop}: there are 6"):
        ContentsHeld(PageTable(), MemcgPaths(), 1).run(events, start, stop)


def test_a_batch_of_no_events() -> None:
    assert 0 == machine().run(Events(*columns(**{name: [] for name in TYPES})), 0, 0)


@pytest.mark.parametrize("path", [-1, 2, 1 << 20])
def test_a_path_that_has_no_memcg(path: int) -> None:
    some = machine()
    with pytest.raises(LookupError, match=f"path {path} has no memcg"):
        some.memcg_set(path, "memory.max", 0)
    with pytest.raises(LookupError, match=f"path {path} has no memcg"):
        some.memcg_reclaim(path, 4096)
    with pytest.raises(LookupError, match=f"path {path} has no memcg"):
        some.memcg_offline(path)
    with pytest.raises(LookupError, match=f"path {path} has no memcg"):
        some.memcg_create(3, path, 0, 0)
    assert 2 == some.memcgs.nr


def test_a_memcg_is_not_removed_twice_nor_the_root_at_all() -> None:
    some = machine()
    some.memcg_offline(PATH)
    for path in (PATH, 0):
        with pytest.raises(ValueError, match=f"path {path}: expected a memcg that is online"):
            some.memcg_offline(path)


def test_a_memcg_of_a_negative_path() -> None:
    with pytest.raises(ValueError, match="path -1"):
        machine().memcg_create(-1, 0, 0, 0)


@pytest.mark.parametrize("kernel", RELEASES)
@pytest.mark.parametrize("length", [-1, 4097, 70_000])
def test_a_length_that_no_page_has(kernel: str, length: int) -> None:
    with pytest.raises(ValueError, match=f"{length} bytes; expected 0 to 4096"):
        machine(kernel=kernel, length=length).run(Events(*columns()), 0, ROWS)


@pytest.mark.parametrize("kind", [-1, 256, 1 << 20])
def test_a_kind_with_a_class_that_there_is_not(kind: int) -> None:
    with pytest.raises(ValueError, match=f"kind {kind}; expected 0 to 255"):
        Lengths().add(5, 100, kind)


def test_the_clock_stands_at_the_end_of_time() -> None:
    made = Machine(RELEASES["6.12"], 1000, 1, 1 << 62, **REST)
    made.set_pool("zsmalloc", "zstd", Pages(4000), Lengths(), None)
    made.memcg_create(PATH, 0, 7, 0)
    made.set_param("max_pool_percent", 1)
    size = 400
    rows: dict[str, Any] = {name: [0] * size for name in TYPES}
    rows |= {
        "time_ns": [(1 << 64) - 2] * size,
        "event": [WRITE, PAGEOUT] * (size // 2),
        "memcg": [PATH] * size,
        "page": [number // 2 for number in range(size)],
        "count": [1] * size,
    }
    assert size == made.run(Events(*columns(**rows)), 0, size)
    assert (1 << 64) - 1 == made.zswap.worker.next_work()
    made.settle()
    assert made.zswap.written_back_pages > 0
    assert (1 << 64) - 1 == made.zswap.worker.work_ns
