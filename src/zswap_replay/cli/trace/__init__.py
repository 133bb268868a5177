"""``zswap-replay trace``: make, check and show traces."""

from __future__ import annotations

import click

from zswap_replay.cli.trace.annotate import annotate
from zswap_replay.cli.trace.cut import cut
from zswap_replay.cli.trace.exporting import ExportGroup
from zswap_replay.cli.trace.filter import filter_
from zswap_replay.cli.trace.generate import generate
from zswap_replay.cli.trace.importing import ImportGroup
from zswap_replay.cli.trace.info import info
from zswap_replay.cli.trace.merge import merge
from zswap_replay.cli.trace.order import shift, sort
from zswap_replay.cli.trace.rewrite import rewrite
from zswap_replay.cli.trace.sample import sample
from zswap_replay.cli.trace.show import cat, head
from zswap_replay.cli.trace.validate import validate
from zswap_replay.trace.exporters import EXPORTERS
from zswap_replay.trace.importers import IMPORTERS


@click.group(name="trace")
def trace() -> None:
    """Make, check and show traces."""


@trace.group(
    name="import",
    cls=ImportGroup,
    package=__name__,
    lines={name: row.line for name, row in IMPORTERS.items()},
)
def import_() -> None:
    """Make a trace from another program's output."""


@trace.group(cls=ExportGroup, package=__name__, lines={name: row.line for name, row in EXPORTERS.items()})
def export() -> None:
    """Write a trace as other programs read it."""


for _command in (
    annotate,
    cat,
    cut,
    filter_,
    generate,
    head,
    info,
    merge,
    rewrite,
    sample,
    shift,
    sort,
    validate,
):
    trace.add_command(_command)
