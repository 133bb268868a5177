"""`zswap-replay trace`: makes, checks and shows traces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import example
from zswap_replay.errors import SettingsError
from zswap_replay.mm.releases import DEFAULT_RELEASE, RELEASES

_PATTERNS = ("zipf", "uniform", "scan", "hot-scan")


_output = click.option(
    "-o",
    "--output",
    required=True,
    metavar="TRACE",
    shell_complete=completers.files,
    help="The trace to write.",
)
_force = click.option("-f", "--force", is_flag=True, help="Overwrite the output if it is there.")
_strict = click.option("--strict", is_flag=True, help="An event may only name memcgs that memcg_create made.")
_trace = click.argument("trace", metavar="TRACE", shell_complete=completers.files)


@click.group(name="trace")
def trace() -> None:
    """Make, check and show traces."""


@trace.group(name="import")
def import_() -> None:
    """Make a trace from another program's output."""


@import_.command(
    epilog=example(
        "valgrind --tool=lackey --trace-mem=yes --log-fd=9 ls 9>&1 >/dev/null \\",
        "  | zswap-replay trace import lackey - --memcg /ls --window 64 -o ls.parquet",
    )
)
@click.argument("source", metavar="SOURCE", shell_complete=completers.files)
@_output
@_force
@click.option(
    "--memcg", default="/", show_default=True, metavar="PATH", help="The memcg that the program runs in."
)
@click.option(
    "--ns-per-instruction", default=1, show_default=True, type=click.IntRange(1), help="The clock's rate."
)
@click.option("--instructions", is_flag=True, help="Keep instruction fetches, as reads of their pages.")
@click.option(
    "--window",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Drop accesses to the N pages touched last, but for the first write to each.",
)
@click.option("--max-events", type=click.IntRange(1), help="Stop after so many events.")
@click.option("--origin", help="How the trace was made, for its metadata.")
def lackey(
    source: str,
    output: str,
    force: bool,
    memcg: str,
    ns_per_instruction: int,
    instructions: bool,
    window: int,
    max_events: int | None,
    origin: str | None,
) -> None:
    """Import the output of valgrind's lackey, from a file (.gz too) or, with -, from standard input.

    Runs of accesses to one page become one event, a write if any of them is. The clock counts instructions.
    """
    from zswap_replay.trace.importers.lackey import import_lackey

    summary = import_lackey(
        source,
        output,
        memcg=memcg,
        ns_per_instruction=ns_per_instruction,
        instructions=instructions,
        window=window,
        max_events=max_events,
        origin=origin,
        overwrite=force,
    )
    for name, value in asdict(summary).items():
        click.echo(f"{name:<14}{value:>16,}")
    if summary.cut_off:
        click.echo("warning: the input ends in the middle of a line, which was dropped", err=True)
    if not summary.instructions:
        click.echo("warning: no instruction rows, so that all events have time 0", err=True)


@trace.command(
    epilog=example("zswap-replay trace merge build.parquet=/tenant-a db.parquet=/tenant-b -o tenants.parquet")
)
@click.argument(
    "inputs",
    nargs=-1,
    required=True,
    metavar="TRACE[=/MEMCG[+OFFSET]]...",
    shell_complete=completers.files,
)
@_output
@_force
@click.option(
    "--totalram-pages", type=click.IntRange(1), help="Pages of memory. [default: the most of any input]"
)
@click.option("--drop-recipe", is_flag=True, help="Leave the payload recipe out where the inputs differ.")
def merge(
    inputs: tuple[str, ...], output: str, force: bool, totalram_pages: int | None, drop_recipe: bool
) -> None:
    """Interleave traces by time, each below a memcg of its own (or, with =/ or nothing, as it is).

    Explicit content ids of two inputs must not overlap; OFFSET moves those of an input up.
    """
    from zswap_replay.trace.merge import MergeInput
    from zswap_replay.trace.merge import merge as merge_traces

    summary = merge_traces(
        [MergeInput(*_parse_input(text)) for text in inputs],
        output,
        totalram_pages=totalram_pages,
        drop_recipe=drop_recipe,
        overwrite=force,
    )
    click.echo(f"{summary.rows:,} rows, {summary.memcgs:,} memcgs: {output}")


