"""Sizes and times: parsing them as the kernel's cgroup files do, and spelling them for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from zswap_replay.errors import SettingsError

PAGE_SIZE = 4096
"""Bytes of a page; the only size that the model knows."""

UNLIMITED = -1
"""The value of a limit that is ``max``."""

_MOST_DIGITS = 40
_LONGEST_QUOTED = 200

_SIZE = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgGtTpPeE]?)")
_INTEGER = re.compile(r"0[xX](?P<hexadecimal>[0-9a-fA-F]+)|0(?P<octal>[0-7]+)|0|[1-9][0-9]*")
_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([kKmMgGtTpPeE])(?:i(?:[bB])?)?|([0-9]+)[bB]?")
"""A size as other tools spell it: ``512Mi``, ``512MiB``, ``1.5M``, ``4096B``. Powers of 1024 all of them."""
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ws|%)")
_FOREIGN = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([kKmMgGtTpPeE])i?[bB]?")
_BOUNDLESS = frozenset({"infinity", "unlimited", "none", "inf", "-1"})
_LONGEST_AMOUNT = 64
"""Characters of a number with a point from which on it is none that anybody wrote down."""
_NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_DURATION = re.compile(r"([0-9]+)(ns|us|ms|s|m|h)")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def whole(digits: str) -> int:
    """Read a whole number of any number of digits; one with more than any limit has is 10^40, which is above all."""
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _MOST_DIGITS else 10**_MOST_DIGITS


LEAST_WHOLE, MOST_WHOLE = -(1 << 63), (1 << 64) - 1
"""Whole numbers of 64 bits, with a sign or without: what comes from outside and is none of them counts nothing."""


def read_digits(text: str) -> int | None:
    """Read a whole number of decimal digits that fits 64 bits; None for any other text.

    What comes from outside is read here: str.isdigit() takes more than int(), which refuses thousands of digits too.

    >>> read_digits("4096"), read_digits("\N{SUPERSCRIPT TWO}"), read_digits("9" * 5000)
    (4096, None, None)
    """
    number = whole(text) if text.isascii() and text.isdigit() else 1 << 64
    return number if number < 1 << 64 else None


def read_integer(text: str) -> int | None:
    """Read a whole number as the kernel does: ``0x14`` is hexadecimal, ``024`` octal; None for any other text.

    Models _parse_integer_fixup_radix() and _parse_integer(), lib/kstrtox.c.

    >>> read_integer("20"), read_integer("0x14"), read_integer("024"), read_integer("08")
    (20, 20, 20, None)
    """
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    if match["hexadecimal"]:
        return int(match["hexadecimal"], 16)
    return int(match["octal"], 8) if match["octal"] else whole(text)


def quoted(text: str) -> str:
    """Spell a text for an error, in quotes, the middle of a long one left out."""
    if len(text) <= _LONGEST_QUOTED:
        return repr(text)
    half = _LONGEST_QUOTED // 2
    return f"{text[:half] + '...' + text[-half:]!r} ({len(text):,} characters)"


def quoted_if_odd(name: str) -> str:
    """Spell a name for an error: as it is, or in quotes where that would be long, or not be seen."""
    plain = name.isprintable() and " " not in name and 0 < len(name) <= _LONGEST_QUOTED
    return name if plain else quoted(name)


def parse_size(text: str) -> int:
    """Parse a size as it is written to a cgroup file, to bytes: ``4096``, ``0x1000``, ``512K``, ``64M``, ``2G``.

    A leading 0 makes a number octal, as there. Models memparse(), lib/cmdline.c, without its leniency towards trailing
    characters.

    Raises SettingsError: the text is no size, or does not fit 64 bits.
    """
    match = _SIZE.fullmatch(text.strip())
    size = None if match is None else read_integer(match[1])
    if match is None or size is None:
        raise SettingsError(
            f"{quoted(text)} is not a size: expected bytes, or a number with K, M, G, T, P or E{_right(text)}"
        )
    return _fitting(size << _SHIFT[match[2].lower()], text)


def parse_limit(text: str) -> int:
    """Parse a limit to bytes, or UNLIMITED for ``max``. Raises SettingsError as parse_size() does.

    Models page_counter_memparse(), mm/page_counter.c.
    """
    word = text.strip()
    if word == "max":
        return UNLIMITED
    if _SIZE.fullmatch(word) is None:
        if word.lower() in _BOUNDLESS or word.lower() == "max":
            raise SettingsError(f"{quoted(text)} is not a limit: expected max, for none")
        share = " (a flag, --set, takes a share)" if _SHARE.fullmatch(word) else ""
        raise SettingsError(
            f"{quoted(text)} is not a limit: expected max, bytes, or a number with K, M, G, T, P or E"
            f"{_right(text)}{share}"
        )
    return parse_size(text)


@dataclass(frozen=True, slots=True)
class Share:
    """A factor of the working set of a memcg, or of the machine's, which is the root's."""

    memcg: str
    factor: Fraction

    def __str__(self) -> str:
        return f"{_decimal(self.factor)}ws"


@dataclass(frozen=True, slots=True)
class RamShare:
    """A factor of the machine's RAM."""

    factor: Fraction

    def __str__(self) -> str:
        return f"{_decimal(self.factor * 100)}%"


