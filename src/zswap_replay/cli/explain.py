"""``zswap-replay explain``: what happened in a replay and why, in plain sentences."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import INSTEAD_OF_STDOUT, example, format_option, output_option

FORMATS = ("text", "json")
_WIDEST = 100


@click.command(
    epilog=example(
        "zswap-replay run trace.parquet --format json -o result.json",
        "zswap-replay explain result.json",
        "zswap-replay run trace.parquet --format json | zswap-replay explain -",
    ),
)
@click.argument("file", metavar="RESULT.json", shell_complete=completers.files)
@format_option(FORMATS)
@output_option(INSTEAD_OF_STDOUT)
def explain(file: str, form: str, output: str | None) -> None:
    """Say in plain sentences what happened in a replay and why: who was refused and by which limit, and what to try.

    RESULT.json is what `run --format json` wrote; - is standard input. Five to ten sentences for each result, from its
    counters alone: as JSON, a list of them, each with the values that its numbers are of or are reckoned from.
    """
    from zswap_replay.files import check_output, replacing
    from zswap_replay.report import explanation
    from zswap_replay.result.file import read_results

    if output is not None:
        check_output(output, inputs=[file])
    results = read_results(file)
    with ExitStack() as stack:
        target = stack.enter_context(replacing(output, inputs=[file])) if output is not None else None
        on_terminal = target is None and sys.stdout.isatty()
        width = min(shutil.get_terminal_size().columns, _WIDEST) if on_terminal else _WIDEST
        text = explanation.as_json(results) if form == "json" else explanation.as_text(results, width)
        if target is None:
            click.echo(text, nl=False)
        else:
            target.write_text(text, encoding="utf-8", errors="backslashreplace")
