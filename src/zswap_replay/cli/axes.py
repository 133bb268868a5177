"""Options of a sweep, made from ``Settings``: each may hold several values, between commas or in several options."""

from __future__ import annotations

from dataclasses import Field
from typing import TYPE_CHECKING, Any

import click

from zswap_replay.cli.options import Decorated, described, flag_of, knob_write, settings_fields, size

if TYPE_CHECKING:
    from zswap_replay.sweep.grid import Option, Value

_KNOBS = "knobs"
_OFF = "no_"


class Values(click.ParamType):
    """Values between commas, each as ``run`` takes it: pairs of the text and what it stands for."""

    name = "values"

    def __init__(self, field: Field[Any], inner: click.ParamType) -> None:
        self._field = field
        self._inner = inner

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[tuple[str, Any]]:
        """The values of one option. Raises click.BadParameter: one that the setting does not take."""
        return [(text, self._one(text, param, ctx)) for text in split(value)]

    def _one(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if self._field.name == "totalram":
            return _share(text, "/") or size(text)
        return self._inner.convert(text, param, ctx)


class Knob(click.ParamType):
    """``PATH:KEY=VALUE,VALUE``: the knob, and pairs of a value's text and what it stands for."""

    name = "knob"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, list[tuple[str, Any]]]:
        """The values of one knob. Raises click.BadParameter: no knob, or a value that it does not take."""
        target, _, texts = value.rpartition("=")
        if not target:
            knob_write(value)  # which says what is wrong
        memcg = target.rpartition(":")[0]
        return target, [(text, self._one(target, text, memcg)) for text in split(texts)]

    @staticmethod
    def _one(target: str, text: str, memcg: str) -> Any:
        share = _share(text, memcg)
        if share is None:
            return knob_write(f"{target}={text}").value
        knob_write(f"{target}=4096")  # that a number of bytes fits there
        return share


def axis_options(function: Decorated) -> Decorated:
    """Gives a command an option for each setting, and ``--set``; every one takes several values."""
    function = click.option(
        "--set",
        _KNOBS,
        type=Knob(),
        multiple=True,
        metavar="PATH:KEY=VALUE,...",
        help="Write to a memcg's knob before the first event; values may be shares of what the memcg touches "
        "(0.5ws). Repeatable.",
    )(function)
    for field in reversed(settings_fields()):
        function = _axis(field)(function)
    return function


def options_from(context: click.Context) -> list[Option]:
    """What was given, one for each setting and each knob, in the order of the command line."""
    from zswap_replay.sweep.grid import Option

    given: dict[str, list[tuple[str, Value]]] = {}
    names = {field.name for field in settings_fields()}
    for name, found in context.params.items():  # click fills it in the order in which options were met
        if name == _KNOBS:
            for knob, values in found:
                given.setdefault(knob, []).extend(values)
        elif name in names:
            for values in found:
                given.setdefault(name, []).extend(values)
        elif name.startswith(_OFF) and found:
            given.setdefault(name.removeprefix(_OFF), []).append(("n", False))
    return [
        Option(name, tuple(text for text, _ in values), tuple(value for _, value in values))
        for name, values in given.items()
    ]


def split(text: str) -> list[str]:
    """The values between commas. Raises click.BadParameter: an empty one."""
    values = [value.strip() for value in text.split(",")]
    if "" in values:
        raise click.BadParameter(f"{text!r}: found an empty value; expected values between commas")
    return values


def _share(text: str, memcg: str) -> Any:
    from zswap_replay.sweep.workingset import parse_share

    return parse_share(text, memcg)


def _axis(field: Field[Any]) -> Any:
    told = described(field)
    is_switch = isinstance(field.default, bool)
    inner = click.BOOL if is_switch else click.types.convert_type(told.pop("type", str))
    choices = field.metadata["choices"]
    shown = "y|n" if is_switch else "|".join(choices) if choices else told.pop("metavar", "VALUE").upper()
    told["help"] += f" [default: {field.default}]" if told.pop("show_default") else ""
    told |= {"type": Values(field, inner), "multiple": True, "default": (), "metavar": f"{shown},..."}
    flag = flag_of(field)
    if is_switch:
        off = click.option(f"--no-{flag[2:]}", f"{_OFF}{field.name}", is_flag=True, hidden=True)
        on = click.option(flag, field.name, is_flag=False, flag_value="y", **told)
        return lambda function: on(off(function))
    names = ("-c", flag) if field.name == "compressor" else (flag,)
    return click.option(*names, field.name, **told)
