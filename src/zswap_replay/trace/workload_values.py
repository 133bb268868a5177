"""Values of a TOML file, each of the kind that is expected: an error names its key and what was expected."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from zswap_replay.errors import ResultError, SettingsError
from zswap_replay.json_value import Value
from zswap_replay.trace.events import path_fault
from zswap_replay.units import PAGE_SIZE, parse_amount, parse_duration

MOST_PAGES: Final = 1 << 52


@dataclass(frozen=True)
class Moment:
    """A time of the schedule: nanoseconds after the start, or, where `share` is not None, a share of the whole."""

    ns: int = 0
    share: float | None = None

    def of(self, whole_ns: int) -> int:
        """Return nanoseconds, in a workload that takes `whole_ns`."""
        return self.ns if self.share is None else int(self.share * whole_ns)


def table_of(value: Value) -> Value:
    """Check that a value is a table, and return it. Raises ResultError."""
    if not isinstance(value.content, Mapping):
        raise value.fault("a table")
    return value


def check_keys(value: Value, names: tuple[str, ...], needed: tuple[str, ...]) -> None:
    """Check that a table has no other keys than `names`, and all of `needed`. Raises ResultError, SettingsError."""
    for name, each in table_of(value).items():
        if name not in names:
            raise SettingsError(f"{each.where}: found this key; expected one of {', '.join(names)}")
    for name in needed:
        value[name]


def one_of(value: Value, names: Collection[str], what: str = "") -> str:
    """Read one of some names. Raises ResultError: it is none of them; ``what`` says what they are."""
    if not isinstance(value.content, str) or value.content not in names:
        raise value.fault(f"one of{what} {', '.join(names) or '(there is none)'}")
    return value.content


def memcg_path(value: Value) -> str:
    """Read the path of a memcg. Raises ResultError."""
    path = value.text()
    wrong = path_fault(path)
    if wrong:
        raise value.fault(f"the path of a memcg, from the root, such as /web ({wrong})")
    return path


def whole_number(value: Value, least: int, most: int) -> int:
    """Read a whole number. Raises ResultError: it is none from `least` to `most`."""
    if type(value.content) is not int or not least <= value.content <= most:
        raise value.fault(f"a whole number from {least} to {most}")
    return value.content


def number(value: Value, least: float, most: float) -> float:
    """Read a number. Raises ResultError: it is none from `least` to `most`."""
    if not isinstance(value.content, int | float) or isinstance(value.content, bool):
        raise value.fault(f"a number from {least:g} to {most:g}")
    if not least <= value.content <= most:
        raise value.fault(f"a number from {least:g} to {most:g}")
    return float(value.content)


def page_count(value: Value) -> int:
    """Read a number of pages, or a size in bytes: ``"64M"``. Raises ResultError."""
    pages: Any = value.content
    if isinstance(pages, str):
        try:
            pages = parse_amount(pages) // PAGE_SIZE
        except SettingsError:
            pages = None
    if type(pages) is not int or not 1 <= pages <= MOST_PAGES:
        raise value.fault(f'pages, a whole number from 1 to {MOST_PAGES}, or a size such as "64M"')
    return pages


def duration(value: Value, *, zero: bool = False) -> int:
    """Read a time to nanoseconds: ``"10ms"``. Raises ResultError: it is none, or 0 where not `zero`."""
    text = value.content
    if zero and text in ("0", "0ns"):
        return 0
    if isinstance(text, str):
        try:
            return parse_duration(text)
        except SettingsError:
            pass
    raise value.fault('a time such as "1us", "10ms" or "2s"')


def moment(value: Value, *, zero: bool = False) -> Moment:
    """Read a time, or a share of the whole: ``"10ms"``, ``"25%"``. Raises ResultError."""
    text = value.content
    if isinstance(text, str) and text.endswith("%"):
        try:
            share = float(text[:-1]) / 100
        except ValueError:
            share = -1.0
        if (0 if zero else 1e-9) <= share <= 1:
            return Moment(share=share)
    else:
        try:
            return Moment(duration(value, zero=zero))
        except ResultError:
            pass
    raise value.fault('a time such as "10ms", or a share of the whole such as "25%"')
