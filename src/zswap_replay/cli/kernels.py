"""``zswap-replay kernels``: the releases that can be replayed."""

from __future__ import annotations

import click


@click.command()
def kernels() -> None:
    """List the kernel releases that can be replayed, oldest first."""
    from zswap_replay.mm.releases import DEFAULT_RELEASE, RELEASES

    for name, release in RELEASES.items():
        default = " (default)" if name == DEFAULT_RELEASE else ""
        click.echo(f"{name:<10}{release.summary}{default}")
