"""The vocabulary of a trace, apart from its columns: events, memcg paths, and the knobs with the values they take.

Nothing here imports pyarrow, so that the command line can parse a knob without loading it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from zswap_replay.errors import SettingsError
from zswap_replay.lib import event_codes
from zswap_replay.trace import zram_files
from zswap_replay.units import (
    RamShare,
    Share,
    parse_amount,
    parse_flag_limit,
    parse_limit,
    parse_size,
    quoted,
    read_integer,
    whole,
)

ROOT = "/"
"""The path of the root memcg, whose id is always 0."""


class Event(IntEnum):
    """What a row does, numbered as in lib/event_codes.py.

    Page events come first, up to DISCARD; from SNAPSHOT on a row may carry texts.
    """

    READ = event_codes.READ
    WRITE = event_codes.WRITE
    PAGEOUT = event_codes.PAGEOUT
    DISCARD = event_codes.DISCARD
    SETTLE = event_codes.SETTLE
    SNAPSHOT = event_codes.SNAPSHOT
    MEMCG_CREATE = event_codes.MEMCG_CREATE
    MEMCG_SET = event_codes.MEMCG_SET
    MEMCG_OFFLINE = event_codes.MEMCG_OFFLINE
    MEMCG_RECLAIM = event_codes.MEMCG_RECLAIM
    PARAM = event_codes.PARAM
    WORKER = event_codes.WORKER
    SEEN_READS = event_codes.SEEN_READS


EVENT_NAMES = tuple(event.name.lower() for event in Event)
"""The names of the events as a trace spells them; the index is the code."""

EVENT_CODES: Mapping[str, Event] = MappingProxyType({event.name.lower(): event for event in Event})

_TRUE = frozenset({"1", "y", "yes", "t", "true", "on"})
_FALSE = frozenset({"0", "n", "no", "f", "false", "off"})


def parse_switch(text: str) -> int:
    """Parse a switch to 0 or 1: ``0``, ``1``, ``y``, ``n``, ``on``, ``off`` and longer words.

    Raises SettingsError: the text is none of them.
    """
    # kstrtobool() looks at the first letters alone; here the whole word must be spelled right.
    word = text.strip().lower()
    if word in _TRUE:
        return 1
    if word in _FALSE:
        return 0
    raise SettingsError(f"{quoted(text)} is not a switch: expected y, n, 1, 0, on or off")


def _parse_bit(text: str) -> int:
    # the kernel's file takes a number alone: memory_zswap_writeback_write(), kstrtoint()
    word = text.strip()
    number = read_integer(word.removeprefix("-" if word[:1] == "-" else "+"))
    if number == 0 or (number == 1 and word[:1] != "-"):
        return number
    known = word.lower() in _TRUE | _FALSE
    right = f", here {int(word.lower() in _TRUE)}" if known else ""
    raise SettingsError(f"{quoted(text)} is not a switch: expected 0 or 1{right}")


def _parse_percent(text: str) -> int:
    number = read_integer(text.strip().removeprefix("+"))
    if number is None or number > 100:
        raise SettingsError(f"{quoted(text)} is not a percentage: expected a whole number from 0 to 100")
    return number


def _parse_name(text: str) -> str:
    word = text.strip()
    if not word:
        raise SettingsError("an empty text is not a name: expected one")
    return word


MEMCG_KNOBS: Mapping[str, Callable[[str], int]] = MappingProxyType(
    {
        "memory.max": parse_limit,
        "memory.high": parse_limit,
        "memory.zswap.max": parse_limit,
        "memory.swap.max": parse_limit,
        "memory.zswap.writeback": _parse_bit,
        "file": parse_size,
    }
)
"""The cgroup files that `memcg_set` may write, and the parser of each.

