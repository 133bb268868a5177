"""One replay of very many events: does its time stay in step with them, and its memory flat?

``python -m benchmarks.scale --events 1e9`` makes a trace of them chunk by chunk, some 4 bytes an event, and replays it
as a stream in a process of its own, with known lengths. A thousand million take about an hour, most of it to make the
trace.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click

from benchmarks.accesses import FAST, PATTERNS, accesses, write_lengths_of, write_trace
from benchmarks.environment import environment, load
from benchmarks.lines import Line, Section, Target, document
from benchmarks.measure import Ended, process
from benchmarks.memory import memory_line

CONTENTS = 4096
FLAT = Target(1.05)
TEN_TIMES = Target(10.5)

_HOW = (
    "`replay()` in a process of its own of a trace of the {pattern} pattern, with a file of lengths, reading included, "
    "once; and of its first tenth. The pace is the median time of a hundredth of the events, in the last fifth of the "
    "replay against its second fifth, when all pages have been touched; resident memory likewise. With known lengths "
    "no bytes are kept, so the bound of memory is 150 MiB and 64 bytes for each distinct page."
)


def number(text: str) -> int:
    """Read a whole number, which may be spelled 1e9. Raises ValueError."""
    value = float(text)
    if value != int(value) or value < 1:
        raise ValueError(text)
    return int(value)


class Number(click.ParamType[int]):
    """A whole number above 0, spelled 1000000 or 1e6."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return number(str(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r}: expected a whole number above 0, such as 1000000 or 1e6", param, ctx)


def _trace(events: int, pages: int, pattern: str, folder: Path) -> tuple[Path, int]:
    """Make the trace, where it is not there from another time; return it and the number of its pages."""
    trace = folder / f"{pattern}-{pages}-{events}.parquet"
    known = trace.with_suffix(".pages")
    if not known.exists():
        touched = write_trace(trace, accesses(pattern, pages, events), CONTENTS, encoding=FAST)
        known.write_text(f"{touched}\n", encoding="utf-8")
    return trace, int(known.read_text(encoding="utf-8"))


def section(events: int, pages: int, pattern: str, folder: Path) -> Section:
    """Measure the section; its trace is in ``folder``, or made there."""
    shown = Section(f"{events:,} events", _HOW.format(pattern=pattern))
    lengths = folder / "scale-lengths.parquet"
    write_lengths_of(lengths, CONTENTS)
    trace, touched = _trace(events, pages, pattern, folder)
    arguments = ["-m", "benchmarks.paced", str(trace), str(lengths), str(touched)]
    tenth = json.loads(process(*arguments, str(events // 10)).output)
    ended = process(*arguments)
    told = json.loads(ended.output)
    _add(shown, events, touched, ended, told)
    against = told["seconds"][-1] / tenth["seconds"][-1]
    shown.lines.append(Line(f"{events:,} events against their first tenth", (against,), TEN_TIMES))
    shown.facts.append(f"{trace.stat().st_size / 1e9:.2f} GB of trace, {touched:,} pages")
    return shown


def _add(shown: Section, events: int, touched: int, ended: Ended, told: dict[str, list[float]]) -> None:
    seconds, resident = told["seconds"], told["resident"]
    steps = [after - before for before, after in pairwise([0.0, *seconds])]
    fifth = len(steps) // 5
    pace = median(steps[-fifth:]) / median(steps[fifth : 2 * fifth])
    shown.lines += [
        Line("pace at the end against that after the first fifth", (pace,), FLAT),
        Line(
            "resident memory at the end against that after the first fifth",
            (resident[-1] / resident[fifth],),
            FLAT,
        ),
        memory_line("peak memory", ended.peak, touched, 0),
        Line("the replay", (seconds[-1],), unit="s"),
        Line("events", (events / seconds[-1] / 1e6,), unit="M/s"),
    ]


@click.command(help=__doc__)
@click.option("--events", type=Number(), default="1e9", show_default=True)
@click.option("--pages", type=Number(), default="1e6", show_default=True, help="Pages that are accessed.")
@click.option("--pattern", type=click.Choice(list(PATTERNS)), default="scan", show_default=True)
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write Markdown there too, beside what it has.",
)
@click.option(
    "--scratch",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder for the trace, which stays there for another time [default: the system's, for this time].",
)
@click.option(
    "--only-make", is_flag=True, help="Make the trace in the folder of --scratch, and measure nothing."
)
def main(
    events: int, pages: int, pattern: str, results: Path | None, scratch: Path | None, only_make: bool
) -> None:
    if only_make:
        if scratch is None:
            raise click.UsageError("--only-make: expected --scratch FOLDER, in which the trace stays")
        click.echo(_trace(events, pages, pattern, scratch)[0])
        return
    about, before = environment(), load()
    with TemporaryDirectory(prefix="zswap-replay-scale-") as temporary:
        shown = section(events, pages, pattern, scratch or Path(temporary))
    shown.measured = f"{about['date']} at {about['commit']}, load {before} before and {load()} after"
    click.echo(shown.text())
    if results is not None:
        old = results.read_text(encoding="utf-8") if results.exists() else ""
        results.write_text(document([shown], about, old), encoding="utf-8")


if __name__ == "__main__":
    main()
