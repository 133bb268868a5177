"""Measure what performance is promised, against named floors and peers: ``python -m benchmarks.bench``.

Every line is a ratio of timings taken in turns in one run, beside its target. Nothing fails for being slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import click

from benchmarks import codecs, many, model, own, scaling, soak, start, sweep_cost
from benchmarks.environment import environment, load
from benchmarks.lines import Section, document
from benchmarks.sizes import FULL, QUICK, TINY, Scale

Part = Callable[[Scale, Path], Iterable[Section]]

PARTS: dict[str, Part] = {
    "model": model.sections,
    "codec": codecs.sections,
    "own": lambda scale, _: own.sections(scale),
    "sweep": sweep_cost.sections,
    "memcgs": lambda scale, folder: [many.section(scale, folder)],
    "scaling": lambda scale, folder: [scaling.section(scale, folder)],
    "start": lambda scale, _: start.sections(scale),
    "timeline": lambda scale, folder: [many.timeline(scale, folder)],
    "soak": lambda scale, folder: [soak.section(scale, folder)],
}
ALONE = ("timeline", "soak")
"""Parts that are measured where they are asked for alone."""


@click.command(help=__doc__)
@click.option(
    "--quick",
    is_flag=True,
    help="Smaller inputs and fewer rounds: two minutes. The targets are for the full sizes, and not judged.",
)
@click.option(
    "--tiny",
    is_flag=True,
    help="Tiny inputs and one round: sees that it works, measures nothing.",
    hidden=True,
)
@click.option("--large", is_flag=True, help="Ten times as many events in the parts scaling and soak.")
@click.option("--rounds", type=click.IntRange(1), help="Rounds of everything, in place of 5, of 3 and of 20.")
@click.option(
    "--only",
    type=click.Choice(list(PARTS)),
    multiple=True,
    help="Measure this part alone. Repeatable; timeline and soak are measured in no other way: they take long.",
)
@click.option("--results", type=click.Path(dir_okay=False, path_type=Path), help="Write Markdown there too.")
@click.option(
    "--scratch",
    type=click.Path(file_okay=False, exists=True),
    help="Folder for the traces, some GB [default: the system's].",
)
def main(
    quick: bool,
    tiny: bool,
    large: bool,
    rounds: int | None,
    only: tuple[str, ...],
    results: Path | None,
    scratch: str | None,
) -> None:
    scale = TINY if tiny else QUICK if quick else FULL
    if large:
        scale = scale.with_large()
    if rounds is not None:
        scale = scale.with_rounds(rounds)
    about = environment()
    about["rounds"] = f"{scale.rounds}, {scale.long_rounds} of what takes long, {scale.starts} of starts"
    for name, value in about.items():
        click.echo(f"{name}: {value}")
    click.echo()
    shown: list[Section] = []
    failed: list[str] = []
    for name in only or [name for name in PARTS if name not in ALONE]:
        click.echo(f"measuring: {name} ...", err=True)
        before, began = load(), perf_counter()
        try:
            with TemporaryDirectory(prefix="zswap-replay-bench-", dir=scratch) as folder:
                found = list(PARTS[name](scale, Path(folder)))
        except Exception as error:  # half an hour of other parts need not be lost with it
            click.echo(f"{name} failed: {type(error).__name__}: {error}", err=True)
            failed.append(name)
            continue
        took = perf_counter() - began
        for section in found:
            section.judged = not quick
            section.measured = (
                f"{about['date']} at {about['commit']}, load {before} before and {load()} after {took:.0f} s"
            )
            click.echo(section.text())
        shown += found
        if results is not None:  # as it goes: what was measured is there if a later part fails
            old = results.read_text(encoding="utf-8") if results.exists() else ""
            results.write_text(document(shown, about, old), encoding="utf-8")
    if failed:
        raise click.ClickException(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
