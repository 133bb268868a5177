"""One way to name a counter, wherever it is shown or asked for, and errors that say which names are near.

A name has one spelling: ``zswap.stored_pages`` of the machine, ``/web:zswpout`` of a memcg as its kernel shows it,
``/web:replay.oom`` of a memcg where the count is not the kernel's, ``/web:node0.zswpout`` of a memcg on one NUMA node,
``derived.reject_rate`` of a figure, ``/web:cost.stall_ns`` of what a memcg costs or saves. Spellings of earlier
versions are still read: ``memcg:/web:zswpout``, ``replay.memcg:/web:oom``, ``/web:memcg.zswpout``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from zswap_replay.result.counters import COUNTERS, MACHINE, Better, Counter
from zswap_replay.result.derived import ALIASES, DERIVED, OF_MEMCG, Figure
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import listed

_MANY: Final = 20
"""Names that an error lists; where there are more, those that are near are enough."""
_NODE: Final = re.compile(r"node([0-9]+)")
_OLD_COLUMN: Final = re.compile(r"(replay\.memcg|memcg|cost):(/.*)")
"""A memcg's counter as the files of sweeps had it."""


@dataclass(frozen=True, slots=True)
class CounterName:
    """The name of one counter, of a derived figure, or of another value that stands beside them.

    ``group`` is a group of ``COUNTERS``, or ``derived``, ``cost`` (figures of a memcg), ``timing``, ``params``,
    ``limits`` or ``snapshot``. ``memcg`` is None where the whole machine is counted, ``node`` where all nodes are.
    """

    group: str
    counter: str
    memcg: str | None = None
    node: int | None = None

    def __str__(self) -> str:
        """Spell the name."""
        if self.memcg is None:
            return f"{self.group}.{self.counter}"
        if self.group in ("memcg", "limits"):
            return f"{self.memcg}:{self.counter}"
        part = self.group.removesuffix(".memcg") if self.node is None else f"node{self.node}"
        return f"{self.memcg}:{part}.{self.counter}"

    @classmethod
    def parse(cls, text: str) -> CounterName | None:
        """Read a name in its own spelling or one of earlier versions; None for what names no counter or figure."""
        old = _OLD_COLUMN.fullmatch(text)
        path, colon, name = (old[2] if old else text).rpartition(":")
        if colon:
            if not path.startswith("/"):
                return None
            return cls._in(old[1], name, path) if old else cls._of_memcg(path, name)
        group, _, counter = name.partition(".")
        if group in MACHINE and counter in COUNTERS[group]:
            return cls(group, counter)
        if group == "derived":
            counter = ALIASES.get(counter, counter)
            return cls(group, counter) if counter in DERIVED else None
        if text in ALIASES:
            return cls("derived", ALIASES[text])
        return cls(group, counter) if group == "timing" and counter else None

    @classmethod
    def _in(cls, group: str, counter: str, memcg: str) -> CounterName | None:
        known = OF_MEMCG if group == "cost" else _counters(group)
        return cls(group, counter, memcg) if counter in known else None

    @classmethod
    def _of_memcg(cls, path: str, name: str) -> CounterName | None:
        if name in COUNTERS["memcg"]:
            return cls("memcg", name, path)
        part, _, counter = name.partition(".")
        figure = counter if part == "cost" else name
        figure = ALIASES.get(figure, figure)
        if figure in OF_MEMCG:
            return cls("cost", figure, path)
        node = _NODE.fullmatch(part)
        if node:
            return cls("node", counter, path, int(node[1])) if counter in COUNTERS["node"] else None
        if part == "memcg":
            return cls._in("memcg", counter, path)
        return cls._in("replay.memcg", counter, path) if part == "replay" else None

    @property
    def about(self) -> Counter | Figure | None:
        """The row of the table that the counter or figure has; None for other values."""
        if self.group in ("derived", "cost"):
            return DERIVED.get(self.counter)
        return _counters(self.group).get(self.counter)

    @property
    def short(self) -> str:
        """The name without its group: ``stored_pages``, ``/web:oom``."""
        return self.counter if self.memcg is None else f"{self.memcg}:{self.counter}"


def _counters(group: str) -> Mapping[str, Counter]:
    return {str(each): counters for each, counters in COUNTERS.items()}.get(group, {})


@lru_cache(maxsize=1 << 16)
def respelled(name: str) -> str:
    """Give a name that earlier versions wrote its one spelling; what is no counter's name stays as it is."""
    found = CounterName.parse(name)
    return name if found is None else str(found)


def unit_of(name: str) -> str:
    """Look up the unit of a counter or figure by its name; empty where that is not known."""
    found = CounterName.parse(name)
    if found is None:
        return ""
    return "seconds" if found.group == "timing" else found.about.unit if found.about else ""


def better_of(name: str) -> Better | None:
    """Look up which way of a counter or figure is better by its name; None where that depends on the settings."""
    found = CounterName.parse(name)
    return found.about.better if found is not None and found.about is not None else None


