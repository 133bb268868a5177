"""Options of a sweep, made from ``Settings``: each may hold several values, between commas or in several options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field
from typing import TYPE_CHECKING, Any

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import (
    Decorated,
    described,
    flag_of,
    knob_write,
    of_host,
    rule_value,
    settings_fields,
    size,
    split,
)
from zswap_replay.kernel.names import HOST, resolve

if TYPE_CHECKING:
    from zswap_replay.sweep.grid import Option

_KNOBS = "knobs"
_RULES = "rules"
_OFF = "no_"

Given = list[tuple[str, Any]]
"""Values as they were written, and what they stand for."""


def knob_values(text: str) -> tuple[str, Given]:
    """Return the knob of ``PATH:KEY=VALUE,VALUE`` and its values. Raises click.BadParameter."""
    target, equals, values = text.rpartition("=")
    return target, [(one, knob_write(f"{target}{equals}{one}").value) for one in split(values)]


def rule_values(text: str) -> tuple[str, Given]:
    """Return the rule of ``NAME=VALUE,VALUE``, as an axis is named, and its values. Raises click.BadParameter."""
    from zswap_replay.sweep.grid import RULE

    name, equals, values = text.partition("=")
    given = [(one, rule_value(f"{name}{equals}{one}")) for one in split(values)]
    return f"{RULE}{name.strip()}", [(text, value.partition("=")[2]) for text, value in given]


def axis_options(function: Decorated) -> Decorated:
    """Give a command an option for each setting, and ``--set``; every one takes several values."""
    function = click.option(
        "--set",
        _KNOBS,
        type=knob_values,
        multiple=True,
        metavar="PATH:KEY=VALUE,...",
        shell_complete=completers.knobs,
        help="Write to a memcg's knob before the first event; values may be shares of what the memcg touches "
        "(0.5ws) or of RAM (20%). Repeatable.",
    )(function)
    function = click.option(
        "--rule",
        _RULES,
        type=rule_values,
        multiple=True,
        metavar="NAME=VALUE,...",
        shell_complete=completers.several(completers.rules),
        help="Override a rule of the kernel, one of kernels --rules: second_chance=on,off. Repeatable.",
    )(function)
    for field in reversed(settings_fields()):
        function = _axis(field)(function)
    return function


def workers_options(function: Decorated) -> Decorated:
    """Add the options that say who replays the points."""
    jobs = click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1),
        help="Processes; 1 is this one alone [default: as many as cores].",
    )
    scheduler = click.option(
        "--scheduler", metavar="ADDRESS", help="Replay on the workers of a Dask scheduler: tcp://host:8786."
    )
    return jobs(scheduler(function))


def setting_values(field: Field[Any]) -> Callable[[str], Given]:
    """Return what reads the values of a setting between commas; what it is given may raise click.BadParameter."""
    return _values(field, described(field).get("type"))


def options_from(context: click.Context) -> list[Option]:
    """Return what was given, one for each setting and each knob, in the order of the command line."""
    from zswap_replay.sweep.grid import Option

    given: dict[str, Given] = {}
    names = {field.name for field in settings_fields()}
    for name, found in context.params.items():  # click fills it in the order in which options were met
        if name in (_KNOBS, _RULES):
            for knob, values in found:
                given.setdefault(knob, []).extend(values)
        elif name in names:
            for values in found:
                given.setdefault(name, []).extend(values)
        elif name.startswith(_OFF) and found:
            given.setdefault(name.removeprefix(_OFF), []).append(("n", False))
    _put_host(given, quiet=bool(context.params.get("quiet")))
    return [
        Option(name, tuple(text for text, _ in values), tuple(value for _, value in values))
        for name, values in given.items()
    ]


def _put_host(given: dict[str, Given], *, quiet: bool) -> None:
    """Put this machine's kernel in the place of ``--kernel host``, and its settings beside what was given."""
    kernels = [text for text, _ in given.get("kernel", ())]
    if HOST not in kernels:
        return
    others = [resolve(text).name for text in kernels if text != HOST]
    taken = of_host(given, others, quiet=quiet)
    kernel, asked = taken.pop("kernel"), taken.pop("kernel_asked")
    named = asked if resolve(asked).name == kernel else kernel
    given["kernel"] = [(named, named) if text == HOST else (text, text) for text in kernels]
    given |= {name: [(str(value), value)] for name, value in taken.items()}


def _axis(field: Field[Any]) -> Callable[[Any], Any]:
    told = described(field)
    is_switch = isinstance(field.default, bool)
    choices = field.metadata["choices"]
    one = "y|n" if is_switch else "|".join(choices) or told.pop("metavar", "VALUE")
    if told.pop("show_default"):
        told["help"] += f"  [default: {_default(field)}]"
    one_value = completers.choices(choices or (("y", "n") if is_switch else ()))
    told |= {
        "shell_complete": completers.several(told.get("shell_complete", one_value)),
        "type": _values(field, told.pop("type", None)),
        "multiple": True,
        "default": (),
        "metavar": f"{one},...",
    }
    flag = flag_of(field)
    if is_switch:
        on = click.option(flag, field.name, is_flag=False, flag_value="y", **told)
        off = click.option(f"--no-{flag[2:]}", f"{_OFF}{field.name}", is_flag=True, hidden=True)
        return lambda function: on(off(function))
    return click.option(*(("-c",) if field.name == "compressor" else ()), flag, field.name, **told)


def _default(field: Field[Any]) -> str:
    return ("y" if field.default else "n") if isinstance(field.default, bool) else str(field.default)


def _values(field: Field[Any], type_: Any) -> Callable[[str], Given]:
    """Return what reads one option, each of its values as the option of ``run`` reads its only one."""
    kind = click.BOOL if isinstance(field.default, bool) else click.types.convert_type(type_ or str)

    def one(text: str) -> Any:
        if field.name == "totalram":
            return size(text)
        return kind.convert(text, None, None)

    return lambda text: [(each, one(each)) for each in split(text)]
