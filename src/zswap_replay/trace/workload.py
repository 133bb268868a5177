"""Workloads: what a small TOML file says of memcgs, regions of pages, phases of accesses, and events on a schedule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Final

from zswap_replay.errors import ResultError, SettingsError
from zswap_replay.inputs.toml_text import parse_toml
from zswap_replay.json_value import Value
from zswap_replay.trace.events import (
    MEMCG_KNOBS,
    ROOT,
    ROOT_KNOBS,
    Event,
    parse_knob,
)
from zswap_replay.trace.workload_values import (
    MOST_PAGES,
    Moment,
    check_keys,
    duration,
    memcg_path,
    moment,
    number,
    one_of,
    page_count,
    table_of,
    whole_number,
)

PRESETS: Final = ("noisy-neighbour", "batch-scan", "web-cache", "memcg-churn", "phase-shift")
"""The workloads that come with the package, each a file ``presets/NAME.toml``."""

RESTART: Final = "restart"
"""A scheduled event that is several rows: the memcg's pages are freed, it is removed, made anew and limited again."""

NUMBER: Final = "{n}"
"""What stands in the path of a memcg with copies for the number of each."""

MOST_COPIES: Final = 10_000
_MAX_U64 = (1 << 64) - 1

_ACCESS: Final[Mapping[str, Mapping[str, float]]] = {
    "zipf": {"skew": 1.0},
    "uniform": {},
    "scan": {},
    "stride": {"stride": 16},
    "hot-scan": {"hot_share": 0.1},
    "hot-cold": {"hot_share": 0.1, "hot_weight": 0.9, "shift_every": 20_000, "shift_by": 0},
}
"""The patterns, with the parameters of each and their defaults; a default that is an int is of a whole number."""

_EVENTS: Final = tuple(
    event.name.lower()
    for event in (
        Event.MEMCG_CREATE,
        Event.MEMCG_SET,
        Event.MEMCG_OFFLINE,
        Event.MEMCG_RECLAIM,
        Event.PAGEOUT,
        Event.DISCARD,
        Event.PARAM,
        Event.SETTLE,
        Event.SNAPSHOT,
    )
)


@dataclass(frozen=True)
class Memcg:
    """A memcg, or as many of them as it has copies: what is written to its files once it is made."""

    path: str
    limits: tuple[tuple[str, str], ...] = ()
    copies: int = 1
    create: bool = True
    """Whether it is there from the start; else an event makes it."""

    def paths(self) -> list[str]:
        """Return the path of each copy."""
        return [self.path.replace(NUMBER, str(number)) for number in range(self.copies)]


@dataclass(frozen=True)
class Region:
    """Pages `first` on of a memcg, or of each of its copies."""

    memcg: str
    pages: int
    first: int
    node: int


@dataclass(frozen=True)
class Access:
    """A share of the accesses of a phase, by its weight: to which region, in which pattern."""

    region: str
    pattern: str
    weight: float
    write_share: float
    parameters: dict[str, float]


@dataclass(frozen=True)
class Phase:
    """Accesses that are mixed for a time."""

    name: str
    events: int
    step_ns: int
    accesses: tuple[Access, ...]


@dataclass(frozen=True)
class Scheduled:
    """An event at a time, or at several; `where` is its key in the file."""

    where: str
    event: str
    at: Moment
    every: Moment | None
    times: int | None
    stagger: Moment
    memcg: str | None = None
    region: str | None = None
    key: str | None = None
    value: str | None = None
    keep: bool = False
    """restart: whether the pages are left behind, as those of a tmpfs."""


@dataclass(frozen=True)
class Workload:
    """A workload, checked in itself; `source` names its file or preset for errors."""

    source: str
    seed: int
    totalram_pages: int | None
    nodes: int
    memcgs: dict[str, Memcg]
    regions: dict[str, Region]
    phases: tuple[Phase, ...]
    schedule: tuple[Scheduled, ...] = field(default=())

    @property
    def events(self) -> int:
        """Number of accesses."""
        return sum(phase.events for phase in self.phases)

    @property
    def whole_ns(self) -> int:
        """Time that all phases take."""
        return sum(phase.events * phase.step_ns for phase in self.phases)