def find(name: str, names: Collection[str]) -> str:
    """Find the one of ``names`` that a text means: its spelling, an earlier one, or the name without its group.

    Raises LookupError, whose text is the rest of a sentence on the name: none of them is meant, or several are.
    """
    if name in names:
        return name
    spelled = respelled(name)
    if spelled in names:
        return spelled
    parsed = {each: CounterName.parse(each) for each in names}
    shorts = {each: found.short for each, found in parsed.items() if found is not None}
    meant = [each for each, short in shorts.items() if short == name]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise LookupError(f"found several of that name; expected one of {', '.join(meant)}")
    known = {short: each for each, short in shorts.items()} | {each: each for each in names}
    found = dict.fromkeys(known[each] for each in near(name, known, most=5, cutoff=0.5))
    expected = ", ".join(found) or "a counter or a derived figure, as derived.swap_write_bytes"
    raise LookupError(f"found no such counter or figure; expected {expected}")


def near(name: str, names: Iterable[str], *, most: int = 3, cutoff: float = 0.6) -> list[str]:
    """List the names that are spelled nearly as another one, the nearest first."""
    import difflib

    return difflib.get_close_matches(name, list(names), n=most, cutoff=cutoff)


def tree_order(paths: Iterable[str]) -> list[str]:
    """Sort paths of memcgs: children after their parents, siblings by name."""
    return sorted(paths, key=lambda path: path.split("/") if path != "/" else [])


def value_of(snapshot: Snapshot, name: CounterName) -> int | None:
    """Look up the value of a counter at a snapshot; None where the snapshot does not have it."""
    memcg = name.memcg or ""
    match name.group:
        case "zswap":
            return snapshot.zswap.get(name.counter)
        case "vmstat":
            return snapshot.vmstat.get(name.counter)
        case "zram":
            return snapshot.zram.get(name.counter)
        case "meminfo":
            return snapshot.meminfo.get(name.counter)
        case "replay":
            return snapshot.replay.get(name.counter)
        case "memcg":
            return snapshot.memcg.get(memcg, {}).get(name.counter)
        case "replay.memcg":
            return snapshot.replay_memcg.get(memcg, {}).get(name.counter)
        case "node" if name.node is not None:
            nodes = snapshot.nodes.get(memcg, ())
            return nodes[name.node].get(name.counter) if name.node < len(nodes) else None
    return None


class Counters(dict[str, int]):
    """Counters by name: listed as the kernel names them, ours as ``replay.`` and the name; found by any spelling.

    A name that is not there is a KeyError that says which are near. Without ``memcg`` they are those of the machine,
    and those of memcgs are found by their whole names, unlisted.
    """

    def __init__(self, snapshot: Snapshot, memcg: str | None = None) -> None:
        if memcg is None:
            kernels = snapshot.zswap | snapshot.zram | snapshot.meminfo | snapshot.vmstat
            ours = snapshot.replay
        else:
            kernels, ours = snapshot.memcg[memcg], snapshot.replay_memcg.get(memcg, {})
        super().__init__(kernels)
        self.update((f"replay.{name}", value) for name, value in ours.items())
        self._snapshot = snapshot
        self._memcg = memcg

    def _found(self, name: object) -> int | None:
        whole = name if self._memcg is None else f"{self._memcg}:{name}"
        parsed = CounterName.parse(str(whole))
        return None if parsed is None else value_of(self._snapshot, parsed)

    def __missing__(self, name: str) -> int:
        found = self._found(name)
        if found is None:
            of = (
                f"the snapshot {self._snapshot.label!r}"
                if self._memcg is None
                else f"the memcg {self._memcg}"
            )
            raise KeyError(f"{of} has no counter {name!r}; {_known(name, self)}")
        return found

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self._found(name) is not None

    def get(self, name: str, default: Any = None) -> Any:
        """Give the value of a counter, or ``default`` where it is not there."""
        if name not in self:
            return default
        return self[name]


class Memcgs(Mapping[str, Counters]):
    """Counters of the memcgs of a snapshot, by path; each counts a memcg with its descendants."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __getitem__(self, path: str) -> Counters:
        kernels = self._snapshot.memcg
        if path not in kernels:
            raise KeyError(
                f"no memcg {path!r} at the snapshot {self._snapshot.label!r}; {_known(path, kernels)}"
            )
        return Counters(self._snapshot, path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._snapshot.memcg)

    def __len__(self) -> int:
        return len(self._snapshot.memcg)

    def __repr__(self) -> str:
        return f"<memcgs {listed(list(self), _MANY)}>"


def _known(name: str, names: Mapping[str, object]) -> str:
    found = near(str(name), names)
    meant = f"did you mean {' or '.join(found)}?" if found else ""
    if found and len(names) > _MANY:
        return meant
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return f"{meant} there are {', '.join(list(names)[:_MANY])}{more}".lstrip()
