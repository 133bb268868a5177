"""The columns of a sweep: how the counters of a replay become one flat row, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from zswap_replay.mm.releases import Release
from zswap_replay.result.by_name import CounterName
from zswap_replay.result.counters import COUNTERS, MACHINE, PER_MEMCG, shown
from zswap_replay.result.derived import DERIVED, OF_MEMCG
from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.sweep.result import Cell


def figures(result: Result) -> dict[str, Cell]:
    """Lay out the counters at the end of a replay and the figures derived from them, by column."""
    return {
        **_counters(result.end),
        **{
            str(CounterName("cost", name, path)): value
            for path, figures in result.cost_by_memcg.items()
            for name, value in figures.items()
        },
        **{f"derived.{name}": value for name, value in result.derived.items()},
    }


def possible(releases: Iterable[Release], paths: Iterable[str], *, zram: bool = False) -> tuple[str, ...]:
    """List the columns that rows may have under some releases, in order; no machine is made to tell them.

    ``paths`` are the memcgs of the trace. A memcg may lack some columns of its own. With ``zram`` some rows are of a
    machine with a zram device.
    """
    releases, memcgs = tuple(releases), tuple(paths)
    there = {
        f"{group}.{name}"
        for each in releases
        for group in MACHINE
        for name in shown(group, each.absent, zram=zram)
    }
    there |= {
        str(CounterName(group, name, path))
        for group in PER_MEMCG
        for name in dict.fromkeys(name for each in releases for name in shown(group, each.absent, zram=zram))
        for path in memcgs
    }
    there |= {str(CounterName("cost", name, path)) for name in OF_MEMCG for path in memcgs}
    return tuple(
        column for column in _all_columns(memcgs) if column in there or column.startswith("derived.")
    )


def ordered(rows: Sequence[Mapping[str, Cell]]) -> tuple[str, ...]:
    """List the counters that any of the rows has, of the machine and of memcgs, and all figures, in their own order.

    Memcgs are in the order in which the rows name them.
    """
    found = dict.fromkeys(column for row in rows for column in row)
    found |= dict.fromkeys(f"derived.{name}" for name in DERIVED)
    paths = dict.fromkeys(column.rpartition(":")[0] for column in found if column.startswith("/"))
    return tuple(column for column in _all_columns(paths) if column in found)


def _all_columns(paths: Iterable[str]) -> Iterator[str]:
    """List every column there can be, in order: the machine's, the memcgs' by group, what they cost, the figures."""
    for group in MACHINE:
        yield from (f"{group}.{name}" for name in COUNTERS[group])
    memcgs = list(paths)
    for group in PER_MEMCG:
        for path in memcgs:
            yield from (str(CounterName(group, name, path)) for name in COUNTERS[group])
    for path in memcgs:
        yield from (str(CounterName("cost", name, path)) for name in OF_MEMCG)
    yield from (f"derived.{name}" for name in DERIVED)


def _counters(snapshot: Snapshot) -> dict[str, Cell]:
    row: dict[str, Cell] = {}
    groups = (snapshot.zswap, snapshot.zram, snapshot.meminfo, snapshot.vmstat, snapshot.replay)
    for machine, values in zip(MACHINE, groups, strict=True):
        row |= {f"{machine}.{name}": value for name, value in values.items()}
    for group, memcgs in zip(PER_MEMCG, (snapshot.memcg, snapshot.replay_memcg), strict=True):
        for path, values in memcgs.items():
            row |= {str(CounterName(group, name, path)): value for name, value in values.items()}
    return row
