"""The memcgs in the report for people: usage beside limits, and the counters of zswap for each memcg."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from zswap_replay.report.terminal.grid import Grid
from zswap_replay.report.terminal.style import number, size
from zswap_replay.result.by_name import tree_order
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.trace.events import with_ancestors
from zswap_replay.units import UNLIMITED

SHOWN = 1000
"""Memcgs that a table has rows for: more are read by a program, and not by people."""

_REJECTS = ("memcg_limit_reject", "pool_limit_reject", "compress_reject")


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    cell: Callable[[Snapshot, str], Text]


def parts(snapshot: Snapshot, console: Console) -> list[Grid | Text]:
    """Make one table where the console is wide enough, else one of memory and one of activity."""
    memory = [
        _Column("current", lambda now, path: size(now.memcg.get(path, {}).get("memory.current"))),
        _Column("max", _limit("memory.max")),
        *_if_set(snapshot, "high", "memory.high"),
        *_if_set(snapshot, "swap.max", "memory.swap.max"),
        _Column("zswap", lambda now, path: size(now.memcg.get(path, {}).get("memory.zswap.current"))),
        _Column("zswap.max", _limit("memory.zswap.max")),
    ]
    activity = [
        _Column("stored", lambda now, path: number(now.replay_memcg.get(path, {}).get("stored_pages"))),
        _Column("zswpin", lambda now, path: number(now.memcg.get(path, {}).get("zswpin"))),
        _Column("zswpout", lambda now, path: number(now.memcg.get(path, {}).get("zswpout"))),
        _Column("wb", _writeback),
        _Column("rejects\nmemcg/pool/compress", _rejects),
    ]
    paths = shown(snapshot)
    names = list(_tree(paths, guides=console.is_terminal))
    left_out = _left_out(len(paths), len(snapshot.memcg))
    whole = _table(snapshot, names, memory + activity)
    if whole.natural_width <= console.width:
        return [whole, *left_out]
    return [_table(snapshot, names, memory), _table(snapshot, names, activity), *left_out]


def shown(snapshot: Snapshot) -> list[str]:
    """Return the memcgs that have a row, children after parents: all, or those with most in zswap and their parents."""
    paths = tree_order(snapshot.memcg)
    if len(paths) <= SHOWN:
        return paths
    busiest = sorted(paths, key=lambda path: -_passed(snapshot, path))  # of equal ones, the first by name
    kept = {"/"}
    for path in busiest:
        line = {path, *with_ancestors(path)}
        if len(kept | line) > SHOWN:
            break
        kept |= line
    return [path for path in paths if path in kept]


def _left_out(shown: int, total: int) -> list[Text]:
    """Say how many memcgs have no row, and what shows them; nothing where all have one."""
    if shown == total:
        return []
    text = (
        f"here and among costs: the {shown:,} with most pages stored, loaded or refused, and parents; "
        f"csv and json have all {total:,}"
    )
    return [Text(text, style="dim")]


def _passed(snapshot: Snapshot, path: str) -> int:
    """Count the pages of a memcg that zswap has taken, loaded, refused or holds."""
    counters, ours = snapshot.memcg[path], snapshot.replay_memcg.get(path, {})
    counts = [counters.get("zswpout"), counters.get("zswpin"), ours.get("stored_pages")]
    return sum(count or 0 for count in (*counts, *map(ours.get, _REJECTS)))


def _table(snapshot: Snapshot, names: list[tuple[str, Text]], columns: list[_Column]) -> Grid:
    table = Grid("memcg", *(column.heading for column in columns))
    for path, name in names:
        table.add_row(name, *(column.cell(snapshot, path) for column in columns))
    return table


def _tree(paths: list[str], *, guides: bool) -> Iterator[tuple[str, Text]]:
    """Yield paths and names of memcgs in tree order: drawn as a tree, or as full paths, for grep."""
    if not guides:
        yield from ((path, Text(path)) for path in paths)
        return
    last_child = {_parent(path): path for path in paths if path != "/"}
    for path in paths:
        if path == "/":
            yield path, Text(path)
            continue
        drawn = "└ " if last_child[_parent(path)] == path else "├ "
        above = _parent(path)
        while above != "/":
            drawn = ("  " if last_child.get(_parent(above)) == above else "│ ") + drawn
            above = _parent(above)
        yield path, Text.assemble((drawn, "dim"), path.rpartition("/")[2])


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _limit(knob: str) -> Callable[[Snapshot, str], Text]:
    return lambda now, path: size(now.limits.get(path, {}).get(knob, UNLIMITED))


def _if_set(snapshot: Snapshot, heading: str, knob: str) -> list[_Column]:
    return (
        [_Column(heading, _limit(knob))] if any(knob in limits for limits in snapshot.limits.values()) else []
    )


def _writeback(now: Snapshot, path: str) -> Text:
    count = number(now.replay_memcg.get(path, {}).get("written_back_pages"))
    if now.limits.get(path, {}).get("memory.zswap.writeback") == 0:
        count = Text("off") if count.plain in ("0", "-") else count + Text(" off")
    return count


def _rejects(now: Snapshot, path: str) -> Text:
    values = [now.replay_memcg.get(path, {}).get(name) for name in _REJECTS]
    return Text("/").join([number(value) for value in values])
