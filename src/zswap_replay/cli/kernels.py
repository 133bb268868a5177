"""``zswap-replay kernels``: the releases that can be replayed, and where they differ."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from zswap_replay.cli.options import example

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zswap_replay.mm.releases import Release

_WIDEST = 105
_BETWEEN = "   "
_INTRODUCTION = (
    "Each rule by release, verified against recorded runs of that kernel. Where a * stands, none of them shows "
    "the rule: it rests on reading, or on runs that are not kept here."
)


@click.command(epilog=example("zswap-replay kernels", "zswap-replay run trace.parquet --kernel 6.12"))
def kernels() -> None:
    """List the kernel releases that can be replayed, and the rules in which they differ."""
    from zswap_replay.mm.releases import DEFAULT_RELEASE, RELEASES, RULES

    width = min(shutil.get_terminal_size().columns, _WIDEST) if sys.stdout.isatty() else _WIDEST

    def say(text: str, first: str = "", others: str = "  ") -> None:
        click.echo(click.wrap_text(text, width=width, initial_indent=first, subsequent_indent=others))

    for name, release in RELEASES.items():
        default = " (default)" if name == DEFAULT_RELEASE else ""
        say(f"{release.summary}{default}", f"{name:<10}", " " * 10)
        say(f"recorded: {release.recorded}", " " * 10, " " * 10)
    click.echo()
    say(_INTRODUCTION, others="")
    for rule in RULES:
        click.echo()
        say(f"{rule.name}: {rule.rule}")
        say(f"in {rule.source}", "  ")
        values = [
            f"{name} {_value(release, rule.name)}{'*' if name in rule.read else ''}"
            for name, release in RELEASES.items()
        ]
        for line in _filled(values, width - 2):
            click.echo(f"  {line}")


def _filled(texts: Sequence[str], width: int) -> list[str]:
    """Put texts into lines of at most ``width`` columns, none of them broken."""
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + len(_BETWEEN) + len(text) <= width:
            lines[-1] += _BETWEEN + text
        else:
            lines.append(text)
    return lines


def _value(release: Release, rule: str) -> str:
    value = getattr(release, rule)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(value) if isinstance(value, tuple) else str(value)
