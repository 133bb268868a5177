"""``zswap-replay kernels``: the releases that can be replayed, and where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zswap_replay.cli.options import example

if TYPE_CHECKING:
    from zswap_replay.mm.releases import Release


@click.command(epilog=example("zswap-replay kernels", "zswap-replay run trace.parquet --kernel 6.12"))
def kernels() -> None:
    """List the kernel releases that can be replayed, and the rules in which they differ."""
    from zswap_replay.mm.releases import DEFAULT_RELEASE, RELEASES, RULES

    for name, release in RELEASES.items():
        click.echo(f"{name:<10}{release.summary}{' (default)' if name == DEFAULT_RELEASE else ''}")
        click.echo(f"{'':<10}recorded: {release.recorded}")
    click.echo()
    click.echo(
        "Each rule by release, verified against recorded runs of that kernel. Where a * stands, none of"
    )
    click.echo("them shows the rule: it rests on reading, or on runs that are not kept here.")
    for rule in RULES:
        click.echo()
        click.echo(click.wrap_text(f"{rule.name}: {rule.rule}", width=100, subsequent_indent="  "))
        click.echo(f"  in {rule.source}")
        values = (
            f"{name} {_value(release, rule.name)}{'*' if name in rule.read else ''}"
            for name, release in RELEASES.items()
        )
        click.echo("  " + "   ".join(values))


def _value(release: Release, rule: str) -> str:
    value = getattr(release, rule)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(value) if isinstance(value, tuple) else str(value)
