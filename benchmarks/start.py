"""The time that the command takes to start, and the demo to end."""

from __future__ import annotations

import re
import shlex

from benchmarks.lines import Line, Section, Target
from benchmarks.measure import ROOT, command, process, ratios, take_turns
from benchmarks.scale import Scale

HELP = Target(5.0)
DEMO = Target(1.0)

_HOW = (
    "`python -m zswap_replay --help` and `python -c pass`, the same interpreter, by turns. The demo is the command of "
    "`traces/demo.sh`: two replays, under two compressors."
)


def section(scale: Scale) -> Section:
    """Measure the section."""
    shown = Section("Start", _HOW)
    starts = take_turns(
        scale.starts,
        {"help": lambda: command("--help").seconds, "pass": lambda: process("-c", "pass").seconds},
    )
    shown.lines.append(Line("--help against python -c pass", ratios(starts["help"], starts["pass"]), HELP))
    arguments = demo_arguments()
    demo = take_turns(scale.rounds, {"demo": lambda: command(*arguments).seconds})
    shown.lines.append(Line("run of the demo", tuple(demo["demo"]), DEMO, unit="s"))
    return shown


def demo_arguments() -> list[str]:
    """Read the arguments of zswap-replay in traces/demo.sh."""
    script = (ROOT / "traces" / "demo.sh").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(r'^set -- "\$1" (run .*)$', script, re.MULTILINE)
    assert found is not None, 'traces/demo.sh has no line: set -- "$1" run ...'
    return shlex.split(found[1])
