"""Command-line options made from ``Settings``, and the settings made from what was given."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import Field, fields, replace
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from zswap_replay.errors import SettingsError
from zswap_replay.settings import KnobWrite, Settings, parse_totalram

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_DURATION = re.compile(r"([0-9]+)(ns|us|ms|s|m|h)")
_WIDEST_SHOWN_RANGE = 1 << 16


def size(text: str) -> int:
    """The bytes of ``4G``. Raises click.BadParameter."""
    try:
        return parse_totalram(text)
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


def duration(text: str) -> int:
    """The nanoseconds of ``100ms``. Raises click.BadParameter."""
    match = _DURATION.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise click.BadParameter(f"{text!r} is not a duration: expected 100us, 10ms, 1s, 5m or the like")
    return int(match[1]) * _NANOSECONDS[match[2]]


def knob_write(text: str) -> KnobWrite:
    """The write that ``PATH:KEY=VALUE`` stands for. Raises click.BadParameter."""
    try:
        return KnobWrite.parse(text)
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


def settings_options(function: Decorated) -> Decorated:
    """Gives a command an option for each setting, ``-c/--compressor`` and ``--set`` repeatable."""
    function = click.option(
        "--set",
        "knobs",
        type=knob_write,
        multiple=True,
        metavar="PATH:KEY=VALUE",
        help="Write to a memcg's knob before the first event: /web:memory.zswap.max=64M. Repeatable.",
    )(function)
    for field in reversed(_fields()):
        function = _option(field)(function)
    return function


def settings_from(context: click.Context) -> Settings:
    """The settings that were given, with the first compressor where several were.

    Raises SettingsError: a value that does not fit its setting.
    """
    return each_compressor(context)[0]


def each_compressor(context: click.Context) -> tuple[Settings, ...]:
    """The settings that were given, once for each compressor.

    Raises SettingsError: a value that does not fit its setting, or a compressor that is named twice.
    """
    values = {field.name: context.params[field.name] for field in _fields()}
    compressors: tuple[str, ...] = values.pop("compressor")
    twice = next((name for name in compressors if compressors.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"--compressor {twice} is given twice")
    settings = Settings(
        **values,
        compressor=compressors[0],
        knobs=tuple(context.params["knobs"]),
        fixed=frozenset(
            field.name for field in _fields() if field.metadata["knob"] and _given(context, field.name)
        ),
    )
    return tuple(replace(settings, compressor=name) for name in compressors)


def _given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def _fields() -> list[Field[Any]]:
    """The settings that are options of their own."""
    return [field for field in fields(Settings) if "help" in field.metadata]


def _option(field: Field[Any]) -> Callable[[Decorated], Decorated]:
    flag = f"--{field.name.replace('_', '-')}"
    described: dict[str, Any] = {"help": field.metadata["help"], "default": field.default}
    described["show_default"] = field.default is not None
    between = field.metadata["between"]
    if between and between[1] < _WIDEST_SHOWN_RANGE:
        described["metavar"] = f"{between[0]}..{between[1]}"
    if isinstance(field.default, bool):
        return click.option(f"{flag}/--no-{flag[2:]}", field.name, **described)
    if field.metadata["choices"]:
        described["type"] = click.Choice(field.metadata["choices"])
    elif field.name == "totalram":
        described |= {"type": size, "metavar": "SIZE"}
    elif field.type in ("int", "int | None"):
        described["type"] = click.INT
    if field.name == "compressor":
        described |= {"multiple": True, "default": (field.default,)}
        described["help"] += " Repeatable: one replay for each."
        return click.option("-c", flag, field.name, **described)
    return click.option(flag, field.name, **described)