@trace.command(
    epilog=example("zswap-replay trace generate zipf --pages 20000 --events 1000000 -o zipf.parquet")
)
@click.argument("pattern", type=click.Choice(_PATTERNS))
@_output
@_force
@click.option("--pages", default=4096, show_default=True, help="Distinct pages.")
@click.option("--events", default=100_000, show_default=True, help="Page events.")
@click.option("--write-share", default=0.3, show_default=True, help="Share of the events that are writes.")
@click.option("--memcg", default="/a", show_default=True, metavar="PATH", help="The memcg of all pages.")
@click.option("--seed", default=0, show_default=True, help="Of the random numbers.")
@click.option("--step-ns", default=1_000, show_default=True, help="Time from one event to the next.")
@click.option("--skew", default=1.0, show_default=True, help="zipf: the exponent.")
@click.option(
    "--hot-share", default=0.1, show_default=True, help="hot-scan: share of the pages that are hot."
)
def generate(
    pattern: str,
    output: str,
    force: bool,
    pages: int,
    events: int,
    write_share: float,
    memcg: str,
    seed: int,
    step_ns: int,
    skew: float,
    hot_share: float,
) -> None:
    """Make a synthetic trace; equal options give equal rows."""
    from zswap_replay.trace.generate import Synthetic
    from zswap_replay.trace.generate import generate as generate_trace

    spec = Synthetic(
        pages=pages,
        events=events,
        write_share=write_share,
        memcg=memcg,
        seed=seed,
        step_ns=step_ns,
        skew=skew,
        hot_share=hot_share,
    )
    rows = generate_trace(pattern, spec, output, overwrite=force)
    click.echo(f"{rows:,} rows: {output}")


@trace.command(epilog=example("zswap-replay trace info traces/two-tenants.parquet"))
@_trace
@_strict
@click.option("--rows", default=5, show_default=True, type=click.IntRange(0), help="First rows to print.")
def info(trace: str, strict: bool, rows: int) -> None:
    """Show what a trace says about itself and what it holds."""
    from zswap_replay.trace.info import describe, row_texts
    from zswap_replay.trace.reader import open_trace

    reader = open_trace(trace, strict=strict)
    found = describe(reader)
    for name, value in asdict(reader.metadata).items():
        if value is not None:
            click.echo(f"{name:<16}{value}")
    click.echo(f"{'files':<16}{len(reader.files)}")
    click.echo(f"{'rows':<16}{found.rows:,}")
    click.echo(f"{'time':<16}{found.first_ns:,} to {found.last_ns:,} ns")
    click.echo(f"{'distinct pages':<16}{found.pages:,}")
    click.echo(f"{'snapshots':<16}{len(found.snapshots)}")
    click.echo(f"{'sha256':<16}{found.sha256}")
    for event, count in found.events.items():
        click.echo(f"  {event:<14}{count:>14,}")
    for memcg in found.memcgs:
        click.echo(f"  {memcg.path}: {memcg.page_events:,} page events, {memcg.pages:,} distinct pages")
    if rows:
        _print_rows(row_texts(reader, rows))
    _warn_if_empty(trace, found.page_events)


@trace.command(epilog=example("zswap-replay trace validate --strict traces/db.parquet"))
@_trace
@_strict
def validate(trace: str, strict: bool) -> None:
    """Read a whole trace and name its first fault, if there is one."""
    from zswap_replay.trace.reader import open_trace

    reader = open_trace(trace, strict=strict)
    digest = reader.sha256()
    click.echo(
        f"{trace}: good; {reader.num_rows:,} rows, {reader.page_events:,} page events, sha256 {digest}"
    )
    _warn_if_empty(trace, reader.page_events)


