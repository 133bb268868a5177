"""``zswap-replay report``: make an HTML page of results, of a sweep, of measured lengths or of a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import (
    cost_option,
    example,
    force_option,
    output_option,
    profile_for,
    progress_option,
    shows_progress,
)
from zswap_replay.cli.progress import Bar

if TYPE_CHECKING:
    from zswap_replay.report.html.pages.content import Page


@click.command(
    epilog=example(
        "zswap-replay run trace.parquet -c zstd -c lz4 --interval 100ms --format json -o result.json",
        "zswap-replay report result.json",
        "zswap-replay report trace.parquet",
        "zswap-replay report sweep.parquet --figure derived.reject_rate -o rejects.html --png charts",
    )
)
@click.argument(
    "source",
    metavar="RESULT.json|TUNE.json|SWEEP.parquet|LENGTHS.parquet|TRACE",
    shell_complete=completers.files,
)
@output_option("The page [default: beside the input, with .html].")
@force_option("Replace files that exist.")
@click.option(
    "--png", metavar="DIR", shell_complete=completers.files, help="Write the charts there too, as PNG files."
)
@click.option(
    "--figure",
    metavar="COLUMN",
    help="The figure that maps of a sweep show [default: the first of its --pareto].",
)
@click.option("--axes", metavar="X,Y", help="The axes of those maps [default: two that fit].")
@cost_option
@progress_option()
def report(
    source: str,
    output: str | None,
    force: bool,
    png: str | None,
    figure: str | None,
    axes: str | None,
    cost: str | None,
    progress: bool | None,
) -> None:
    """Make a page of what ``run --format json``, ``sweep``, ``tune`` or ``memory measure`` wrote, or of a trace.

    The page is one HTML file that works offline: charts, tables, settings and the manifest. With - results are
    read from standard input. Time and wear of results are reckoned by --cost where it is given; a sweep's are reckoned
    when it is made.
    """
    from zswap_replay.report.html.needs import require

    require("matplotlib", "jinja2")
    from zswap_replay.codec.lengths_file import is_lengths
    from zswap_replay.report.html.source import page_of, target_for

    profile = profile_for(cost)
    target = target_for(source, output, overwrite=force)
    with Bar("report", shown=shows_progress(progress)) as bar:
        if is_lengths(source):
            page = _page_of_lengths(source, figure, axes)
        else:
            page = page_of(source, figure, axes, bar.update, profile)
        from zswap_replay.report.html.output import write

        charts = write(page, target, png, inputs=(source,), overwrite=force, progress=bar.update)
    click.echo(f"{charts:,} charts: {target}")


def _page_of_lengths(source: str, figure: str | None, axes: str | None) -> Page:
    """Make the page of a file of lengths: what it shows is computed here, since pages know no model of a pool."""
    from zswap_replay.errors import SettingsError
    from zswap_replay.inputs.spool import path_of
    from zswap_replay.memory.lengths import read
    from zswap_replay.report.html.pages.measured import measured_page

    if figure is not None or axes is not None:
        raise SettingsError(f"{source}: --figure and --axes are for sweeps, and this is a file of lengths")
    return measured_page(source, read(path_of(source), source).figures())