``file`` is no file of a cgroup: it is what the memcg is charged besides the pages of the trace.
"""

ROOT_KNOBS = frozenset({"memory.zswap.writeback"})
"""The knobs that the root memcg has too: of these cgroup files the one without CFTYPE_NOT_ON_ROOT."""

PARAMS: Mapping[str, Callable[[str], int | str]] = MappingProxyType(
    {
        "enabled": parse_switch,
        "shrinker_enabled": parse_switch,
        "exclusive_loads": parse_switch,
        "same_filled_pages_enabled": parse_switch,
        "non_same_filled_pages_enabled": parse_switch,
        "compressor": _parse_name,
        "zpool": _parse_name,
        "max_pool_percent": _parse_percent,
        "accept_threshold_percent": _parse_percent,
    }
)
"""The zswap module parameters that `param` may write, and the parser of each."""

_MOST_KEYS = 100
_SWAPPINESS = re.compile(r"[0-9]{1,9}")

SECOND_SCHEMA = frozenset({Event.WORKER, Event.SEEN_READS})
"""The events that schema 2 adds: a trace that has none of them is of schema 1."""

WORKER_BEGIN, WORKER_END = "begin", "end"
"""What a `worker` row says of a run; others hold the number of its turns."""


def _parse_worker(text: str) -> int | str:
    word = text.strip()
    if word in (WORKER_BEGIN, WORKER_END):
        return word
    if not (word.isascii() and word.isdigit()) or not 1 <= whole(word) < 1 << 31:
        raise SettingsError(
            f"{quoted(text)} is nothing that the worker does: expected begin, end or a number of turns from 1"
        )
    return int(word)


RECLAIM_KEY = "memory.reclaim"
"""The cgroup file that `memcg_reclaim` stands for; its row needs no key."""


@dataclass(frozen=True, slots=True)
class Reclaim:
    """What is written to memory.reclaim with keys: bytes, and a swappiness or a source."""

    size: int
    swappiness: int | None
    """0 to 200, or SWAPPINESS_MAX; None where zswap is the source."""

    def __str__(self) -> str:
        return f"{self.size} {self.key}"

    @property
    def key(self) -> str:
        """The key and its value, as they are written."""
        if self.swappiness is None:
            return SOURCE_ZSWAP
        return f"swappiness={'max' if self.swappiness == SWAPPINESS_MAX else self.swappiness}"


SOURCE_ZSWAP = "source=zswap"
"""Write back from zswap, and reclaim no page: a proposal, which mm/proactive_writeback.py models."""

SWAPPINESS_MAX = 201
"""The swappiness of ``max``: anonymous pages alone; mm/vmscan.py, SWAPPINESS_ANON_ONLY."""


def _parse_reclaim(text: str) -> int | Reclaim:
    """Parse what is written to memory.reclaim. Models memory_reclaim(), mm/memcontrol.c."""
    size, *keys = text.split()[:_MOST_KEYS] or [""]
    nr_bytes = parse_size(size)
    swappiness = None
    sources = keys.count(SOURCE_ZSWAP)
    for key in keys:
        name, _, value = key.partition("=")
        if key == SOURCE_ZSWAP:
            continue
        if name == "swappiness" and value == "max":
            swappiness = SWAPPINESS_MAX
        elif name == "swappiness" and _SWAPPINESS.fullmatch(value) and int(value) < SWAPPINESS_MAX:
            swappiness = int(value)
        else:
            known = SOURCE_ZSWAP if name == "source" else "swappiness=0 to 200 or max"
            unknown = (
                "" if name in ("swappiness", "source") else f" ({name[:40]} is not in any modelled release)"
            )
            raise SettingsError(
                f"{key[:40]!r} is no key of memory.reclaim: expected bytes, then {known}{unknown}"
            )
    if sources and swappiness is not None:
        raise SettingsError(f"{text[:40]!r}: expected bytes, then swappiness or {SOURCE_ZSWAP}, and not both")
    return nr_bytes if swappiness is None and not sources else Reclaim(nr_bytes, swappiness)


_KEYLESS: Mapping[Event, Callable[[str], int | str | Reclaim]] = MappingProxyType(
    {Event.MEMCG_RECLAIM: _parse_reclaim, Event.WORKER: _parse_worker, Event.SEEN_READS: parse_switch}
)
"""The events that write a value to no key, and the parser of each."""


def knobs(event: Event, key: str | None = None) -> tuple[str, ...]:
    """Return the names of the knobs that `event` may write; none for an event that writes no knob.

    Of the two kinds that `param` writes to, module parameters of zswap and files of a zram device, `key` says which.
    """
    if event is Event.MEMCG_SET:
        return tuple(MEMCG_KNOBS)
    if event is not Event.PARAM:
        return ()
    return tuple(zram_files.PARAMS if key is not None and key.startswith(zram_files.PREFIX) else PARAMS)


def parse_knob(event: Event, key: str | None, text: str) -> int | str | Reclaim:
    """Parse the text that an event writes to the knob `key`.

    Limits are bytes or UNLIMITED, `memcg_reclaim` is bytes, or a Reclaim where keys follow, `worker` is ``begin``,
    ``end`` or turns and `seen_reads` a switch (their own keys are ignored), switches are 0 or 1, compressors and
    allocators are their names.

    Raises SettingsError: the event has no such knob, or the text is no value of it.
    """
    if event in _KEYLESS:
        return _KEYLESS[event](text)
    parser = None
    if key is not None:
        parser = (
            MEMCG_KNOBS.get(key)
            if event is Event.MEMCG_SET
            else PARAMS.get(key) or zram_files.PARAMS.get(key)
        )
    if parser is None or not knobs(event):
        names = ", ".join(knobs(event, key))
        raise SettingsError(f"{event.name.lower()} has no knob {quoted(str(key))}: expected {names}")
    return parser(text)


def parse_flag(memcg: str, key: str, text: str) -> int | Share | RamShare:
    """Parse what a flag writes to the knob ``key`` of a memcg: sizes and limits as other tools spell them, any switch.

    A limit is bytes, UNLIMITED, or a share of what is not known yet; a switch is 0 or 1.

    Raises SettingsError: a memcg has no such knob, or the text is no value of it.
    """
    parser = MEMCG_KNOBS.get(key)
    if parser is None:
        raise SettingsError(f"memcg_set has no knob {key!r}: expected {', '.join(MEMCG_KNOBS)}")
    if parser is parse_limit:
        return parse_flag_limit(text, memcg)
    return parse_amount(text) if parser is parse_size else parse_switch(text)


def path_fault(path: str) -> str | None:
    """Say what is wrong with a memcg path, in a few words; None where it is well formed."""
    if not path.startswith("/"):
        return "not absolute"
    if path == ROOT:
        return None
    if path.endswith("/"):
        return "a slash at the end"
    if "\n" in path or "\0" in path:
        return "a newline or a null, which no cgroup's name has"
    for part in path[1:].split("/"):
        if not part:
            return "an empty part"
        if part in (".", ".."):
            return f"a part that is {part!r}"
    return None


def parent_path(path: str) -> str:
    """Return the path of a memcg's parent; the root is its own parent."""
    return path[: path.rindex("/")] or ROOT


def with_ancestors(path: str) -> list[str]:
    """Return the path and those of its ancestors, the uppermost first; the root is left out.

    >>> with_ancestors("/a/b"), with_ancestors("/")
    (['/a', '/a/b'], [])
    """
    paths = []
    while path != ROOT:
        paths.append(path)
        path = parent_path(path)
    return paths[::-1]
