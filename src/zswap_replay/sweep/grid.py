"""The grid of a sweep: every option may hold several values, and the points are their product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product
from math import prod
from typing import Any

from zswap_replay.codec.base import parse_spec
from zswap_replay.errors import CodecError, SettingsError
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.sweep.workingset import Share, WorkingSets

Value = int | str | bool | Share

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
    def memcg(self) -> str:
        """The memcg of a knob."""
        return self.name.rpartition(":")[0]

    @property
    def flag(self) -> str:
        """How a user gives it: ``--max-pool-percent``, ``--set /web:memory.zswap.max``."""
        return f"--set {self.name}" if self.is_knob else f"--{self.name.replace('_', '-')}"

    @property
    def has_share(self) -> bool:
        """Whether a value is a share of a working set."""
        return any(isinstance(value, Share) for value in self.values)


@dataclass(frozen=True, slots=True)
class Point:
    """One place of a grid."""

    index: int
    label: str
    """The axes' values as they were written: ``kernel=6.8 max_pool_percent=5``."""
    settings: Settings


@dataclass(frozen=True, slots=True)
class Grid:
    """The points of a sweep, in order: the last axis moves fastest."""

    options: tuple[Option, ...]
    """All that was given, with shares resolved to bytes."""
    points: tuple[Point, ...]

    @property
    def axes(self) -> tuple[Option, ...]:
        """The options of several values, in the order in which they were given."""
        return tuple(option for option in self.options if len(option.values) > 1)

    def cells(self, settings: Settings) -> dict[str, int | str | bool]:
        """The axes' values of a point, by axis."""
        knobs = {f"{write.memcg}:{write.key}": write.value for write in settings.knobs}
        return {
            axis.name: knobs[axis.name] if axis.is_knob else getattr(settings, axis.name)
            for axis in self.axes
        }


def build(options: Sequence[Option], sets: WorkingSets | None = None) -> Grid:
    """The grid of some options; a share of a working set needs ``sets``.

    Raises SettingsError: a value that its setting does not take or that is given twice, a share of a memcg that the
    trace does not have, or a grid of more than MOST_POINTS.
    """
    size = prod(len(option.values) for option in options)
    if size > MOST_POINTS:
        raise SettingsError(f"the grid has {size:,} points; expected at most {MOST_POINTS:,}")
    for option in options:
        _check_distinct(option)
    resolved = tuple(_resolved(option, sets) for option in options)
    params = {setting.name for setting in fields(Settings) if setting.metadata.get("knob")}
    fixed = frozenset(option.name for option in options if option.name in params)
    points = []
    for index, places in enumerate(product(*(range(len(option.values)) for option in resolved))):
        chosen = list(zip(resolved, places, strict=True))
        plain: dict[str, Any] = {
            option.name: option.values[place] for option, place in chosen if not option.is_knob
        }
        knobs = tuple(
            KnobWrite(*_knob(option.name), int(str(option.values[place])))
            for option, place in chosen
            if option.is_knob
        )
        label = " ".join(
            f"{option.name}={option.texts[place]}" for option, place in chosen if len(option.values) > 1
        )
        points.append(Point(index, label or "the one point", Settings(**plain, knobs=knobs, fixed=fixed)))
    return Grid(resolved, tuple(points))


def _knob(name: str) -> tuple[str, str]:
    path, _, key = name.rpartition(":")
    return path, key


def _check_distinct(option: Option) -> None:
    values = [_canonical(str(value)) if option.name == "compressor" else value for value in option.values]
    met: set[Value] = set()
    for text, value in zip(option.texts, values, strict=True):
        if value in met:
            raise SettingsError(f"{option.flag} {text} is given twice")
        met.add(value)


def _canonical(compressor: str) -> str:
    try:
        return parse_spec(compressor)
    except CodecError:
        return compressor  # with a file of known lengths it may be any name; without, the replay refuses it


def _resolved(option: Option, sets: WorkingSets | None) -> Option:
    if not option.has_share:
        return option
    assert sets is not None
    values = tuple(
        sets.resolve(value, option.flag, text) if isinstance(value, Share) else value
        for text, value in zip(option.texts, option.values, strict=True)
    )
    return Option(option.name, option.texts, values)
