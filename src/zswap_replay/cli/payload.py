"""``zswap-replay payload``: write the pages of a recipe and show how well they compress."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import example, force_option, output_option, progress_option, shows_progress
from zswap_replay.cli.progress import Bar


@click.command(
    epilog=example("zswap-replay payload --recipe server --pages 10000 -c lz4 -c zstd -o pages.bin")
)
@click.option(
    "--recipe",
    default="default",
    show_default=True,
    metavar="NAME|FILE",
    shell_complete=completers.recipes,
    help="A built-in recipe or a TOML file.",
)
@click.option(
    "--seed", type=click.IntRange(0, (1 << 64) - 1), default=0, show_default=True, help="Seed of the pages."
)
@click.option(
    "--pages", type=click.IntRange(1, 1 << 40), default=1024, show_default=True, help="Content ids 0 to N-1."
)
@click.option(
    "-c",
    "--compressor",
    "compressors",
    multiple=True,
    shell_complete=completers.compressors,
    help="Show ratios with this one. Repeatable.",
)
@output_option("Write the pages there, for --payload-file.")
@force_option("Replace FILE if it exists.")
@progress_option()
def payload(
    recipe: str,
    seed: int,
    pages: int,
    compressors: tuple[str, ...],
    output: str | None,
    force: bool,
    progress: bool | None,
) -> None:
    """Show what the pages of a recipe hold and how well they compress.

    Ratios are of the pages that are not same-filled and that the compressor takes: by their lengths, and
    (pool) by what they take up in zsmalloc.
    """
    from zswap_replay.codec.base import get_codec
    from zswap_replay.codec.survey import survey
    from zswap_replay.files import check_output, replacing
    from zswap_replay.payload.recipe import load_recipe
    from zswap_replay.payload.source import GeneratedPages
    from zswap_replay.report.terminal.style import OutputConsole
    from zswap_replay.report.terminal.survey import table as table_of
    from zswap_replay.settings import files_named

    inputs = files_named([recipe])
    if output is not None:
        check_output(output, inputs=inputs, overwrite=force)
    codecs = [get_codec(spec) for spec in compressors]
    source = GeneratedPages(load_recipe(recipe), seed)
    with ExitStack() as files:
        write = None
        if output is not None:
            target = files.enter_context(replacing(output, inputs=inputs, overwrite=force))
            write = files.enter_context(target.open("wb")).write
        bar = files.enter_context(Bar("payload", shown=shows_progress(progress)))
        rows = survey(source, pages, codecs, write, bar.update)
    table = table_of(rows, [codec.name for codec in codecs])
    # Away from a terminal there is no width to keep to.
    OutputConsole(width=None if sys.stdout.isatty() else table.natural_width).print(table)