@trace.command(epilog=example("zswap-replay trace cat traces/db.parquet | grep memcg_"))
@_trace
def cat(trace: str) -> None:
    """Print the rows of a trace, tab-separated, with - for a null."""
    from zswap_replay.trace.info import row_texts
    from zswap_replay.trace.reader import open_trace

    _print_rows(row_texts(open_trace(trace)))


@trace.command(epilog=example("zswap-replay trace head -n 3 traces/db.parquet"))
@_trace
@click.option("-n", "--rows", default=10, show_default=True, type=click.IntRange(0), help="Rows to print.")
def head(trace: str, rows: int) -> None:
    """Print the first rows of a trace, as cat does."""
    from zswap_replay.trace.info import row_texts
    from zswap_replay.trace.reader import open_trace

    _print_rows(row_texts(open_trace(trace), rows))


@trace.command(
    epilog=example(
        "zswap-replay trace annotate traces/db.parquet -c lz4 -c zstd -o db-lengths.parquet",
        "zswap-replay run traces/db.parquet -c lz4 --lengths db-lengths.parquet --set /db:memory.max=4M",
    )
)
@_trace
@_output
@_force
@_strict
@click.option(
    "-c",
    "--compressor",
    "compressors",
    multiple=True,
    default=("zstd",),
    show_default=True,
    help="Repeatable.",
)
@click.option(
    "--kernel",
    type=click.Choice(tuple(RELEASES)),
    default=DEFAULT_RELEASE,
    show_default=True,
    help="Release whose lengths are found; those of zstd changed with 6.18.",
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
    default=1,
    show_default=True,
    help="Processes that compress, this one included.",
)
def annotate(
    trace: str,
    output: str,
    force: bool,
    strict: bool,
    compressors: tuple[str, ...],
    kernel: str,
    recipe: str,
    payload_file: str | None,
    seed: int,
    jobs: int,
) -> None:
    """Find the compressed length of all that the pages of a trace ever hold, and write a file for --lengths.

    A replay with that file calls no codec, whatever its limits, and counts the same. Lengths hold for all releases, but
    for zstd's: those up to 6.12 and those from 6.18 on want a file each.
    """
    import os

    from zswap_replay.cli.messages import note
    from zswap_replay.files import replacing
    from zswap_replay.replay.annotate import annotate as annotate_trace
    from zswap_replay.settings import Settings
    from zswap_replay.units import counted

    if not force and os.path.exists(output):
        raise SettingsError(f"{output}: is there already; --force overwrites it")
    settings = Settings(kernel=kernel, recipe=recipe, payload_file=payload_file, seed=seed)
    with replacing(output) as target:
        found = annotate_trace(trace, target, settings, compressors, strict=strict, jobs=jobs, notes=note)
    contents, under = counted(found.contents, "content"), counted(found.compressors, "compressor")
    click.echo(f"{contents}, {under}: {output}")


def _print_rows(rows: Iterable[tuple[str, ...]]) -> None:
    from zswap_replay.trace.info import column_names

    click.echo("\t".join(column_names()))
    for row in rows:
        click.echo("\t".join(row))


def _parse_input(text: str) -> tuple[str, str, int]:
    """Path, memcg and content offset of an input of a merge. Raises SettingsError."""
    path, equals, place = text.rpartition("=/")
    if not equals:
        return text, "/", 0
    name, plus, offset = place.partition("+")
    if plus and not (offset.isascii() and offset.isdigit()):
        raise SettingsError(f"{text!r}: {offset!r} is no content offset: expected a whole number")
    return path, f"/{name}", int(offset or 0)


def _warn_if_empty(trace: str, page_events: int) -> None:
    if not page_events:
        click.echo(f"warning: {trace} holds no page event; a replay of it stores nothing", err=True)
