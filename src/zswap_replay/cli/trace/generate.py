"""``zswap-replay trace generate``: traces out of nothing, of one pattern, a workload's TOML, or a preset."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from zswap_replay.cli import completers
from zswap_replay.cli.options import example, output_option, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import trace_force

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PATTERNS = ("zipf", "uniform", "scan", "hot-scan", "stride", "hot-cold")
PRESETS = ("noisy-neighbour", "batch-scan", "web-cache", "memcg-churn", "phase-shift")

_OF_A_PATTERN = (
    "pages",
    "write_share",
    "memcg",
    "step_ns",
    "skew",
    "hot_share",
    "hot_weight",
    "shift_every",
    "shift_by",
    "stride",
)
"""Options that say what a workload says in its file."""


def _patterns_and_files(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    found = completers.choices(PATTERNS)(context, parameter, incomplete)
    return [*found, *completers.files(context, parameter, incomplete)]


@click.command(
    epilog=example(
        "zswap-replay trace generate zipf --pages 20000 --events 100000 -o zipf.parquet",
        "zswap-replay trace generate --preset web-cache -o web-cache.parquet",
        "zswap-replay trace generate --preset web-cache --print > workload.toml",
        "zswap-replay trace generate workload.toml --seed 1 -o workload.parquet",
    )
)
@click.argument(
    "source",
    required=False,
    metavar=f"[{'|'.join(PATTERNS)}|WORKLOAD.toml]",
    shell_complete=_patterns_and_files,
)
@click.option("--preset", type=click.Choice(PRESETS), help="A workload that comes with the program.")
@click.option("--print", "printed", is_flag=True, help="Print the TOML of --preset, and write no trace.")
@output_option("The trace to write.", metavar="TRACE")
@trace_force
@click.option("--pages", default=4096, show_default=True, help="Distinct pages.")
@click.option(
    "--events",
    default=100_000,
    show_default="100000, or the workload's",
    help="Page events. A workload's phases are made longer or shorter in proportion.",
)
@click.option("--write-share", default=0.3, show_default=True, help="Share of the events that are writes.")
@click.option("--memcg", default="/a", show_default=True, metavar="PATH", help="The memcg of all pages.")
@click.option("--seed", default=0, show_default="0, or the workload's", help="Of the random numbers.")
@click.option("--step-ns", default=1_000, show_default=True, help="Time from one event to the next.")
@click.option("--skew", default=1.0, show_default=True, help="zipf: the exponent.")
@click.option(
    "--hot-share", default=0.1, show_default=True, help="hot-scan, hot-cold: share of the pages that are hot."
)
@click.option(
    "--hot-weight", default=0.9, show_default=True, help="hot-cold: share of the events that go to hot pages."
)
@click.option(
    "--shift-every",
    default=20_000,
    show_default=True,
    help="hot-cold: events after which other pages are hot; 0: never.",
)
@click.option(
    "--shift-by",
    default=0,
    show_default="as many as are hot",
    help="hot-cold: pages that the hot ones move on by.",
)
@click.option("--stride", default=16, show_default=True, help="stride: pages from one event to the next.")
@progress_option()
@click.pass_context
def generate(
    context: click.Context,
    source: str | None,
    preset: str | None,
    printed: bool,
    output: str | None,
    force: bool,
    pages: int,
    events: int,
    write_share: float,
    memcg: str,
    seed: int,
    step_ns: int,
    skew: float,
    hot_share: float,
    hot_weight: float,
    shift_every: int,
    shift_by: int,
    stride: int,
    progress: bool | None,
) -> None:
    """Make a synthetic trace; equal options give equal rows.

    Of one pattern in one memcg, or of a workload: memcgs with limits, regions of pages, phases of accesses and events
    on a schedule, as a TOML file or a preset says.
    """
    if (source is None) == (preset is None):
        wanted = f"one of {', '.join(PATTERNS)}, WORKLOAD.toml or --preset NAME"
        raise click.UsageError(
            f"found {'none' if source is None else 'two'} of what to make; expected {wanted}"
        )
    if printed:
        _print(preset)
        return
    if output is None:
        raise click.UsageError("Missing option '-o' / '--output'.")
    if source in PATTERNS:
        _refuse_what_other_patterns_have(context, source)
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
            hot_weight=hot_weight,
            shift_every=shift_every,
            shift_by=shift_by,
            stride=stride,
        )
        with Bar("generate", shown=shows_progress(progress)) as bar:
            rows = generate_trace(source, spec, output, overwrite=force, progress=bar.update)
    else:
        _refuse_what_a_workload_says(context, source)
        given = {name: value for name, value in (("seed", seed), ("events", events)) if _given(context, name)}
        rows = _of_workload(source or preset or "", preset is not None, output, force, progress, given)
    click.echo(f"{rows:,} rows: {output}")


def _print(preset: str | None) -> None:
    if preset is None:
        raise click.UsageError("--print: expected --preset NAME beside it")
    from zswap_replay.trace.workload import preset_text

    click.echo(preset_text(preset), nl=False)


def _given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def _refuse_what_other_patterns_have(context: click.Context, pattern: str) -> None:
    """Refuse options that would have no effect."""
    from zswap_replay.trace.generate import OF_SOME_PATTERNS

    for name, patterns in OF_SOME_PATTERNS.items():
        if _given(context, name) and pattern not in patterns:
            raise click.UsageError(
                f"--{name.replace('_', '-')}: an option of the pattern {' and '.join(patterns)}, not of {pattern}"
            )


def _refuse_what_a_workload_says(context: click.Context, source: str | None) -> None:
    """Refuse a name that is no pattern and no file, and options that are of patterns alone."""
    if source is not None and not source.endswith(".toml") and not os.path.exists(source):
        raise click.BadParameter(
            f"{source!r} is no pattern and no file: expected one of {', '.join(PATTERNS)}, or WORKLOAD.toml",
            param_hint="'WORKLOAD'",
        )
    for name in _OF_A_PATTERN:
        if _given(context, name):
            raise click.UsageError(
                f"--{name.replace('_', '-')}: a workload says this in its file; expected --seed or --events beside it"
            )


def _of_workload(
    name: str, preset: bool, output: str, force: bool, progress: bool | None, given: dict[str, int]
) -> int:
    from zswap_replay.files import check_output
    from zswap_replay.trace.workload import load_workload
    from zswap_replay.trace.workload_rows import generate_workload

    workload = load_workload(name, preset=preset)
    if not preset:
        check_output(output, inputs=[name], overwrite=force, regular=True)
    if "seed" in given and not 0 <= given["seed"] < 1 << 64:
        raise click.BadParameter(f"{given['seed']}: expected 0 to 2^64 - 1", param_hint="'--seed'")
    with Bar("generate", shown=shows_progress(progress)) as bar:
        return generate_workload(workload, output, overwrite=force, progress=bar.update, **given)
