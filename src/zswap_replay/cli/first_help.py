"""What ``zswap-replay --help`` prints, without click: importing that takes three times as long as Python to start."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

PROGRAM = "zswap-replay"
WIDEST_HELP = 100

SUMMARY = (
    "Replay page-access and memcg traces through a model of Linux zswap, and print the kernel's counters."
)

OPTIONS = {
    "--version": "Show the version and whether the core is compiled, and exit.",
    "-h, --help": "Show this message and exit.",
}

COMMANDS = {
    "run": "Replay a trace and print the kernel's counters.",
    "check": "Replay a trace and compare with a file of expected results.",
    "capture": "Capture a live kernel's zswap into a folder.",
    "live-check": "Hold a capture of a live kernel against its own replay.",
    "compare": "Compare results side by side.",
    "explain": "Say in plain sentences what happened in a replay, and why.",
    "sweep": "Replay a trace at every point of a grid of settings.",
    "tune": "Find the best settings under constraints, and the lines to apply them.",
    "report": "Make a page of charts and tables of results, of a sweep or of a trace.",
    "cost": "Make and show cost profiles: what time and wear are reckoned by.",
    "trace": "Make, check and show traces.",
    "memory": "Measure how your own memory compresses, and make recipes of it.",
    "payload": "Show what pages hold and how well they compress.",
    "kernels": "List the kernel releases that can be replayed.",
    "completion": "Print a script that completes the command line in a shell.",
}
"""Each command with the line that ``--help`` shows; the command ``x-y`` is ``x_y`` of the module ``cli.x_y``."""


def width() -> int:
    """Return the width of a help, as click finds it, but without shutil: bz2 and lzma that come with it take 2 ms."""
    try:
        columns = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size(1).columns
    except (ValueError, OSError):
        columns = 0
    return max(min(columns or 80, WIDEST_HELP) - 2, 50)


def render() -> str:
    """Lay the help out as click does."""
    within = width()
    lines = [f"Usage: {PROGRAM} [OPTIONS] COMMAND [ARGS]...", ""]
    lines += [f"  {line}" for line in _wrapped(SUMMARY, within - 2)]
    for title, texts in (("Options", OPTIONS), ("Commands", COMMANDS)):
        lines += ["", f"{title}:", *_listed(texts, within)]
    return "\n".join([*lines, ""])


def _listed(texts: Mapping[str, str], within: int) -> Iterator[str]:
    """Yield the lines of a list of names, each with what it does beside it."""
    column = max(map(len, texts)) + 2
    for name, text in texts.items():
        first, *rest = _wrapped(text, max(within - column - 2, 10))
        yield f"  {name:<{column}}{first}"
        yield from (f"  {'':<{column}}{line}" for line in rest)


def _wrapped(text: str, within: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > within:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    return lines