def load_workload(name_or_path: str | Path, *, preset: bool = False) -> Workload:
    """Read a workload from a TOML file, or the preset of that name.

    Raises SettingsError: there is none, it is no TOML, or a key is not as expected; the line names file and key.
    """
    name = str(name_or_path)
    text = preset_text(name) if preset else _file_text(Path(name_or_path))
    try:
        document = parse_toml(text)
    except ValueError as error:
        raise SettingsError(f"{name}: not TOML: {error}") from None
    try:
        return _read(name, document)
    except (ResultError, SettingsError) as error:
        raise SettingsError(f"{name}: {error}") from None


def preset_text(name: str) -> str:
    """Return the TOML of a preset. Raises SettingsError: there is none of that name."""
    if name not in PRESETS:
        raise SettingsError(f"no preset {name!r}: expected {', '.join(PRESETS)}")
    return (
        resources.files("zswap_replay.trace").joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")
    )


def _file_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from None


def _read(source: str, document: Mapping[str, object]) -> Workload:
    top = Value.of(document)
    check_keys(
        top, ("seed", "events", "step", "totalram", "nodes", "memcg", "region", "phase", "event"), ("phase",)
    )
    step_ns = duration(top.get("step", "1us"), zero=True)
    nodes = whole_number(top.get("nodes", 1), 1, 256)
    memcgs = dict(_memcgs(top.get("memcg", {})))
    regions = _regions(top.get("region", {}), memcgs, nodes)
    for region in regions.values():
        memcgs.setdefault(region.memcg, Memcg(region.memcg))
    phases = _phases(top, regions, step_ns)
    workload = Workload(
        source=source,
        seed=whole_number(top.get("seed", 0), 0, _MAX_U64),
        totalram_pages=page_count(top["totalram"]) if "totalram" in top else None,
        nodes=nodes,
        memcgs=memcgs,
        regions=regions,
        phases=phases,
        schedule=tuple(_scheduled(each, memcgs, regions) for each in top.get("event", []).list()),
    )
    if workload.whole_ns > _MAX_U64:
        raise top.get("step", "1us").fault(f"steps whose sum is at most {_MAX_U64} ns")
    return workload


def _memcgs(table: Value) -> Iterator[tuple[str, Memcg]]:
    for path, value in table_of(table).items():
        memcg_path(Value(path, value.where))
        table_of(value)
        own = {"copies", "create"}
        limits = tuple(_limits(value, "", own, path))
        copies = 1
        if "copies" in value:
            if NUMBER not in path:
                raise value["copies"].fault(f"{NUMBER} in the path, for the number of each copy")
            copies = whole_number(value["copies"], 1, MOST_COPIES)
        elif NUMBER in path:
            raise value.fault(f"copies beside {NUMBER}, a number of memcgs")
        yield path, Memcg(path, limits, copies, value.get("create", True).flag())


def _limits(table: Value, prefix: str, but: set[str], path: str) -> Iterator[tuple[str, str]]:
    """Yield what is written to a memcg's files: ``memory.max = "8M"``, as a dotted key or as one in quotes."""
    for name, value in table.items():
        key = f"{prefix}{name}"
        if key in but:
            continue
        if isinstance(value.content, dict):
            yield from _limits(value, f"{key}.", set(), path)
            continue
        if key not in MEMCG_KNOBS:
            raise value.fault(f"copies, create, or a file of a memcg: {', '.join(MEMCG_KNOBS)}")
        yield key, _knob(Event.MEMCG_SET, key, value, path)


def _knob(event: Event, key: str | None, value: Value, path: str | None) -> str:
    if path == ROOT and event is Event.MEMCG_SET and key not in ROOT_KNOBS:
        raise value.fault(f"a memcg below the root, which has no {key}")
    if type(value.content) not in (int, str, bool):
        raise value.fault("a string or a whole number")
    text = str(int(value.content)) if isinstance(value.content, bool) else str(value.content)
    try:
        parse_knob(event, key, text)
    except SettingsError as error:
        raise SettingsError(f"{value.where}: {error}") from None
    return text


def _regions(table: Value, memcgs: Mapping[str, Memcg], nodes: int) -> dict[str, Region]:
    found: dict[str, Region] = {}
    free: dict[str, int] = {}
    for name, value in table_of(table).items():
        check_keys(value, ("memcg", "pages", "first", "node"), ("memcg", "pages"))
        path = memcg_path(value["memcg"])
        if NUMBER in path and path not in memcgs:
            raise value["memcg"].fault(f"a memcg with copies, or a path without {NUMBER}")
        pages = page_count(value["pages"])
        first = whole_number(value.get("first", free.get(path, 0)), 0, MOST_PAGES)
        found[name] = Region(path, pages, first, whole_number(value.get("node", 0), 0, nodes - 1))
        free[path] = max(free.get(path, 0), first + pages)
    return found


