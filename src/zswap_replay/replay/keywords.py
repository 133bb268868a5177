"""Settings by keyword, as the Python API takes them: sizes and memcg knobs spelled as on the command line."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, TypedDict

from zswap_replay.errors import SettingsError
from zswap_replay.kernel.names import HOST
from zswap_replay.replay.host import read_host
from zswap_replay.settings import KnobWrite, Settings, parse_totalram
from zswap_replay.trace.events import PARAMS, parse_switch
from zswap_replay.units import UNLIMITED, Share, parse_amount, parse_duration

_SIZES = ("totalram", "disksize", "mem_limit", "backing_dev")
"""The settings that are bytes, and may be spelled as sizes."""


class SettingsOptions(TypedDict, total=False):
    """The settings as keyword arguments: the fields of Settings, and ``set`` in the place of ``knobs``.

    ``totalram`` is bytes, a size such as ``"64M"``, or a share of the working set, ``"1.5ws"``; files may be paths.
    ``set`` holds by memcg what is written to its knobs before the first event:
    ``{"/web": {"memory.zswap.max": "64M", "memory.zswap.writeback": False}}``. A limit is bytes, a size, ``"max"``, or
    a share: ``"20%"`` of RAM, ``"0.5ws"`` of the working set.
    """

    tier: str
    kernel: str
    compressor: str
    zpool: str
    enabled: bool
    max_pool_percent: int
    accept_threshold_percent: int
    shrinker_enabled: bool
    exclusive_loads: bool
    same_filled_pages_enabled: bool
    non_same_filled_pages_enabled: bool
    totalram: int | str | None
    nodes: int | None
    swap_device: str
    disksize: int | str | None
    mem_limit: int | str | None
    comp_algorithm: str | None
    recomp_algorithm: str | None
    backing_dev: int | str | None
    writeback_limit: int | None
    idle: int | None
    recompress: str | None
    writeback: str | None
    upkeep: int | str | None
    charge_zram: bool
    writeback_ns: int
    reclaim: str
    shrink_delay: int
    stat_flush: int
    page_cluster: int
    recipe: str | os.PathLike[str]
    payload_file: str | os.PathLike[str] | None
    lengths: str | os.PathLike[str] | None
    seed: int
    verify: str
    warmup: int
    max_events: int | None
    set: Mapping[str, Mapping[str, int | str]]


def settings_of(settings: Settings | None, options: Mapping[str, object]) -> Settings:
    """Make the settings that a call was given: as they are, by keyword, or the defaults.

    Module parameters given by keyword are fixed, as flags are: the trace's own writes to them are ignored. With
    ``kernel="host"`` so are those of the running kernel, which stand for keywords that were not given.

    Raises TypeError: an unknown keyword, or settings of another kind. SettingsError: settings given both ways, or a
    value that does not fit.
    """
    unknown = next((name for name in options if name not in SettingsOptions.__annotations__), None)
    if unknown is not None:
        import difflib

        near = difflib.get_close_matches(unknown, SettingsOptions.__annotations__, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise TypeError(f"replay() got an unexpected keyword argument {unknown!r}{meant}")
    if not isinstance(settings, Settings | None):
        raise TypeError(f"replay() takes Settings, or settings by keyword; found {settings!r}")
    if not options:
        return Settings() if settings is None else settings
    if settings is not None:
        raise SettingsError(
            f"settings are given twice, as Settings and by keyword ({', '.join(options)}): "
            "expected one of the two; dataclasses.replace() changes a copy of Settings"
        )
    types = {field.name: str(field.type) for field in fields(Settings)}
    values = {name: _value(name, types[name], value) for name, value in options.items() if name != "set"}
    if values.get("kernel") == HOST:
        host = read_host()
        values |= {"kernel": host.kernel, "kernel_asked": host.uname, **host.chosen(values)}
    share = values.get("totalram") if isinstance(values.get("totalram"), Share) else None
    return Settings(
        **{**values, "totalram": None} if share else values,
        totalram_share=share,
        knobs=tuple(_knob_writes(options.get("set", {}))),
        fixed=frozenset(name for name in values if name in PARAMS),
    )


def _knob_writes(by_memcg: object) -> Iterator[KnobWrite]:
    if not isinstance(by_memcg, Mapping):
        raise _unfit("set", by_memcg, '{"/web": {"memory.zswap.max": "64M"}} or the like')
    for memcg, writes in by_memcg.items():
        if not isinstance(writes, Mapping):
            raise _unfit(f"set {memcg!r}", writes, '{"memory.zswap.max": "64M"} or the like')
        for key, value in writes.items():
            if not isinstance(value, str):
                number = _whole(f"set {memcg}:{key}", value)
                value = "max" if number == UNLIMITED else str(number)
            yield KnobWrite.of(memcg, key, value)


def _value(name: str, kind: str, value: object) -> Any:
    """Convert a keyword's value to the type that Settings holds; ``kind`` is that type's name. Raises SettingsError."""
    if value is None and kind.endswith("None"):
        return None
    if kind.startswith("int"):
        if isinstance(value, str) and name == "upkeep":
            return parse_duration(value)
        if isinstance(value, str) and name in _SIZES:
            return parse_totalram(value) if name == "totalram" else parse_amount(value)
        return _whole(name, value)
    if kind == "bool":
        if isinstance(value, str):
            return bool(parse_switch(value))
        if value not in (0, 1):
            raise _unfit(name, value, "True or False")
        return bool(value)
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise _unfit(name, value, "a text")
    return text


def _whole(name: str, value: object) -> int:
    """Read an integer of any kind, numpy's too. Raises SettingsError."""
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise _unfit(name, value, "a whole number") from None


def _unfit(name: str, value: object, expected: str) -> SettingsError:
    return SettingsError(f"{name} {value!r}: expected {expected}")
