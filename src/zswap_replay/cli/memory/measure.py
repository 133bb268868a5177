"""``zswap-replay memory measure``: how pages of one's own compress, and a file of their lengths."""

from __future__ import annotations

import os
from contextlib import ExitStack

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import (
    example,
    force_option,
    format_option,
    output_option,
    progress_option,
    quiet_option,
    release,
    shows_progress,
)
from zswap_replay.cli.progress import Bar
from zswap_replay.mm.releases import DEFAULT_RELEASE
from zswap_replay.units import PAGE_SIZE


@click.command(
    epilog=example(
        "zswap-replay memory measure --pid $$ --stop -c zstd -c lz4 -o shell.parquet",
        "zswap-replay memory measure core.4242 guest.elf -c zstd -c lz4 --sample 1/16",
    )
)
@click.argument("sources", metavar="[SOURCE]...", nargs=-1, shell_complete=completers.files)
@click.option(
    "--pid",
    "pids",
    type=click.IntRange(1),
    multiple=True,
    help="A running process: its resident anonymous pages. Repeatable.",
)
@click.option("--stop", is_flag=True, help="Stop each --pid while it is measured, and let it go on then.")
@click.option(
    "-c",
    "--compressor",
    "compressors",
    multiple=True,
    default=("zstd",),
    show_default=True,
    shell_complete=completers.compressors,
    help="Repeatable.",
)
@click.option(
    "--kernel",
    type=release,
    metavar="RELEASE|host",
    shell_complete=completers.kernels,
    default=DEFAULT_RELEASE,
    show_default=True,
    help="Release whose lengths are found; those of zstd changed with 6.15 and 6.17.",
)
@click.option(
    "--sample",
    metavar="SHARE",
    default="1",
    show_default=True,
    help="Measure that share of the pages, as 1/16, chosen by a hash of their places.",
)
@click.option(
    "--blur",
    type=click.IntRange(1, PAGE_SIZE),
    default=1,
    show_default=True,
    metavar="N",
    help="Round the lengths of the file to multiples of N bytes.",
)
@output_option("Write the lengths there, for run --lengths.")
@force_option("Replace FILE if it exists.")
@format_option(("text", "json"))
@click.option("-j", "--jobs", type=click.IntRange(1), help="Processes [default: one for each processor].")
@progress_option()
@quiet_option()
def measure(
    sources: tuple[str, ...],
    pids: tuple[int, ...],
    stop: bool,
    compressors: tuple[str, ...],
    kernel: str,
    sample: str,
    blur: int,
    output: str | None,
    force: bool,
    form: str,
    jobs: int | None,
    progress: bool | None,
    quiet: bool,
) -> None:
    """Measure how pages of your own compress, as zswap would store them.

    A SOURCE is a core dump, a memory image of QEMU or libvirt (ELF or raw), a swap device, file or image, a file of
    pages, or a folder of such. No byte and no hash of a page is kept: FILE has lengths alone.
    """
    import json

    from zswap_replay.cli.messages import note
    from zswap_replay.errors import MemorySourceError
    from zswap_replay.files import check_output
    from zswap_replay.kernel.names import HOST
    from zswap_replay.memory.files import sources_at
    from zswap_replay.memory.lengths import write
    from zswap_replay.memory.measure import measure as measure_sources
    from zswap_replay.memory.measure import parse_sample
    from zswap_replay.memory.process import process, stopped
    from zswap_replay.replay.host import read_host
    from zswap_replay.report.terminal.memory import show

    if not sources and not pids:
        raise click.UsageError("Missing argument 'SOURCE...' or option '--pid'.")
    if stop and not pids:
        raise click.UsageError("--stop is for --pid, and there is none.")
    if kernel == HOST:
        kernel = read_host().kernel
    share = parse_sample(sample)
    if output is not None:
        check_output(output, inputs=sources, overwrite=force, regular=True)
    told = (lambda _text: None) if quiet else note
    with ExitStack() as stack:
        if stop:
            for pid in dict.fromkeys(pids):
                stack.enter_context(stopped(pid, told))
        found = [process(pid) for pid in dict.fromkeys(pids)]
        found += [source for path in sources for source in sources_at(path, told)]
        bar = stack.enter_context(Bar("measure", shown=shows_progress(progress, quiet)))
        measured = measure_sources(
            found,
            compressors,
            kernel=kernel,
            sample=share,
            jobs=jobs or len(os.sched_getaffinity(0)),
            notes=told,
            progress=bar.update,
        )
    if output is not None:  # before anything is printed: who reads that may leave
        write(output, measured.blurred(blur) if blur > 1 else measured, inputs=sources, overwrite=force)
    figures = measured.figures()
    if form == "json":
        click.echo(json.dumps(figures.as_json(), indent=2))
    else:
        show(figures)
    missing = [source.incomplete for source in figures.sources if source.incomplete]
    if missing:
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise MemorySourceError(
            f"{missing[0]}; the figures are of the {figures.pages:,} pages that were{more}"
        )
