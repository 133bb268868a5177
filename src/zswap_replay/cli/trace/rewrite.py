"""``zswap-replay trace rewrite``: the same rows in another file."""

from __future__ import annotations

import click

from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import trace_argument, trace_force, trace_output

_CODECS = ("zstd", "gzip", "brotli", "snappy", "lz4", "none")


@click.command(
    epilog=example(
        "zswap-replay trace rewrite parts/ -o whole.parquet",
        "zswap-replay trace rewrite db.parquet --compression lz4 --row-groups 100000 -o fast.parquet",
        "zswap-replay trace rewrite db.parquet -o fast.arrow",
    )
)
@trace_argument
@trace_output
@trace_force
@click.option(
    "--row-groups",
    "--row-group-rows",
    "row_group_rows",
    type=click.IntRange(1, 1 << 27),
    default=1 << 20,
    show_default=True,
    metavar="ROWS",
    help="Rows of a row group, or of a record batch; so many are in memory at a time.",
)
@click.option(
    "--compression",
    type=click.Choice(_CODECS),
    help="Codec of the columns. [default: zstd; none for Arrow, which has lz4 and zstd too]",
)
@click.option("--compression-level", "level", type=int, help="Level of zstd, gzip or brotli.")
@progress_option()
def rewrite(
    trace: str,
    output: str,
    force: bool,
    row_group_rows: int,
    compression: str | None,
    level: int | None,
    progress: bool | None,
) -> None:
    """Write the rows of TRACE to one file, with other row groups or another compression.

    Where the output ends in .arrow it is an Arrow IPC file, uncompressed, which is mapped and not decoded when it is
    read. Rows, metadata and digest stay the same.
    """
    from zswap_replay.cli.messages import note
    from zswap_replay.trace.rewrite import rewrite as rewrite_trace

    with Bar("rewrite", shown=shows_progress(progress)) as bar:
        summary = rewrite_trace(
            trace,
            output,
            row_group_rows=row_group_rows,
            compression=compression,
            level=level,
            overwrite=force,
            notes=note,
            progress=bar.update,
        )
    click.echo(f"{summary.rows:,} rows, {summary.bytes:,} bytes, sha256 {summary.sha256}: {output}")
