"""The time that the command takes to start, and small traces to be replayed."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.busy import conditions
from benchmarks.lines import Line, Section, Target
from benchmarks.measure import command, process, ratios, script, take_turns
from benchmarks.sizes import Scale

HELP = Target(3.0)
SMALL = Target(2.5)
DEMO = Target(2.0)
DEMO_SCRIPT = ("traces/demo.sh", str(Path(sys.executable).with_name("zswap-replay")))

SMALL_RUN = ("run", "traces/story.parquet", "--format", "json")

_HOW = (
    "`python -m zswap_replay --help` and `python -c pass`, the same interpreter, by turns; so are `run "
    "traces/story.parquet`, a trace of some thousand events, and `python -c 'import pyarrow.parquet'`. The demo is "
    "`traces/demo.sh`, of `make demo`: two replays, under two compressors, and a search of seven points beside them."
)


def sections(scale: Scale) -> list[Section]:
    """Measure the sections."""
    return [
        _section(condition.title("Start"), condition.of(scale.starts), condition.of(scale.rounds))
        for condition in conditions(scale)
    ]


def _section(title: str, rounds: int, demo_rounds: int) -> Section:
    shown = Section(title, _HOW)
    starts = take_turns(
        rounds,
        {
            "help": lambda: command("--help").seconds,
            "pass": lambda: process("-c", "pass").seconds,
            "small": lambda: command(*SMALL_RUN).seconds,
            "import": lambda: process("-c", "import pyarrow.parquet").seconds,
        },
    )
    shown.lines.append(Line("--help against python -c pass", ratios(starts["help"], starts["pass"]), HELP))
    against_import = ratios(starts["small"], starts["import"])
    shown.lines.append(Line("run of a small trace against import pyarrow.parquet", against_import, SMALL))
    shown.lines.append(Line("run of a small trace", tuple(starts["small"]), unit="s"))
    demo = take_turns(demo_rounds, {"demo": lambda: script(*DEMO_SCRIPT).seconds})
    shown.lines.append(Line("the demo", tuple(demo["demo"]), DEMO, unit="s"))
    return shown