def parse_share(text: str, memcg: str = "/") -> Share | RamShare | None:
    """Return the share that ``0.5ws`` or ``20%`` stands for; None for a text that is none.

    >>> parse_share("0.5ws", "/web")
    Share(memcg='/web', factor=Fraction(1, 2))
    >>> parse_share("20%")
    RamShare(factor=Fraction(1, 5))
    """
    match = _SHARE.fullmatch(text.strip()) if len(text) <= _LONGEST_AMOUNT else None
    if match is None:
        return None
    factor = Fraction(match[1])
    return Share(memcg, factor) if match[2] == "ws" else RamShare(factor / 100)


def parse_amount(text: str) -> int:
    """Parse a size as a flag takes it, to bytes: as parse_size() does, or ``512Mi``, ``1.5M``, ``2GiB``.

    All suffixes are powers of 1024; a part of a byte is cut off. A leading 0 means nothing here.

    Raises SettingsError: the text is no size.
    """
    word = text.strip()
    match = _AMOUNT.fullmatch(word) if len(word) <= _LONGEST_AMOUNT else None
    if match is not None:
        return _fitting(
            whole(match[3]) if match[3] else int(Fraction(match[1]) * (1 << _SHIFT[match[2].lower()])), text
        )
    try:
        return parse_size(text)
    except SettingsError as error:
        expected = "expected bytes, or a number with K, M, G, T, P or E"
        raise SettingsError(str(error).replace(expected, f"{expected} (512M, 512Mi, 1.5G)")) from None


def parse_flag_limit(text: str, memcg: str) -> int | Share | RamShare:
    """Parse a limit as a flag takes it: what parse_amount() and parse_share() take, ``max`` or ``infinity``.

    Raises SettingsError: the text is no limit.
    """
    word = text.strip()
    if word in ("max", "infinity"):
        return UNLIMITED
    if word.lower() in _BOUNDLESS or word.lower() == "max":
        raise SettingsError(f"{quoted(text)} is not a limit: expected max or infinity, for none")
    share = parse_share(text, memcg)
    if share is not None:
        return share
    try:
        return parse_amount(text)
    except SettingsError as error:
        if "does not fit" in str(error):
            raise
        raise SettingsError(
            f"{quoted(text)} is not a limit: expected max, bytes, a number with K, M, G, T, P or E "
            f"(512M, 512Mi, 1.5G), a share of RAM (20%) or of what the memcg touches (0.5ws){_right(text)}"
        ) from None


def _decimal(number: Fraction) -> str:
    """Spell a number that was a decimal."""
    return f"{Decimal(number.numerator) / number.denominator:f}"