def _phases(top: Value, regions: Mapping[str, Region], step_ns: int) -> tuple[Phase, ...]:
    values = list(top["phase"].list())
    if not values:
        raise top["phase"].fault("at least one phase")
    apportioned = "events" in top
    shares: list[float] = []
    counts: list[int] = []
    for value in values:
        check_keys(value, ("name", "events", "share", "step", "access"), ("access",))
        if not apportioned:
            if "share" in value:
                raise value["share"].fault("events at the top of the file, of which it is a share")
            counts.append(whole_number(value["events"], 1, _MAX_U64))
        else:
            if "events" in value:
                raise value["events"].fault("share, a part of the events at the top of the file")
            shares.append(number(value.get("share", 1.0 / len(values)), 0.0, 1.0))
    if apportioned:
        if abs(sum(shares) - 1) > 1e-6:
            raise top["events"].fault(f"phases whose shares add up to 1, not to {sum(shares):g}")
        counts = _apportioned(whole_number(top["events"], 1, _MAX_U64), shares)
    return tuple(
        Phase(
            value.get("name", f"phase {place}").text(),
            counts[place],
            duration(value["step"], zero=True) if "step" in value else step_ns,
            tuple(_accesses(value["access"], regions)),
        )
        for place, value in enumerate(values)
    )


def _apportioned(events: int, shares: list[float]) -> list[int]:
    """Divide events by shares that add up to 1."""
    ends = [round(sum(shares[: place + 1]) * events) for place in range(len(shares) - 1)] + [events]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _accesses(table: Value, regions: Mapping[str, Region]) -> Iterator[Access]:
    values = list(table.list())
    if not values:
        raise table.fault("at least one access")
    for value in values:
        table_of(value)
        pattern = one_of(value["pattern"], _ACCESS)
        own = _ACCESS[pattern]
        check_keys(value, ("region", "pattern", "weight", "write_share", *own), ("region",))
        region = one_of(value["region"], regions, " the regions")
        parameters: dict[str, float] = {}
        for name, default in own.items():
            given = value.get(name, default)
            if isinstance(default, int):
                parameters[name] = whole_number(given, int(name == "stride"), MOST_PAGES)
            else:
                parameters[name] = number(given, 0.0, 1.0 if name.startswith("hot_") else 100.0)
        weight = number(value.get("weight", 1), 0.0, 1e12)
        if not weight:
            raise value["weight"].fault("a number above 0")
        write_share = number(value.get("write_share", 0.3), 0.0, 1.0)
        yield Access(region, pattern, weight, write_share, parameters)


def _scheduled(value: Value, memcgs: Mapping[str, Memcg], regions: Mapping[str, Region]) -> Scheduled:
    table_of(value)
    event = one_of(value["event"], (*_EVENTS, RESTART))
    on_region = event in ("pageout", "discard")
    on_memcg = event.startswith("memcg_") or event == RESTART
    keyed = event in ("memcg_set", "param", "snapshot")
    valued = event in ("memcg_set", "memcg_reclaim", "param")
    fields = (
        *(("region",) if on_region else ()),
        *(("memcg", "stagger") if on_memcg else ("stagger",) if on_region else ()),
        *(("key",) if keyed else ()),
        *(("value",) if valued else ()),
        *(("keep",) if event == RESTART else ()),
    )
    needed = tuple(each for each in fields if each not in ("stagger", "keep"))
    check_keys(value, ("at", "every", "times", "event", *fields), ("event", *needed))
    region = one_of(value["region"], regions, " the regions") if on_region else None
    path = memcg_path(value["memcg"]) if on_memcg else None
    if path is not None and path != ROOT and path not in memcgs:
        raise value["memcg"].fault(f"one of the memcgs {', '.join(memcgs) or '(there is none)'}")
    key = value["key"].text() if keyed else None
    return Scheduled(
        where=value.where,
        event=event,
        at=moment(value.get("at", "0ns"), zero=True),
        every=moment(value["every"]) if "every" in value else None,
        times=whole_number(value["times"], 1, _MAX_U64) if "times" in value else None,
        stagger=moment(value["stagger"], zero=True) if "stagger" in value else Moment(),
        memcg=path,
        region=region,
        key=key,
        value=_knob(Event[event.upper()], key, value["value"], path) if valued else None,
        keep=value["keep"].flag() if "keep" in value else False,
    )
