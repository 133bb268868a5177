"""What is written to the files of a zram device: `/sys/block/zram0/FILE`, and swapon, each with its parser.

Nothing here imports pyarrow, as in events.py. A text is checked and kept as it was written; the one who acts on it
parses it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from zswap_replay.errors import SettingsError
from zswap_replay.units import PAGE_SIZE, parse_size, quoted, whole

PREFIX: Final = "zram."
"""What the keys of `param` events begin with that write to a zram device."""

IDLE, HUGE, INCOMPRESSIBLE = 1, 2, 4
"""The marks that a walk over the slots asks for: mm/zram_drv.py, IDLE_WRITEBACK and the others."""

MODES: Final = MappingProxyType(
    {"idle": IDLE, "huge": HUGE, "huge_idle": IDLE | HUGE, "incompressible": INCOMPRESSIBLE}
)
"""What `writeback` takes, apart from page_index=N; `recompress` takes the first three as its type."""

MAX_COMPS: Final = 4
"""Priorities of compressors: mm/zram_drv.py, ZRAM_MAX_COMPS."""

MOST_BYTES: Final = ((1 << 31) - 1) * PAGE_SIZE
"""The largest device that the model has slots for, a page below 8 TiB."""

_MOST_AGE_NS = 1 << 62
_MOST_THRESHOLD = 1 << 30

ALL: Final = -1
"""The age of pages of any age, the index of every slot, and pages without a limit."""

_INDEX = "page_index="
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A compressor and its priority, or a level for one of them."""

    name: str | None
    priority: int | None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Recompress:
    """What a write to `recompress` asks for."""

    mode: int = 0
    threshold: int = 0
    max_pages: int = ALL
    name: str | None = None
    priority: int | None = None


def parse_disksize(text: str) -> int:
    """Parse the size of a device to bytes, whole pages. Raises SettingsError: it is none, or nothing."""
    size = parse_size(text)
    if size == 0:
        raise SettingsError(f"disksize {text.strip()}: expected at least a page, {PAGE_SIZE} bytes")
    if size > MOST_BYTES:
        raise SettingsError(f"disksize {text.strip()}: expected less than 8T")
    return -(-size // PAGE_SIZE) * PAGE_SIZE


def parse_idle(text: str) -> int:
    """Parse an age to nanoseconds, or ALL. Raises SettingsError."""
    word = text.strip()
    return ALL if word == "all" else min(_number(word, "idle", "all or seconds") * 10**9, _MOST_AGE_NS)


def parse_writeback(text: str) -> tuple[int, int]:
    """Parse what is to be written back: the marks that a page must have, and its slot or ALL. Raises SettingsError."""
    word = text.strip()
    if word in MODES:
        return MODES[word], ALL
    if word.startswith(_INDEX):
        return 0, _number(word.removeprefix(_INDEX), "writeback", f"{_INDEX}N")
    raise SettingsError(f"writeback {quoted(word)}: expected {', '.join(MODES)} or {_INDEX}N")


def parse_recompress(text: str) -> Recompress:
    """Parse what is to be recompressed. Raises SettingsError: an unknown word, or a value of another kind."""
    found: dict[str, str] = _pairs(text, "recompress", ("type", "threshold", "max_pages", "algo", "priority"))
    mode = found.get("type")
    if mode is not None and mode not in ("idle", "huge", "huge_idle"):
        raise SettingsError(f"recompress type {quoted(mode)}: expected idle, huge or huge_idle")
    return Recompress(
        MODES[mode] if mode else 0,
        min(_number(found.get("threshold", "0"), "recompress threshold", "bytes"), _MOST_THRESHOLD),
        _number(found["max_pages"], "recompress max_pages", "a number") if "max_pages" in found else ALL,
        found.get("algo"),
        _priority(found, "recompress"),
    )


def parse_recomp_algorithm(text: str) -> Algorithm:
    """Parse a compressor for recompression: `algo=zstd priority=1`, or its name alone. Raises SettingsError."""
    word = text.strip()
    if word and "=" not in word and not word.split()[1:]:
        return Algorithm(word, 1)
    found = _pairs(text, "recomp_algorithm", ("algo", "priority"))
    if "algo" not in found:
        raise SettingsError(
            f"recomp_algorithm {quoted(word)}: expected algo=NAME priority=1 to {MAX_COMPS - 1}"
        )
    priority = _priority(found, "recomp_algorithm")
    if priority == 0:
        raise SettingsError("recomp_algorithm priority 0 is comp_algorithm's: expected 1 to 3")
    return Algorithm(found["algo"], 1 if priority is None else priority)


def parse_algorithm_params(text: str) -> Algorithm:
    """Parse the level of a compressor: `algo=zstd level=1`. Raises SettingsError."""
    found = _pairs(text, "algorithm_params", ("algo", "priority", "level"))
    level = _number(found["level"], "algorithm_params level", "a number") if "level" in found else None
    return Algorithm(found.get("algo"), _priority(found, "algorithm_params"), level)


def _pairs(text: str, file: str, names: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if name not in names or not equals or not value:
            raise SettingsError(
                f"{file} {quoted(word)}: expected {', '.join(f'{each}=VALUE' for each in names)}"
            )
        found[name] = value
    return found


def _priority(found: Mapping[str, str], file: str) -> int | None:
    if "priority" not in found:
        return None
    priority = _number(found["priority"], f"{file} priority", f"0 to {MAX_COMPS - 1}")
    if priority >= MAX_COMPS:
        raise SettingsError(f"{file} priority {priority}: expected 0 to {MAX_COMPS - 1}")
    return priority


def _number(word: str, what: str, expected: str) -> int:
    if not _NUMBER.fullmatch(word.strip()):
        raise SettingsError(f"{what} {quoted(word)}: expected {expected}")
    return whole(word.strip())


def _one_of(file: str, *words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.strip() not in words:
            expected = ", ".join(word or "nothing" for word in words)
            raise SettingsError(f"{file} {quoted(text)}: expected {expected}")
        return text.strip()

    return parse


def _name(file: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not text.strip():
            raise SettingsError(f"{file}: expected a name")
        return text.strip()

    return parse


def _count(file: str) -> Callable[[str], int]:
    return lambda text: _number(text, file, "a number")


FILES: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType(
    {
        "comp_algorithm": _name("comp_algorithm"),
        "algorithm_params": parse_algorithm_params,
        "recomp_algorithm": parse_recomp_algorithm,
        "backing_dev": _name("backing_dev"),
        "disksize": parse_disksize,
        "mem_limit": parse_size,
        "mem_used_max": _one_of("mem_used_max", "0"),
        "idle": parse_idle,
        "writeback": parse_writeback,
        "writeback_limit": _count("writeback_limit"),
        "writeback_limit_enable": _one_of("writeback_limit_enable", "0", "1"),
        "recompress": parse_recompress,
        "compact": _name("compact"),
        "reset": _name("reset"),
        "swapon": _one_of("swapon", "", "discard", "discard_once", "discard_pages"),
    }
)
"""The files, and the parser of each; swapon is no file, but mkswap and swapon of the device."""


def parse(file: str, text: str) -> str:
    """Check a text that is written to a file of FILES; return it as it was. Raises SettingsError: it is none of its."""
    FILES[file](text)
    return text


def _checked(file: str) -> Callable[[str], str]:
    return lambda text: parse(file, text)


PARAMS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {f"{PREFIX}{file}": _checked(file) for file in FILES}
)
"""The keys of `param` events, and the check of each."""
