"""Sizes and times: parsing them as the kernel's cgroup files do, and spelling them for people."""

from __future__ import annotations

import re
from collections.abc import Sequence

from zswap_replay.errors import SettingsError

PAGE_SIZE = 4096
"""Bytes of a page; the only size that the model knows."""

UNLIMITED = -1
"""The value of a limit that is ``max``."""

_MOST_DIGITS = 40
_LONGEST_QUOTED = 200

_SIZE = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgGtTpPeE]?)")
_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}
_NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_DURATION = re.compile(r"([0-9]+)(ns|us|ms|s|m|h)")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def whole(digits: str) -> int:
    """Read a whole number of any number of digits; one with more than any limit has is 10^40, which is above all."""
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _MOST_DIGITS else 10**_MOST_DIGITS


def quoted(text: str) -> str:
    """Spell a text for an error, in quotes, the middle of a long one left out."""
    if len(text) <= _LONGEST_QUOTED:
        return repr(text)
    half = _LONGEST_QUOTED // 2
    return f"{text[:half] + '...' + text[-half:]!r} ({len(text):,} characters)"


def parse_size(text: str) -> int:
    """Parse a size as it is written to a cgroup file, to bytes: ``4096``, ``0x1000``, ``512K``, ``64M``, ``2G``.

    Models memparse(), lib/cmdline.c, without its leniency towards trailing characters.

    Raises SettingsError: the text is no size, or does not fit 64 bits.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise SettingsError(
            f"{quoted(text)} is not a size: expected bytes, or a number with K, M, G, T, P or E"
        )
    size = int(match[1], 16) if match[1][:2].lower() == "0x" else whole(match[1])
    size <<= _SHIFT[match[2].lower()]
    if size >= 1 << 64:
        raise SettingsError(f"{quoted(text)} does not fit 64 bits")
    return size


def parse_limit(text: str) -> int:
    """Parse a limit to bytes, or UNLIMITED for ``max``. Raises SettingsError as parse_size() does.

    Models page_counter_memparse(), mm/page_counter.c.
    """
    return UNLIMITED if text.strip() == "max" else parse_size(text)


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


def format_size(size: float) -> str:
    """Spell a size in bytes for people: ``4.0 KiB``, ``1.3 GiB``; whole bytes below 1 KiB."""
    value = float(size)
    unit = 0
    while abs(value) >= 1024 and unit < len(_BINARY) - 1:
        value /= 1024
        unit += 1
    return f"{value:.0f} {_BINARY[unit]}" if unit == 0 else f"{value:.1f} {_BINARY[unit]}"
