"""``zswap-replay memory``: measure one's own memory, and make recipes of it."""

from __future__ import annotations

import click

from zswap_replay.cli.lazy_group import LazyGroup

_COMMANDS = {
    "measure": "Measure how pages of a process, a dump, an image or a swap area compress.",
    "fit": "Make a recipe whose pages compress as measured ones do.",
}


@click.group(name="memory", cls=LazyGroup, package=__name__, lines=_COMMANDS)
def memory() -> None:
    """Measure how your own memory compresses, keep lengths alone, and make recipes of them."""
