"""``zswap-replay compare``: results side by side."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from zswap_replay.cli import completers
from zswap_replay.cli.messages import warn
from zswap_replay.cli.options import (
    INSTEAD_OF_STDOUT,
    cost_option,
    example,
    format_option,
    output_option,
    profile_for,
    timing_option,
)
from zswap_replay.errors import SettingsError
from zswap_replay.units import listed

FORMATS = ("table", "json", "csv", "markdown")


@click.command(
    epilog=example(
        "zswap-replay run trace.parquet -c zstd --format json -o zstd.json",
        "zswap-replay run trace.parquet -c lz4 --format json -o lz4.json",
        "zswap-replay compare zstd.json lz4.json --memcg /web",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="A.json B.json...", shell_complete=completers.files)
@click.option(
    "--memcg",
    "memcgs",
    multiple=True,
    metavar="PATH|all",
    help="Show counters of a memcg, or of all. Repeatable.",
)
@cost_option
@format_option(FORMATS)
@output_option(INSTEAD_OF_STDOUT)
@timing_option("Whether to compare the time of the codecs.")
@click.option(
    "--allow-oom",
    is_flag=True,
    help="Let results be the best under which a kernel would have killed programs, or found a memory.swap.max reached.",
)
def compare(
    files: tuple[str, ...],
    memcgs: tuple[str, ...],
    cost: str | None,
    form: str,
    output: str | None,
    timing: bool,
    allow_oom: bool,
) -> None:
    """Compare the results that `run --format json` wrote, each with the first.

    A file of several runs gives a column for each. What matters comes first: what was written to the swap device and
    read from it, the memory saved, rejects, ratios, the time of the codecs; then all other counters that differ at the
    end of the trace. The best value of a line is marked, where more or less of it is better: never that of a result
    that stored nothing, or under which a kernel would have killed programs; where results were made with --range, only
    if it is the best under any delay of the shrink worker. Results that cannot be compared (another trace, seed or
    recipe, or another version of the same codec) are compared with a warning. Time and wear are reckoned by
    --cost; where it is not given, by the cost profile of the first result.
    """
    from zswap_replay.compare.side_by_side import compare as compare_results
    from zswap_replay.compare.side_by_side import memcg_paths, priced_alike
    from zswap_replay.files import check_output, replacing
    from zswap_replay.report.comparison_text import how_sure, marked, not_comparable
    from zswap_replay.report.machine import comparison_csv, comparison_json, comparison_markdown
    from zswap_replay.report.terminal import comparison as comparison_table
    from zswap_replay.result.cost_profile import files_of
    from zswap_replay.result.file import read_results
    from zswap_replay.result.labels import labels_of_files

    if output is not None:
        check_output(output, inputs=[*files, *files_of(cost)])
    read = [(file, read_results(file)) for file in files]
    results = [result for _, runs in read for result in runs]
    profile = profile_for(cost)
    if len(results) < 2:
        raise SettingsError(f"{files[0]}: one result; expected another one to compare with")
    results, told = priced_alike(results, profile)
    if told:
        warn(told)
    known = memcg_paths(results)
    for path in memcgs:
        if path != "all" and path not in known:
            raise SettingsError(f"--memcg {path}: no result has it; there are {listed(known)}")
    wanted = known if "all" in memcgs else memcgs
    comparison = compare_results(
        results, labels_of_files(read), memcgs=wanted, timing=timing, allow_oom=allow_oom
    )
    if form == "csv":  # it has no place for what the other formats say first
        for reason in (*not_comparable(comparison), *marked(comparison), *how_sure(comparison)):
            warn(reason)
    with ExitStack() as stack:
        target = stack.enter_context(replacing(output, inputs=files)) if output is not None else None
        if form == "table" and target is None and sys.stdout.isatty():
            from rich.console import Console

            comparison_table.show(comparison, Console())
            return
        renderers = {
            "table": comparison_table.render,
            "json": comparison_json.render,
            "csv": comparison_csv.render,
            "markdown": comparison_markdown.render,
        }
        text = renderers[form](comparison)
        if target is None:
            click.echo(text, nl=False)
        else:
            target.write_text(text, encoding="utf-8", errors="backslashreplace")
