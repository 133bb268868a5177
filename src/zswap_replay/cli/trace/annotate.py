"""``zswap-replay trace annotate``: the compressed lengths of all that a trace holds."""

from __future__ import annotations

import os

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import example, progress_option, release, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import strict, trace_argument, trace_force, trace_output
from zswap_replay.mm.releases import DEFAULT_RELEASE

DEFAULT_COMPRESSOR = "zstd"


@click.command(
    epilog=example(
        "zswap-replay trace annotate traces/db.parquet -c lz4 -c zstd -o db-lengths.parquet",
        "zswap-replay run traces/db.parquet -c lz4 --lengths db-lengths.parquet --set /db:memory.max=4M",
        "zswap-replay trace annotate traces/db.parquet --from own.parquet --memcg /db -o T.lengths.parquet",
    )
)
@trace_argument
@trace_output
@trace_force
@strict
@click.option(
    "-c",
    "--compressor",
    "compressors",
    multiple=True,
    help="Repeatable [default: zstd; with --from those that all files have].",
)
@click.option(
    "--from",
    "files",
    multiple=True,
    metavar="LENGTHS",
    shell_complete=completers.files,
    help="Give pages lengths that memory measure found, by address or else drawn. Repeatable, each with its --memcg.",
)
@click.option(
    "--memcg",
    "memcgs",
    multiple=True,
    metavar="PATH",
    help="The memcg whose pages, with those below it, get the lengths of the --from in the same place [default: all].",
)
@click.option(
    "--kernel",
    type=release,
    metavar="RELEASE|host",
    shell_complete=completers.kernels,
    help=f"Release whose lengths are found; those of zstd changed with 6.15 and 6.17 [default: {DEFAULT_RELEASE}; with "
    "--from that of the file].",
)
@click.option("--recipe", default="default", show_default=True, help="What pages hold, as in run.")
@click.option(
    "--payload-file", metavar="FILE", shell_complete=completers.files, help="File of pages, as in run."
)
@click.option(
    "--seed", type=click.IntRange(0, (1 << 64) - 1), default=0, show_default=True, help="Seed of the payload."
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    help="Processes that compress, this one included [default: one for each processor].",
)
@progress_option()
def annotate(
    trace: str,
    output: str,
    force: bool,
    strict: bool,
    compressors: tuple[str, ...],
    files: tuple[str, ...],
    memcgs: tuple[str, ...],
    kernel: str | None,
    recipe: str,
    payload_file: str | None,
    seed: int,
    jobs: int | None,
    progress: bool | None,
) -> None:
    """Find the compressed length of all that the pages of a trace ever hold, and write a file for --lengths.

    A replay with that file calls no codec, whatever its limits, and counts the same. Lengths hold for all releases, but
    for zstd's: those up to 6.14, those of 6.15 and 6.16, and those from 6.17 on want a file each.

    With --from no page is made: contents get the lengths of measured memory, those of the page with the same address
    where the measured memory has addresses and that one, else those of a page that a hash of the content draws.
    """
    from zswap_replay.cli.messages import note
    from zswap_replay.files import replacing
    from zswap_replay.kernel.names import HOST
    from zswap_replay.replay.annotate import annotate as annotate_trace
    from zswap_replay.replay.annotate_from import Donor, annotate_from
    from zswap_replay.replay.host import read_host
    from zswap_replay.settings import Settings
    from zswap_replay.trace.reader import trace_files
    from zswap_replay.units import counted

    jobs = jobs or len(os.sched_getaffinity(0))
    if kernel == HOST:
        kernel = read_host().kernel
    if memcgs or files:
        memcgs = memcgs or ("/",)
        if len(files) != len(memcgs):
            raise click.UsageError(
                f"found {len(files)} --from and {len(memcgs)} --memcg; expected one --memcg for each --from"
            )
    settings = Settings(kernel=kernel or DEFAULT_RELEASE, recipe=recipe, payload_file=payload_file, seed=seed)
    inputs = [*trace_files(trace), *settings.files(), *files]
    with (
        replacing(output, inputs=inputs, overwrite=force, regular=True) as target,
        Bar("annotate", shown=shows_progress(progress)) as bar,
    ):
        if files:
            donors = [Donor(file, memcg) for file, memcg in zip(files, memcgs, strict=True)]
            taken = annotate_from(
                trace,
                target,
                donors,
                settings,
                compressors,
                kernel=kernel,
                strict=strict,
                jobs=jobs,
                notes=note,
                progress=bar.update,
            )
            contents, number = taken.contents, len(taken.compressors)
            told = f" ({taken.by_address:,} by address, {taken.drawn:,} drawn, {taken.made:,} of the recipe)"
        else:
            found = annotate_trace(
                trace,
                target,
                settings,
                compressors or (DEFAULT_COMPRESSOR,),
                strict=strict,
                jobs=jobs,
                notes=note,
                progress=bar.update,
            )
            contents, number, told = found.contents, found.compressors, ""
    click.echo(f"{counted(contents, 'content')}{told}, {counted(number, 'compressor')}: {output}")
