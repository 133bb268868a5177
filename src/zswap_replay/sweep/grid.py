"""The grid of a sweep: every option may hold several values, and the points are their product."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import product
from math import prod
from typing import Any, Final, overload

from zswap_replay.codec.base import parse_spec
from zswap_replay.errors import CodecError, SettingsError, ZswapReplayError
from zswap_replay.kernel.names import UnknownReleaseError, resolve
from zswap_replay.mm.release_changes import release_of
from zswap_replay.mm.releases import DEFAULT_RELEASE
from zswap_replay.mm.rules import AND, value_in
from zswap_replay.replay.shares import WorkingSets, whole_pages
from zswap_replay.settings import ZRAM_SETTINGS, KnobWrite, Settings
from zswap_replay.units import RamShare, Share

Value = int | str | bool | Share | RamShare

RULE: Final = "rule."
"""What the name of an option begins with that overrides a rule of the kernel: ``rule.second_chance``."""

MOST_POINTS = 1 << 20
"""Points of the largest grid that is taken for no mistake."""


@dataclass(frozen=True, slots=True)
class Option:
    """A setting, or a memcg's knob (``/web:memory.zswap.max``), with the values that it was given."""

    name: str
    texts: tuple[str, ...]
    """The values as they were written."""
    values: tuple[Value, ...]

    @property
    def is_knob(self) -> bool:
        """Whether a memcg's knob is written."""
        return self.name.startswith("/")

    @property
    def is_rule(self) -> bool:
        """Whether a rule of the kernel is overridden."""
        return self.name.startswith(RULE)

    @property
    def memcg(self) -> str:
        """The memcg of a knob."""
        return self.name.rpartition(":")[0]

    @property
    def flag(self) -> str:
        """How a user gives it: ``--max-pool-percent``, ``--set /web:memory.zswap.max``."""
        if self.is_rule:
            return f"--rule {self.name.removeprefix(RULE)}"
        return f"--set {self.name}" if self.is_knob else f"--{self.name.replace('_', '-')}"

    @property
    def has_share(self) -> bool:
        """Whether a value is a share of a working set or of RAM."""
        return any(isinstance(value, Share | RamShare) for value in self.values)


@dataclass(frozen=True, slots=True)
class Point:
    """One place of a grid."""

    index: int
    label: str
    """The axes' values as they were written: ``kernel=6.8 max_pool_percent=5``."""
    settings: Settings


