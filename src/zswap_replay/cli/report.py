"""``zswap-replay report``: makes an HTML page of results or of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zswap_replay.cli import complete
from zswap_replay.cli.examples import example
from zswap_replay.errors import SettingsError

if TYPE_CHECKING:
    from zswap_replay.report.pages.page import Page


@click.command(
    epilog=example(
        "zswap-replay run trace.parquet -c zstd -c lz4 --interval 100ms --format json -o result.json",
        "zswap-replay report result.json",
        "zswap-replay report sweep.parquet --figure derived.reject_rate -o rejects.html --png charts",
    )
)
@click.argument("source", metavar="RESULT.json|SWEEP.parquet", shell_complete=complete.files)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=complete.files,
    help="The page [default: beside the input, with .html].",
)
@click.option("-f", "--force", is_flag=True, help="Replace files that exist.")
@click.option(
    "--png", metavar="DIR", shell_complete=complete.files, help="Write the charts there too, as PNG files."
)
@click.option(
    "--figure",
    metavar="COLUMN",
    help="The figure that maps of a sweep show [default: derived.writeback_bytes].",
)
@click.option("--axes", metavar="X,Y", help="The axes of those maps [default: two that fit].")
def report(
    source: str, output: str | None, force: bool, png: str | None, figure: str | None, axes: str | None
) -> None:
    """Make a page of what ``run --format json`` or ``sweep`` wrote.

    The page is one HTML file that works offline: charts, tables, settings and the manifest. With - results are
    read from standard input.
    """
    from zswap_replay.report.files import page_for
    from zswap_replay.report.needs import require

    require("matplotlib", "jinja2")
    source = "/dev/stdin" if source == "-" else source
    target = page_for(source, output)
    page = _page(source, figure, axes)
    from zswap_replay.report.output import write

    charts = write(page, target, png, force=force)
    click.echo(f"{charts:,} charts: {target}")


def _page(source: str, figure: str | None, axes: str | None) -> Page:
    from zswap_replay.report.sweepfile import is_parquet, read_sweep

    if is_parquet(source):
        sweep = read_sweep(source)
        from zswap_replay.report.pages.sweeps import DEFAULT_FIGURE, sweep_page

        return sweep_page(sweep, figure or DEFAULT_FIGURE, tuple(axes.split(",")) if axes is not None else ())
    if figure is not None or axes is not None:
        raise SettingsError(f"{source}: --figure and --axes are for sweeps, and this is no Parquet file")
    from zswap_replay.results import read_results

    results = read_results(source)
    from zswap_replay.report.pages.results import result_page

    return result_page(results)
