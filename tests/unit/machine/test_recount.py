"""The count of everything finds each sum that is off by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.many_memcgs import many_memcgs, pressed
from tests.pressure import any_events, lived, save, tight
from zswap_replay.errors import SelfCheckError
from zswap_replay.lib.page_table import PRESENT
from zswap_replay.machine import compiled
from zswap_replay.machine.machine import Machine
from zswap_replay.machine.recount import recount
from zswap_replay.mm.zsmalloc import ZsPool
from zswap_replay.replay import loop
from zswap_replay.replay.loop import Replay, replay
from zswap_replay.trace.reader import open_trace
from zswap_replay.units import PAGE_SIZE


def trace(folder: Path) -> str:
    rows = [row for row, _ in zip(lived(any_events(Random(11))), range(300), strict=False)]
    return save(str(folder), [{"time_ns": 150_000 * number, **row} for number, row in enumerate(rows)])


def machine(folder: Path, kernel: str, zpool: str) -> Machine:
    """A machine with pages on all its lists."""
    path = trace(folder)
    running = Replay(open_trace(path), path, tight(kernel, zpool=zpool), lambda _: None)
    running.result(0, None, lambda *_: None)
    assert running.machine.zswap.stock.stored_pages > 3
    return running.machine


def add(made: Machine, field: str, memcg: int) -> None:
    """Add 1 to a field of a memcg."""
    if compiled():
        made.memcgs.records.view(field)[memcg] += 1
    else:
        setattr(made.memcgs.memcg[memcg], field, getattr(made.memcgs.memcg[memcg], field) + 1)


def of_stored(made: Machine, field: str) -> None:
    """Change a field of an entry that has memory."""
    length = np.asarray(made.pages.records.view("length"))
    pool = np.asarray(made.pages.records.view("pool"))
    entry = int(np.flatnonzero((pool > 0) & (length > 0))[0])
    if compiled():
        made.pages.records.view(field)[entry] += 64
    else:
        setattr(made.pages.page[entry], field, getattr(made.pages.page[entry], field) + 64)


FAULTS: dict[str, tuple[str, Callable[[Machine], None]]] = {
    "resident": ("resident pages of memcg 0", lambda made: add(made, "resident", 0)),
    "swap": ("swap slots", lambda made: add(made, "swap", 0)),
    "bytes": ("compressed bytes of memcg 1", lambda made: add(made, "zswap_bytes", 1)),
    "zswapped": ("entries of memcg 1", lambda made: add(made, "zswapped", 1)),
    "length": ("compressed_bytes", lambda made: of_stored(made, "length")),
    "handle": ("pool", lambda made: of_stored(made, "handle")),
}


@pytest.mark.parametrize("zpool", ["zsmalloc", "zbud"])
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_off_is_named(tmp_path: Path, fault: str, zpool: str) -> None:
    made = machine(tmp_path, "patch-v4", zpool)
    assert recount(made) is None
    told, spoil = FAULTS[fault]
    spoil(made)
    assert (recount(made) or "").startswith(told)


def test_a_generation_that_is_off_is_named(tmp_path: Path) -> None:
    path = trace(tmp_path)
    running = Replay(open_trace(path), path, tight("6.12", reclaim="mglru"), lambda _: None)
    running.result(0, None, lambda *_: None)
    made: Any = running.machine
    assert recount(made) is None
    made.lruvecs.nr_pages[5] += 1
    assert (recount(made) or "").startswith("pages of generation 1 of memcg 1")


def test_a_fullness_group_that_is_said_to_have_zspages_is_named(tmp_path: Path) -> None:
    made = machine(tmp_path, "6.12", "zsmalloc")
    assert recount(made) is None
    zpool = made.zswap.pools.current.zpool
    assert isinstance(zpool, ZsPool)
    zpool.filled[zpool.size_class[0]] ^= 2
    assert ": fullness groups of size class " in (recount(made) or "")


def test_what_a_memcg_is_charged_besides_its_pages_counts_too(tmp_path: Path) -> None:
    made = machine(tmp_path, "6.12", "zsmalloc")
    made.file_pages.set_file(1, 7)
    assert recount(made) is None


def test_a_page_on_no_list_is_named(tmp_path: Path) -> None:
    made = machine(tmp_path, "6.12", "zsmalloc")
    flags = np.asarray(made.pages.flags)
    absent = int(np.flatnonzero(flags[64 : made.pages.indices().stop] == 0)[0]) + 64
    flags[absent] |= PRESENT
    add(made, "resident", 0)
    told = recount(made) or ""
    assert told.startswith((f"page {absent}:", "resident pages of memcg"))


def test_a_self_check_ends_the_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def count(_: Machine) -> str | None:
        counted.append(len(counted))
        return "resident pages of memcg 3: kept are 4, counted 5" if len(counted) == 3 else None

    monkeypatch.setattr(loop, "recount", count)
    told = "self-check after 210 events: resident pages of memcg 3: kept are 4, counted 5"
    with pytest.raises(SelfCheckError, match=told):
        replay(trace(tmp_path), tight("6.12"), self_check=70)
    assert 1 == SelfCheckError.exit_code


def many(folder: Path) -> Machine:
    """A machine whose reclaim passes over memcgs."""
    path = many_memcgs(folder)
    running = Replay(open_trace(path), path, pressed(folder, "6.12"), lambda _: None)
    running.result(0, None, lambda *_: None)
    return running.machine


def test_a_memcg_that_reclaim_passes_over_is_named(tmp_path: Path) -> None:
    made = many(tmp_path)
    assert recount(made) is None
    noted = np.asarray(made.lruvecs.busy_until)
    (memcg, *_) = np.flatnonzero(noted)
    noted[memcg] = 0
    assert f"memcg {memcg}: reclaim passes over it from priority 0 on" == recount(made)
    noted[memcg] = 200
    assert f"memcg {memcg}: reclaim passes over it from priority 200 on" == recount(made)


@pytest.mark.parametrize(("bits", "what"), [("busy", "memcgs"), ("busy_blocks", "blocks")])
def test_a_bit_of_reclaim_that_is_off_is_named(tmp_path: Path, bits: str, what: str) -> None:
    made = many(tmp_path)
    made.memcg_reclaim(1, PAGE_SIZE)
    assert recount(made) is None
    np.asarray(getattr(made.lruvecs, bits))[3] ^= 1
    assert f"{what} that are busy at priority 3: the bits are of others" == recount(made)
