"""Measure what performance is promised, against named floors and peers: ``python -m benchmarks.bench``.

Every line is a ratio of timings taken in turns in one run, beside its target. Nothing fails for being slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks import codecs, model, own, scaling, soak, start
from benchmarks.environment import environment
from benchmarks.lines import Section, document
from benchmarks.scale import FULL, QUICK, Scale

Part = Callable[[Scale, Path], Iterable[Section]]

PARTS: dict[str, Part] = {
    "model": model.sections,
    "codec": codecs.sections,
    "own": lambda scale, _: [own.section(scale)],
    "scaling": lambda scale, folder: [scaling.section(scale, folder)],
    "soak": lambda scale, folder: [soak.section(scale, folder)],
    "start": lambda scale, _: [start.section(scale)],
}


@click.command(help=__doc__)
@click.option(
    "--quick", is_flag=True, help="Small inputs and one round: sees that it works, measures nothing."
)
@click.option(
    "--large/--no-large", default=True, help="Whether 100 M events are replayed.", show_default=True
)
@click.option("--rounds", type=click.IntRange(1), help="Rounds instead of 5 (and 20 of starts).")
@click.option(
    "--only", type=click.Choice(list(PARTS)), multiple=True, help="Measure this part alone. Repeatable."
)
@click.option("--results", type=click.Path(dir_okay=False, path_type=Path), help="Write Markdown there too.")
@click.option(
    "--scratch",
    type=click.Path(file_okay=False, exists=True),
    help="Folder for the traces, some GB [default: the system's].",
)
def main(
    quick: bool,
    large: bool,
    rounds: int | None,
    only: tuple[str, ...],
    results: Path | None,
    scratch: str | None,
) -> None:
    scale = QUICK if quick else FULL
    if not large:
        scale = scale.without_large()
    if rounds is not None:
        scale = replace(scale, rounds=rounds, starts=rounds)
    about = environment()
    for name, value in about.items():
        click.echo(f"{name}: {value}")
    click.echo(f"rounds: {scale.rounds}, of starts {scale.starts}\n")
    shown = []
    for name in only or PARTS:
        click.echo(f"measuring: {name} ...", err=True)
        with TemporaryDirectory(prefix="zswap-replay-bench-", dir=scratch) as folder:
            for section in PARTS[name](scale, Path(folder)):
                click.echo(section.text())
                shown.append(section)
    if results is not None:
        about["rounds"] = f"{scale.rounds}, of starts {scale.starts}"
        results.write_text(document(shown, about), encoding="utf-8")


if __name__ == "__main__":
    main()
