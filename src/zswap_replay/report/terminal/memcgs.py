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
from zswap_replay.units import UNLIMITED

_REJECTS = ("memcg_limit_reject", "pool_limit_reject", "compress_reject")


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    cell: Callable[[Snapshot, str], Text]


def tables(snapshot: Snapshot, console: Console) -> list[Grid]:
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
    whole = _table(snapshot, console, memory + activity)
    if whole.natural_width <= console.width:
        return [whole]
    return [_table(snapshot, console, memory), _table(snapshot, console, activity)]


def _table(snapshot: Snapshot, console: Console, columns: list[_Column]) -> Grid:
    table = Grid("memcg", *(column.heading for column in columns))
    for path, name in _tree(snapshot, guides=console.is_terminal):
        table.add_row(name, *(column.cell(snapshot, path) for column in columns))
    return table


def _tree(snapshot: Snapshot, *, guides: bool) -> Iterator[tuple[str, Text]]:
    """Yield paths and names of the memcgs, children after parents: drawn as a tree, or as full paths, for grep."""
    paths = tree_order(snapshot.memcg)
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
