"""Command-line options that commands share: those made from ``Settings``, and those of outputs and progress."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import Field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from zswap_replay.cli import completers
from zswap_replay.errors import SettingsError
from zswap_replay.kernel.names import HOST, UnknownReleaseError, resolve
from zswap_replay.mm.rules import AND, RuleError, parse_rule
from zswap_replay.settings import KnobWrite, Settings, parse_totalram
from zswap_replay.units import Share, parse_amount, parse_duration

if TYPE_CHECKING:
    from zswap_replay.result.cost_profile import CostProfile

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

Option = Callable[[Callable[..., Any]], Callable[..., Any]]
"""What gives a command an option."""

_COMPLETED: dict[str, Callable[..., Any]] = {
    "kernel": completers.kernels,
    "compressor": completers.compressors,
    "recipe": completers.recipes,
    "payload_file": completers.files,
    "lengths": completers.files,
}
_METAVARS = {
    "kernel": "RELEASE|host",
    "totalram": "SIZE",
    "recomp_algorithm": "NAME[,...]",
    "recipe": "NAME|FILE",
    "payload_file": "FILE",
    "lengths": "FILE",
}
_SEVERAL = {
    "tier": " Repeatable: one replay for each.",
    "compressor": " Repeatable, or several between commas: one replay for each.",
}
"""What the help says of settings that a run takes several of."""

_WIDEST_SHOWN_RANGE = 1 << 16


def size(text: str) -> int | Share:
    """Return the bytes of ``4G``, or the share that ``1.5ws`` is. Raises click.BadParameter."""
    try:
        return parse_totalram(text)
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


def amount(text: str) -> int:
    """Return the bytes of ``64M``. Raises click.BadParameter."""
    try:
        return parse_amount(text)
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


def duration(text: str) -> int:
    """Return the nanoseconds of ``100ms``. Raises click.BadParameter."""
    try:
        return parse_duration(text)
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


def every(text: str) -> tuple[int | None, float | None]:
    """Return the events of ``1000000``, or the seconds of ``90s``. Raises click.BadParameter."""
    if text.isascii() and text.isdigit() and len(text) < 19 and int(text):
        return int(text), None
    try:
        return None, parse_duration(text) / 1e9
    except SettingsError as error:
        raise click.BadParameter(f"{error}; or a number of events, 1000000") from None


def split(text: str) -> list[str]:
    """Return the values between commas. Raises click.BadParameter: an empty one."""
    values = [value.strip() for value in text.split(",")]
    if "" in values:
        raise click.BadParameter(f"{text!r}: found an empty value; expected values between commas")
    return values


def knob_write(text: str) -> KnobWrite:
    """Return the write that ``PATH:KEY=VALUE`` stands for. Raises click.BadParameter."""
    try:
        return KnobWrite.parse(text)
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


def release(text: str) -> str:
    """Return the name of a kernel as it was given. Raises click.BadParameter: it is none."""
    try:
        if text != HOST:
            resolve(text)
    except UnknownReleaseError as error:
        raise click.BadParameter(str(error)) from None
    return text


def rule_value(text: str) -> str:
    """Return the rule ``NAME=VALUE`` in its one spelling. Raises click.BadParameter."""
    try:
        return "=".join(parse_rule(text))
    except RuleError as error:
        raise click.BadParameter(str(error)) from None


def settings_options(*, several: bool) -> Option:
    """Give a command an option for each setting; with ``several``, more than one compressor or tier, for each_run()."""

    def give(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option(
            "--set",
            "knobs",
            type=knob_write,
            multiple=True,
            metavar="PATH:KEY=VALUE",
            shell_complete=completers.knobs,
            help="Write to a memcg's knob before the first event: /web:memory.zswap.max=64M. Repeatable.",
        )(function)
        function = click.option(
            "--rule",
            "rules",
            type=rule_value,
            multiple=True,
            metavar="NAME=VALUE",
            shell_complete=completers.rules,
            help="Override a rule of the kernel, one of kernels --rules: second_chance=off. Repeatable.",
        )(function)
        for field in reversed(settings_fields()):
            function = _option(field, several=several)(function)
        return function

    return give


def jobs_option(more: str = "") -> Option:
    """Make the option --jobs, with ``more`` behind its help."""
    what = "Compress each content once, in so many processes with this one; from 2 on, ahead of the replay."
    return click.option("-j", "--jobs", type=click.IntRange(1), help=what + more)


strict_option = click.option(
    "--strict", is_flag=True, help="Refuse events that name a memcg before it was created."
)

missing_option = click.option(
    "--allow-missing",
    is_flag=True,
    help="Warn where --set is for a memcg that never comes, which is an error without this.",
)

cost_option = click.option(
    "--cost",
    metavar="NAME|FILE",
    shell_complete=completers.cost_profiles,
    help="Cost profile by which time and wear are reckoned: nvme, sata-ssd, hdd, network or a TOML file.  "
    "[default: nvme]",
)


def profile_for(cost: str | None, compressors: Iterable[str] = ()) -> CostProfile | None:
    """Load the cost profile that ``--cost`` names; None where it is not given.

    Raises CostError: it is none, or lacks one of some compressors.
    """
    if cost is None:
        return None
    from zswap_replay.result.cost_profile import load_profile

    profile = load_profile(cost)
    profile.need(compressors)
    return profile


INSTEAD_OF_STDOUT = "Write the output there instead of to standard output."


def output_option(told: str, *, metavar: str = "FILE", required: bool = False) -> Option:
    """Declare ``-o/--output``, the parameter ``output``."""
    return click.option(
        "-o", "--output", required=required, metavar=metavar, shell_complete=completers.files, help=told
    )


def force_option(told: str) -> Option:
    """Declare ``-f/--force``, the parameter ``force``."""
    return click.option("-f", "--force", is_flag=True, help=told)


def format_option(formats: Sequence[str], told: str = "Output.") -> Option:
    """Declare ``--format``, the parameter ``form``; the first of ``formats`` is the default."""
    return click.option(
        "--format", "form", type=click.Choice(formats), default=formats[0], show_default=True, help=told
    )


def timing_option(told: str, *, default: bool = True) -> Option:
    """Declare ``--timing/--no-timing``, the parameter ``timing``."""
    return click.option("--timing/--no-timing", default=default, help=told, show_default=True)


def progress_option(told: str = "Show a bar [default: on a terminal].") -> Option:
    """Declare ``--progress/--no-progress``, the parameter ``progress``: None where neither is given."""
    return click.option("--progress/--no-progress", default=None, help=told)


def quiet_option(told: str = "No notes and no bar; warnings are still printed.") -> Option:
    """Declare ``-q/--quiet``, the parameter ``quiet``."""
    return click.option("-q", "--quiet", is_flag=True, help=told)


def shows_progress(progress: bool | None, quiet: bool = False) -> bool:
    """Tell whether progress is shown: as the options say, and without them on a terminal."""
    return (sys.stderr.isatty() if progress is None else progress) and not quiet


def settings_from(context: click.Context) -> Settings:
    """Return the settings that were given.

    Raises SettingsError: a value that does not fit its setting, or several compressors or tiers.
    """
    runs = each_run(context)
    if len(runs) > 1:
        raise SettingsError("found several compressors or tiers: expected one of each")
    return runs[0]


def each_run(context: click.Context) -> tuple[Settings, ...]:
    """Return the settings that were given, once for each tier and compressor.

    What is set of a zram device holds for the tiers that have one. Raises SettingsError: a value that does not fit its
    setting, or a tier or compressor that is named twice.
    """
    values = {field.name: context.params[field.name] for field in settings_fields()}
    taken: dict[str, Any] = {}
    if values["kernel"] == HOST:
        given = [field.name for field in settings_fields() if _given(context, field.name)]
        taken = of_host(given, (), quiet=bool(context.params.get("quiet")))
        values |= taken if "compressor" not in taken else {**taken, "compressor": [[taken["compressor"]]]}
    compressors = [name for names in values.pop("compressor") for name in names]
    tiers: tuple[str, ...] = values.pop("tier")
    for flag, names in (("compressor", compressors), ("tier", tiers)):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise SettingsError(f"--{flag} {twice} is given twice")
    # what is given of a zram device is checked against the first tier that has one
    with_zram = next((tier for tier in tiers if "zram" in tier), tiers[0])
    rules: tuple[str, ...] = context.params.get("rules", ())
    if rules:
        values["kernel"] = AND.join((values["kernel"], *rules))
        if "kernel_asked" in taken:
            values["kernel_asked"] = AND.join((taken["kernel_asked"], *rules))
    share = values["totalram"] if isinstance(values["totalram"], Share) else None
    settings = Settings(
        **{**values, "totalram": None} if share else values,
        totalram_share=share,
        tier=with_zram,
        compressor=compressors[0],
        knobs=_knobs(context),
        fixed=frozenset(
            field.name
            for field in settings_fields()
            if field.metadata["knob"] and (field.name in taken or _given(context, field.name))
        ),
    )
    return tuple(
        replace(settings.for_tier(tier), compressor=name)
        for tier in tiers
        for name in (compressors if tier != "disk" else compressors[:1])
    )


def _knobs(context: click.Context) -> tuple[KnobWrite, ...]:
    """Return what --set writes: to a knob that is named several times the last of them, with a note.

    That is no error, so that a limit that is advised can be written behind the command as it was.
    """
    from zswap_replay.cli.messages import note

    given = [((write.memcg, write.key), write) for write in context.params["knobs"]]
    last = dict(given)
    for knob, times in Counter(knob for knob, _ in given).items():
        if times > 1 and not context.params.get("quiet"):
            note(f"--set {last[knob]} holds, the last of {times} for {knob[1]} of {knob[0]}")
    return tuple(last.values())


def of_host(given: Collection[str], kernels: Collection[str], *, quiet: bool) -> dict[str, Any]:
    """Return the settings that ``--kernel host`` stands for, with a note of each; those given as flags are not among.

    ``kernels`` are others beside it, which must have the module parameters too. Raises SettingsError.
    """
    from zswap_replay.cli.messages import note
    from zswap_replay.replay.host import read_host

    host = read_host()
    if not quiet:
        for text in host.notes(given):
            note(text)
    return {"kernel": host.kernel, "kernel_asked": host.uname, **host.chosen(given, kernels)}


def _given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def settings_fields() -> list[Field[Any]]:
    """Return the settings that are options of their own."""
    return [field for field in fields(Settings) if "help" in field.metadata]


def _option(field: Field[Any], *, several: bool) -> Option:
    told = described(field)
    flag = flag_of(field)
    if isinstance(field.default, bool):
        return click.option(f"{flag}/--no-{flag[2:]}", field.name, **told)
    if field.name in _SEVERAL:
        told |= {"multiple": True, "default": (field.default,)}
        told["help"] += _SEVERAL[field.name] if several else ""
    if field.name == "compressor":
        told |= {"type": split, "metavar": "NAME,..." if several else "NAME"}
        told["shell_complete"] = completers.several(told["shell_complete"])
        return click.option("-c", flag, field.name, **told)
    return click.option(flag, field.name, **told)


def flag_of(field: Field[Any]) -> str:
    """Return a setting's option: ``--max-pool-percent``."""
    return f"--{field.name.replace('_', '-')}"


def described(field: Field[Any]) -> dict[str, Any]:
    """Return what click is told of an option, whatever the number of values that it takes."""
    told: dict[str, Any] = {"help": field.metadata["help"], "default": field.default}
    told["show_default"] = field.default is not None
    if field.name in _METAVARS:
        told["metavar"] = _METAVARS[field.name]
    if field.name in _COMPLETED:
        told["shell_complete"] = _COMPLETED[field.name]
    between = field.metadata["between"]
    if between and between[1] < _WIDEST_SHOWN_RANGE:
        told["metavar"] = f"{between[0]}..{between[1]}"
    if field.metadata["duration"]:
        return told | {"type": duration, "metavar": "TIME"}
    if field.metadata["choices"]:
        told["type"] = click.Choice(field.metadata["choices"])
    elif field.metadata["size"]:
        told |= {"type": amount, "metavar": "SIZE"}
    elif field.name == "totalram":
        told["type"] = size
    elif field.name == "kernel":
        told["type"] = release
    elif field.type in ("int", "int | None"):
        told["type"] = click.INT
    return told


def example(*lines: str) -> str:
    """Return the epilog of a command; its lines are not wrapped."""
    return "\n".join(("\b", "Example:", *(f"  {line}" for line in lines)))