class Points(Sequence[Point]):
    """The points of a grid in order, each made when it is asked for, so that a large grid takes no memory."""

    def __init__(self, options: tuple[Option, ...]) -> None:
        """Take ``options`` without shares of the working set."""
        self._options = options
        params = {setting.name for setting in fields(Settings) if setting.metadata.get("knob")}
        self._fixed = frozenset(option.name for option in options if option.name in params)
        self._sizes = tuple(len(option.values) for option in options)
        self._size = prod(self._sizes)
        # what is set of a zram device holds for the tiers that have one
        self._any_zram = any("zram" in str(tier) for tier in self.given("tier"))
        self.names = tuple(option.name for option in options)
        # by option, the last one first: its name, the memcg and file of a knob, its values. A large axis is read often.
        self._columns = [
            (option.name, _knob(option.name) if option.is_knob else None, option.values)
            for option in reversed(options)
        ]

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Point: ...

    @overload
    def __getitem__(self, index: slice) -> list[Point]: ...

    def __getitem__(self, index: int | slice) -> Point | list[Point]:
        """Make a point. Raises SettingsError: its settings do not take their values."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._size))]
        if not -self._size <= index < self._size:
            raise IndexError(f"point {index} of {self._size}")
        index %= self._size
        return Point(index, self.label(index), self.settings(index))

    def settings(self, index: int) -> Settings:
        """Make the settings of a point alone. Raises SettingsError: they do not take their values."""
        plain: dict[str, Any] = {}
        knobs: list[KnobWrite] = []
        rules: list[str] = []
        for name, knob, values in self._columns:
            index, place = divmod(index, len(values))
            if name.startswith(RULE):
                rules.append(f"{name.removeprefix(RULE)}={values[place]}")
            elif knob is None:
                plain[name] = values[place]
            else:
                knobs.append(KnobWrite(*knob, int(str(values[place]))))
        if self._any_zram and "zram" not in str(plain.get("tier", "")):
            plain = {name: value for name, value in plain.items() if name not in ZRAM_SETTINGS}
        if rules:
            plain["kernel"] = AND.join((str(plain.get("kernel", DEFAULT_RELEASE)), *reversed(rules)))
        return Settings(**plain, knobs=tuple(reversed(knobs)), fixed=self._fixed)

    def given(self, name: str) -> tuple[Value, ...]:
        """Give the values of an option; none for one that was not given."""
        return next((option.values for option in self._options if option.name == name), ())

    def label(self, index: int) -> str:
        """Give the label of a point, without making it."""
        chosen = self._chosen(index)
        axes = (f"{option.name}={option.texts[at]}" for option, at in chosen if len(option.values) > 1)
        return " ".join(axes) or "the one point"

    def values(self, index: int, *names: str) -> tuple[Value | None, ...]:
        """Give the values of some options at a point as they were given; None for one that was not."""
        found = {option.name: option.values[place] for option, place in self._chosen(index)}
        return tuple(found.get(name) for name in names)

    def _chosen(self, index: int) -> list[tuple[Option, int]]:
        """Return the options, each with the place of its value at a point."""
        chosen = []
        for option, size in zip(reversed(self._options), reversed(self._sizes), strict=True):
            index, place = divmod(index, size)
            chosen.append((option, place))
        return chosen[::-1]

    def varying(self, *names: str) -> Iterator[int]:
        """List the points in which some options vary and all others have their first value, by index, in order.

        What depends on those options alone is met first at one of these points.
        """
        ranges = [
            range(size) if option.name in names else range(1)
            for option, size in zip(self._options, self._sizes, strict=True)
        ]
        for places in product(*ranges):
            index = 0
            for place, size in zip(places, self._sizes, strict=True):
                index = index * size + place
            yield index


class Labels(Sequence[str]):
    """The labels of a grid's points."""

    def __init__(self, points: Points) -> None:
        self._points = points

    def __len__(self) -> int:
        return len(self._points)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Make the label of a point."""
        if isinstance(index, slice):
            return [self._points.label(place) for place in range(*index.indices(len(self)))]
        return self._points.label(index)


@dataclass(frozen=True, slots=True)
class Grid:
    """The points of a sweep, in order: the last axis moves fastest."""

    options: tuple[Option, ...]
    """All that was given, with shares resolved to bytes."""
    points: Points

    @property
    def labels(self) -> Sequence[str]:
        """The labels of the points, each made when it is asked for."""
        return Labels(self.points)

    @property
    def axes(self) -> tuple[Option, ...]:
        """The options of several values, in the order in which they were given."""
        return tuple(option for option in self.options if len(option.values) > 1)

    def cells(self, settings: Settings) -> dict[str, int | str | bool]:
        """Give the axes' values of a point, by axis."""
        knobs = {f"{write.memcg}:{write.key}": write.bytes for write in settings.knobs}
        cells: dict[str, int | str | bool] = {}
        for axis in self.axes:
            if axis.is_rule:
                cells[axis.name] = value_in(settings.kernel, axis.name.removeprefix(RULE), release_of)
            else:
                cells[axis.name] = knobs[axis.name] if axis.is_knob else getattr(settings, axis.name)
        return cells

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the options that override rules of the kernel."""
        return tuple(option.name for option in self.options if option.is_rule)


def build(options: Sequence[Option], sets: WorkingSets | None = None, ram: int = 0) -> Grid:
    """Make the grid of some options; shares need ``sets``, and ``ram``, the bytes of RAM where no option sets them.

    Raises SettingsError: a value that is given twice or that its setting does not take, a share of a memcg that the
    trace does not have, or a grid of more than MOST_POINTS.
    """
    size = prod(len(option.values) for option in options)
    if size > MOST_POINTS:
        raise SettingsError(f"the grid has {size:,} points; expected at most {MOST_POINTS:,}")
    for option in options:
        _check_distinct(option)
    resolved = tuple(_resolved(option, sets) for option in options)
    resolved = tuple(_of_ram(option, resolved, ram) for option in resolved)
    points = Points(resolved)
    first = first_fault(points, SETTINGS_CHECKED_TOGETHER, points.settings)
    if first is not None:
        raise first[1]
    return Grid(resolved, points)


SETTINGS_CHECKED_TOGETHER: Final = (("payload_file", "lengths"),)
"""The settings that Settings() checks against each other; all others it checks alone."""


def first_fault(
    points: Points, together: Iterable[tuple[str, ...]], check: Callable[[int], object]
) -> tuple[int, ZswapReplayError] | None:
    """Find the first point that a check refuses, by index, and why; None where it takes all.

    The check is made at few points: it must depend on each option alone, but for the options that are named
    ``together``.
    """
    first: tuple[int, ZswapReplayError] | None = None
    for names in (*((name,) for name in points.names), *together):
        for index in points.varying(*names):
            if first is not None and index >= first[0]:
                break
            try:
                check(index)
            except ZswapReplayError as error:
                first = index, error
                break
    return first


def _of_ram(option: Option, options: Sequence[Option], ram: int) -> Option:
    """Put bytes in the place of shares of RAM. Raises SettingsError: there are several sizes of RAM."""
    if not any(isinstance(value, RamShare) for value in option.values):
        return option
    for other in options:
        if other.name == "totalram":
            if len(other.values) > 1:
                raise SettingsError(
                    f"{option.flag} {','.join(option.texts)}: a share of RAM needs one --totalram; "
                    f"found {','.join(other.texts)}"
                )
            ram = int(str(other.values[0]))
    values = tuple(
        whole_pages(value.factor, ram) if isinstance(value, RamShare) else value for value in option.values
    )
    return Option(option.name, option.texts, values)


def _knob(name: str) -> tuple[str, str]:
    path, _, key = name.rpartition(":")
    return path, key


def _check_distinct(option: Option) -> None:
    values = [_canonical(option.name, value) for value in option.values]
    met: set[Value] = set()
    for text, value in zip(option.texts, values, strict=True):
        if value in met:
            same = f", since it has the rules of {value}" if option.name == "kernel" and text != value else ""
            raise SettingsError(f"{option.flag} {text} is given twice{same}")
        met.add(value)


def _canonical(name: str, value: Value) -> Value:
    """Return the one spelling of an option's value, so that the same thing by two names is met."""
    try:
        if name == "compressor":
            return parse_spec(str(value))
        return resolve(str(value)).name if name == "kernel" else value
    except (CodecError, UnknownReleaseError):
        return value  # with a file of known lengths it may be any name; without, the replay refuses it


def _resolved(option: Option, sets: WorkingSets | None) -> Option:
    if not any(isinstance(value, Share) for value in option.values):
        return option
    assert sets is not None
    values = tuple(
        sets.resolve(value, option.flag, text) if isinstance(value, Share) else value
        for text, value in zip(option.texts, option.values, strict=True)
    )
    return Option(option.name, option.texts, values)
