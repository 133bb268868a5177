"""``zswap-replay memory fit``: a recipe whose pages compress as measured ones do."""

from __future__ import annotations

import os

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import (
    example,
    force_option,
    format_option,
    output_option,
    progress_option,
    quiet_option,
    shows_progress,
)
from zswap_replay.cli.progress import Bar


@click.command(
    epilog=example(
        "zswap-replay memory measure core.4242 -c zstd -c lz4 -o lengths.parquet",
        "zswap-replay memory fit lengths.parquet -o recipe.toml",
        "zswap-replay run traces/db.parquet --recipe recipe.toml",
    )
)
@click.argument("lengths", metavar="LENGTHS", shell_complete=completers.files)
@output_option("Write the recipe there, for --recipe.")
@force_option("Replace FILE if it exists.")
@click.option("--name", help="The recipe's name [default: that of LENGTHS].")
@click.option(
    "--parts",
    type=click.IntRange(1, 64),
    default=24,
    show_default=True,
    metavar="N",
    help="The most lines of the recipe's mix, zero and same-filled pages besides.",
)
@format_option(("text", "json"))
@progress_option()
@quiet_option()
def fit(
    lengths: str,
    output: str | None,
    force: bool,
    name: str | None,
    parts: int,
    form: str,
    progress: bool | None,
    quiet: bool,
) -> None:
    """Make a recipe whose pages have the lengths of measured ones under every compressor of the file.

    Shown is how near it comes: the Kolmogorov-Smirnov distance of the distributions of lengths, and the ratio in a
    well-filled zsmalloc pool.
    """
    import json

    from zswap_replay.cli.messages import note, warn
    from zswap_replay.files import check_output, replacing, shown
    from zswap_replay.memory.fit import fit as fit_recipe
    from zswap_replay.memory.fitted import MOST_OFF, as_json, as_toml
    from zswap_replay.memory.lengths import read
    from zswap_replay.report.terminal.memory import show_fit

    if output is not None:
        check_output(output, inputs=[lengths], overwrite=force)
    measured = read(lengths)
    called = name if name is not None else os.path.splitext(os.path.basename(shown(lengths)))[0]
    with Bar("fit", shown=shows_progress(progress, quiet)) as bar:
        fitted = fit_recipe(
            measured, called, parts=parts, notes=(lambda _text: None) if quiet else note, progress=bar.update
        )
    if output is not None:
        with replacing(output, inputs=[lengths], overwrite=force) as target:
            target.write_text(as_toml(fitted), encoding="utf-8")
    if form == "json":
        click.echo(json.dumps(as_json(fitted), indent=2))
    else:
        show_fit(fitted)
    for each in fitted.nearness:
        if each.difference is not None and abs(each.difference) > MOST_OFF:
            warn(f"{each.compressor}: the recipe's ratio is {each.difference:+.1%} off that measured")
