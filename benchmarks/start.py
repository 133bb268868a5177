"""The time that the command takes to start, and small traces to be replayed."""

from __future__ import annotations

import re
import shlex

from benchmarks.busy import conditions
from benchmarks.lines import Line, Section, Target
from benchmarks.measure import ROOT, command, process, ratios, take_turns
from benchmarks.sizes import Scale

HELP = Target(3.0)
SMALL = Target(2.5)
DEMO = Target(1.0)

SMALL_RUN = ("run", "traces/story.parquet", "--format", "json")

_HOW = (
    "`python -m zswap_replay --help` and `python -c pass`, the same interpreter, by turns; so are `run "
    "traces/story.parquet`, a trace of some thousand events, and `python -c 'import pyarrow.parquet'`. The demo is the "
    "command of `traces/demo.sh`: two replays, under two compressors."
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
    arguments = demo_arguments()
    demo = take_turns(demo_rounds, {"demo": lambda: command(*arguments).seconds})
    shown.lines.append(Line("run of the demo", tuple(demo["demo"]), DEMO, unit="s"))
    return shown


def demo_arguments() -> list[str]:
    """Read the arguments of zswap-replay in traces/demo.sh."""
    script = (ROOT / "traces" / "demo.sh").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(r'^set -- "\$1" (run .*)$', script, re.MULTILINE)
    assert found is not None, 'traces/demo.sh has no line: set -- "$1" run ...'
    return shlex.split(found[1])
