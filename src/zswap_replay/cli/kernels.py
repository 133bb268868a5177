"""``zswap-replay kernels``: the releases that can be replayed, what changed between them, and which one a kernel is."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import example, release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zswap_replay.mm.releases import Release

_WIDEST = 100
"""Columns of what is printed, at most those of the terminal; longer lines are wrapped."""
_BETWEEN = "   "
_INTRODUCTION = (
    "Each rule by release, verified against recorded runs of that kernel. Where a * stands, none of them shows "
    "the rule: it rests on reading, or on runs that are not kept here."
)
_OVERRIDING = (
    "run and sweep override single rules of a --kernel: --rule second_chance=off. Which counters, parameters and keys "
    "of memory.reclaim there are can be taken from another release too: --rule absent=6.18, params=6.18, "
    "reclaim_keys=6.18. No kernel was recorded with rules that are overridden, and every result of them says so."
)


@click.command(
    epilog=example(
        "zswap-replay kernels",
        "zswap-replay kernels $(uname -r) 6.14",
        "zswap-replay kernels --between 6.12 7.1",
        "zswap-replay run trace.parquet --kernel 6.12",
    )
)
@click.argument(
    "names", metavar="[RELEASE|host]...", nargs=-1, type=release, shell_complete=completers.kernels
)
@click.option(
    "--between",
    nargs=2,
    type=release,
    metavar="RELEASE RELEASE",
    shell_complete=completers.kernels,
    help="List what changed from one release to another, with the function and the release that brought it.",
)
@click.option(
    "--rules",
    is_flag=True,
    help="List every rule, the function behind it, its value under each recorded release, and what --rule takes.",
)
def kernels(names: tuple[str, ...], between: tuple[str, str] | None, rules: bool) -> None:
    """List the kernel releases that can be replayed, or say which rules some kernels are replayed by.

    A kernel is a release (6.12, v6.14, 6.12.117), what uname -r prints there, or host, the one that runs here.
    """
    if (bool(names) + (between is not None) + rules) > 1:
        raise click.UsageError("kernels, --between and --rules: give one of them")
    if between is not None:
        _between(*between)
    elif rules:
        _rules()
    elif names:
        for name in names:
            _which(name)
    else:
        _list()


def _list() -> None:
    """Print all releases, oldest first: a screen."""
    from zswap_replay.mm.release_changes import BETWEEN, QUIET, changes_between, version_of
    from zswap_replay.mm.releases import DEFAULT_RELEASE, RELEASES

    names = sorted([name for name in (*RELEASES, *BETWEEN) if name != DEFAULT_RELEASE], key=version_of)
    names.insert(names.index("6.6") + 1, DEFAULT_RELEASE)
    before = ""
    alike: list[str] = []  # releases of which none changed a rule: they stand on one line
    for name in names:
        changed = changes_between(version_of(before), version_of(name)) if name in BETWEEN else ()
        if alike and (changed or name in RELEASES):
            _row(", ".join(alike), "", f"as {before}")
            before, alike = alike[-1], []
        if name in RELEASES:
            _row(name, RELEASES[name].recorded.split()[0], RELEASES[name].summary)
        elif changed:
            flags = dict.fromkeys(each.flag for each in changed if each.flag not in QUIET)
            _row(name, "", f"as {before}; changed: {', '.join(flags) or 'keys of memory.reclaim'}")
        else:
            alike.append(name)
            continue
        before = before if name == DEFAULT_RELEASE else name
    click.echo(
        f"Of those with a version runs were recorded; {DEFAULT_RELEASE} is the default, host the kernel here."
    )
    click.echo("Older and newer: the nearest. More: kernels RELEASE, --between 6.12 7.1, --rules.")


def _width() -> int:
    return min(shutil.get_terminal_size().columns, _WIDEST) if sys.stdout.isatty() else _WIDEST


def _filled(texts: Sequence[str], width: int) -> list[str]:
    """Put texts into lines of at most ``width`` columns, none of them broken."""
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + len(_BETWEEN) + len(text) <= width:
            lines[-1] += _BETWEEN + text
        else:
            lines.append(text)
    return lines


def _row(name: str, recorded: str, text: str) -> None:
    first = f"{name:<12}{recorded:<10}"
    click.echo(click.wrap_text(first + text, width=_width(), subsequent_indent=" " * len(first)))


def _which(name: str) -> None:
    """Print which rules a kernel is replayed by."""
    from zswap_replay.kernel.names import HOST, resolve
    from zswap_replay.replay.host import read_host

    if name == HOST:
        for text in read_host().notes(()):
            click.echo(text.removeprefix("kernel "))
        return
    resolved = resolve(name)
    click.echo(resolved.why or f"{name}: recorded: {_release(resolved.name).recorded}")


def _between(one: str, other: str) -> None:
    """Print what changed from one release to another, oldest first. Raises SettingsError: nothing can be said."""
    from zswap_replay.kernel.names import HOST, resolve
    from zswap_replay.mm.release_changes import changes_between, version_of
    from zswap_replay.mm.rules import split
    from zswap_replay.replay.host import read_host

    names = [read_host().kernel if name == HOST else resolve(name).name for name in (one, other)]
    if "patch-v4" in names or any(split(name)[1] for name in names):
        _difference(*names)
        return
    older, newer = sorted(names, key=version_of)
    changed = changes_between(version_of(older), version_of(newer))
    if not changed:
        click.echo(f"{older} to {newer}: no rule is known to have changed")
        return
    click.echo(
        f"{older} to {newer}: {len(changed)} changes. Where a * stands, the release is by its date alone."
    )
    for change in changed:
        mark = "" if change.read else "*"
        click.echo(
            click.wrap_text(
                f"{change.since + mark:<7}{change.what} [{change.flag}; {change.source}]",
                width=_width(),
                subsequent_indent=" " * 7,
            )
        )


def _difference(one: str, other: str) -> None:
    """Print the rules in which a patched release differs from another, which no release brought."""
    from zswap_replay.mm.releases import RULES
    from zswap_replay.mm.rules import split

    patched = "patch-v4" if "patch-v4" in (one, other) else one if split(one)[1] else other
    click.echo(
        f"{one} and {other} differ in these rules; {patched} is no release, so that none brought them:"
    )
    for rule in RULES:
        values = [_value(_release(name), rule.name) for name in (one, other)]
        if values[0] != values[1]:
            click.echo(
                click.wrap_text(
                    f"{values[0]} -> {values[1]}  {rule.rule} [{rule.name}; {rule.source}]",
                    width=_width(),
                    subsequent_indent="       ",
                )
            )


def _rules() -> None:
    """Print every rule with its value under each recorded release, and what it can be set to."""
    from zswap_replay.mm.releases import PROPOSALS, RELEASES, RULES
    from zswap_replay.mm.rules import FILES, values_of

    click.echo(click.wrap_text(_INTRODUCTION, width=_width()))
    for rule in RULES:
        click.echo()
        click.echo(click.wrap_text(f"{rule.name}: {rule.rule}", width=_width(), subsequent_indent="  "))
        click.echo(
            click.wrap_text(f"in {rule.source}", width=_width(), initial_indent="  ", subsequent_indent="  ")
        )
        values = [
            f"{name} {_value(recorded, rule.name)}{'*' if name in rule.read else ''}"
            for name, recorded in RELEASES.items()
        ]
        for line in _filled(values, _width() - 2):
            click.echo(f"  {line}")
        known = "RELEASE, that of a release" if rule.name in FILES else "|".join(values_of(rule.name))
        click.echo(f"  --rule {rule.name}={known}")
    for proposal in PROPOSALS:
        click.echo()
        told = f"{proposal.name} (proposed, in no release): {proposal.rule}"
        click.echo(click.wrap_text(told, width=_width(), subsequent_indent="  "))
        click.echo(f"  in {proposal.source}; {proposal.thread}")
        click.echo(f"  --rule {proposal.name}=on|off")
    click.echo()
    click.echo(click.wrap_text(_OVERRIDING, width=_width()))


def _release(name: str) -> Release:
    from zswap_replay.mm.release_changes import release_of

    return release_of(name)


def _value(found: Release, rule: str) -> str:
    value = getattr(found, rule)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(value) if isinstance(value, tuple) else str(value)
