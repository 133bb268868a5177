"""What a search may vary: a setting or a memcg's knob, with a list of values or a range of numbers.

A range is a row of whole places: numbers as they are, sizes page by page, shares in hundredths or finer. So a point is
one place an axis, and the same point is never replayed twice.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Final

from zswap_replay.errors import SettingsError
from zswap_replay.settings import Settings
from zswap_replay.sweep.grid import Option, Value
from zswap_replay.sweep.pareto import WORKLOAD
from zswap_replay.units import PAGE_SIZE, UNLIMITED, RamShare, Share

Places = tuple[int, ...]
"""A point of a space: the place of each axis."""

NOT_VARIED: Final = {
    **dict.fromkeys(WORKLOAD, "it says what is replayed, and not how"),
    "lengths": "it says what is replayed, and not how",
    "verify": "it changes no counter",
    "shrink_delay": "no machine can be set to it, and how sure an answer is is told by it",
}
"""Settings that are no axis, each with the reason."""

_LEAST_STEPS: Final = 20
"""Steps of a range of shares; where hundredths are fewer, its steps are finer."""
_FINEST: Final = 10**6
_WIDE: Final = 16
"""The factor between the ends of a range of sizes from which on it is searched by factors, not by sums."""


@dataclass(frozen=True, slots=True)
class Choices:
    """An axis of listed values."""

    name: str
    texts: tuple[str, ...]
    values: tuple[Value, ...]

    first = 0
    is_range = False

    @property
    def last(self) -> int:
        """The place of the last value."""
        return len(self.values) - 1

    @property
    def given(self) -> str:
        """The values between commas."""
        return ",".join(self.texts)

    def text(self, place: int) -> str:
        """Spell a value as it was given."""
        return self.texts[place]

    def value(self, place: int) -> Value:
        """Give the value at a place."""
        return self.values[place]


@dataclass(frozen=True, slots=True)
class Range:
    """An axis of numbers from one end to another, both among them."""

    name: str
    given: str
    first: int
    last: int
    step: Fraction
    """What a place more adds to the value: 1, a page's bytes, or a part of a share."""
    share_of: str | None = None
    """The memcg of whose working set values are shares."""
    of_ram: bool = False
    """Whether values are shares of RAM."""

    is_range = True

    @property
    def by_factors(self) -> bool:
        """Whether the ends are so far apart that it is searched by factors."""
        return self.step == PAGE_SIZE and self.first > 0 and self.last >= _WIDE * self.first

    def text(self, place: int) -> str:
        """Spell the number at a place: ``17``, ``0.35ws``, ``64M``."""
        value = self.value(place)
        if isinstance(value, Share | RamShare):
            return str(value)
        assert isinstance(value, int)
        if self.step == PAGE_SIZE:
            for shift, suffix in ((30, "G"), (20, "M"), (10, "K")):
                if value and value % (1 << shift) == 0:
                    return f"{value >> shift}{suffix}"
        return str(value)

    def value(self, place: int) -> Value:
        """Give the number at a place, or the share."""
        found = place * self.step
        if self.share_of is not None:
            return Share(self.share_of, found)
        return RamShare(found) if self.of_ram else int(found)


Axis = Choices | Range
"""One thing that is varied; its places are the whole numbers from ``first`` to ``last``."""


def make_choices(name: str, texts: tuple[str, ...], values: tuple[Value, ...]) -> Choices:
    """Make an axis of values. Raises SettingsError: the name is of what is not varied, or a value comes twice."""
    _check_name(name)
    twice = next((text for text, value in zip(texts, values, strict=True) if values.count(value) > 1), None)
    if twice is not None:
        raise SettingsError(f"--vary {name}: {twice} is given twice")
    return Choices(name, texts, values)


def make_range(name: str, given: str, low: Value, high: Value) -> Range:
    """Make an axis of the numbers from ``low`` to ``high``.

    Raises SettingsError: the ends are no numbers of one kind, or the range ends before it begins.
    """
    _check_name(name)
    where = f"--vary {name}={given}"
    numbers = [_number(end) for end in (low, high)]
    bounds = [each for each in numbers if each is not None]
    if len(bounds) < 2 or type(low) is not type(high) or UNLIMITED in bounds:
        raise SettingsError(
            f"{where}: expected two numbers of one kind about the dots (5..50, 16M..1G, 0.1ws..1ws), or values "
            "between commas"
        )
    first, last = bounds
    if last < first:
        raise SettingsError(f"{where}: the range ends before it begins; expected the smaller number first")
    if isinstance(low, Share | RamShare):
        share_of = low.memcg if isinstance(low, Share) else None
        step = _share_step(first, last)
        return Range(name, given, int(first / step), int(last / step), step, share_of, share_of is None)
    if _is_size(name):
        pages = range(-int(-first // PAGE_SIZE), int(last // PAGE_SIZE) + 1)
        if not pages:
            raise SettingsError(f"{where}: found no whole page of {PAGE_SIZE} bytes between the two")
        return Range(name, given, pages[0], pages[-1], Fraction(PAGE_SIZE))
    return Range(name, given, int(first), int(last), Fraction(1))


def _number(value: Value) -> Fraction | None:
    if isinstance(value, Share | RamShare):
        return value.factor
    return Fraction(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _share_step(first: Fraction, last: Fraction) -> Fraction:
    parts = 100
    while parts < _FINEST and (
        (first * parts).denominator > 1
        or (last * parts).denominator > 1
        or 0 < (last - first) * parts < _LEAST_STEPS
    ):
        parts *= 10
    return Fraction(1, parts)


def _is_size(name: str) -> bool:
    key = name.rpartition(":")[2]
    if name.startswith("/"):
        return not key.endswith("writeback")
    return name == "totalram" or any(
        setting.name == name and setting.metadata.get("size") for setting in fields(Settings)
    )


def _check_name(name: str) -> None:
    if name in NOT_VARIED:
        raise SettingsError(f"--vary {name}: {NOT_VARIED[name]}")
    names = [setting.name for setting in fields(Settings) if "help" in setting.metadata]
    if not name.startswith("/") and name not in names:
        raise SettingsError(f"--vary {name}: found no such setting")


def size_of(axes: tuple[Axis, ...]) -> int:
    """Count the points of a space."""
    points = 1
    for axis in axes:
        points *= axis.last - axis.first + 1
    return points


def option_at(axis: Axis, place: int) -> Option:
    """Make the option that an axis is at a point."""
    return Option(axis.name, (axis.text(place),), (axis.value(place),))


def ends_of(axis: Axis) -> Option:
    """Make an option of an axis' values, of a range of its ends: what can be refused of it is refused of these."""
    places = range(axis.first, axis.last + 1)
    if axis.is_range:
        places = range(axis.first, axis.last + 1, max(1, axis.last - axis.first))
    return Option(axis.name, tuple(map(axis.text, places)), tuple(map(axis.value, places)))


def check_axes(axes: tuple[Axis, ...], fixed: tuple[Option, ...]) -> None:
    """Refuse axes that cannot be searched together.

    Raises SettingsError: there is none, one is given twice or as a flag too, or a flag holds several values.
    """
    if not axes:
        raise SettingsError("--vary: expected at least one, as --vary max_pool_percent=5..50")
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"--vary {name}: it is given twice")
    for option in fixed:
        if option.name in names:
            raise SettingsError(f"--vary {option.name}: it is set by {option.flag} too; expected one of them")
        if len(option.values) > 1:
            raise SettingsError(
                f"{option.flag} {','.join(option.texts)}: expected one value; "
                f"--vary {option.name}={','.join(option.texts)} searches among several"
            )