def _fitting(size: int, text: str) -> int:
    if size >= 1 << 64:
        raise SettingsError(f"{quoted(text)} does not fit 64 bits: expected less than 16E")
    return size


def _right(text: str) -> str:
    """Say how the kernel's files spell a size of another tool's; nothing where that is not known."""
    word = text.strip()
    match = _FOREIGN.fullmatch(word) if len(word) <= _LONGEST_AMOUNT else None
    if match is None:
        return ""
    number, suffix = Fraction(match[1]), match[2].upper()
    while number.denominator > 1 and suffix != "K":
        number, suffix = number * 1024, "KMGTPE"["KMGTPE".index(suffix) - 1]
    if number.denominator > 1:
        return f", here {int(number * 1024)}"
    return f", here {number}{suffix}"


_RATE = re.compile(r"([0-9]+)/([0-9]+)|([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(%?)")

_LEAST_RATE = Fraction(1, 10**9)


def parse_rate(text: str) -> Fraction:
    """Parse a share of pages, above 0 and at most 1: ``1/10``, ``0.1``, ``10%``.

    Raises SettingsError: the text is none.

    >>> parse_rate("10%")
    Fraction(1, 10)
    """
    match = _RATE.fullmatch(text.strip()) if len(text) <= _LONGEST_AMOUNT else None
    rate = Fraction(0)
    if match is not None and match[1] is not None:
        rate = Fraction(int(match[1]), int(match[2])) if int(match[2]) else rate
    elif match is not None:
        rate = Fraction(match[3]) / (100 if match[4] else 1)
    if 0 < rate < _LEAST_RATE:
        raise SettingsError(f"{quoted(text)} is no share of pages: expected at least 1/{1 / _LEAST_RATE}")
    if not 0 < rate <= 1:
        raise SettingsError(
            f"{quoted(text)} is no share of pages: expected one above 0 and at most 1, as 1/10, 0.1 or 10%"
        )
    return rate


def parse_duration(text: str) -> int:
    """Parse a duration to nanoseconds: ``100us``, ``10ms``, ``1s``, ``5m``, ``1h``.

    Raises SettingsError: the text is no duration, or 0.
    """
    match = _DURATION.fullmatch(text)
    if match is None or whole(match[1]) == 0:
        raise SettingsError(f"{quoted(text)} is not a duration: expected 100us, 10ms, 1s, 5m or the like")
    duration = whole(match[1]) * _NANOSECONDS[match[2]]
    if duration >= 1 << 63:
        raise SettingsError(f"{quoted(text)} is not a duration: expected less than 2^63 ns")
    return duration


def counted(number: int, what: str) -> str:
    """Spell a number of things, with an s where it is not one: ``1 run``, ``1,416 values``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def shortened(text: str, most: int = 60) -> str:
    """Cut the middle out of a text of more than ``most`` characters: ``/a/long...path``."""
    half = (most - 3) // 2
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"


def listed(names: Sequence[str], most: int = 10) -> str:
    """Spell a list of names, only the first `most` where there are more: ``/a, /b and 40 more``."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def format_time(nanoseconds: float) -> str:
    """Spell nanoseconds for people, to four digits: ``812 ns``, ``8.456 ms``, ``152.8 ms``, ``1,204.5 s``."""
    value, unit = float(nanoseconds), "ns"
    for larger in ("us", "ms", "s"):
        if abs(value) < 1000:
            break
        value, unit = value / 1000, larger
    if unit == "ns":
        return f"{value:.0f} ns"
    return f"{value:,.{3 if abs(value) < 10 else 2 if abs(value) < 100 else 1}f} {unit}"


def format_size(size: float) -> str:
    """Spell a size in bytes for people: ``4.0 KiB``, ``1.3 GiB``; whole bytes below 1 KiB."""
    value = float(size)
    unit = 0
    while abs(value) >= 1024 and unit < len(_BINARY) - 1:
        value /= 1024
        unit += 1
    return f"{value:.0f} {_BINARY[unit]}" if unit == 0 else f"{value:.1f} {_BINARY[unit]}"
