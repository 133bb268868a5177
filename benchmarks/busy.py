"""A core that another process keeps busy, as it is on machines that people work at."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.sizes import Scale

_SPIN = """
import os, sys
parent = int(sys.argv[1])
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""
"""Ends by itself when the process that started it is gone."""


@dataclass(frozen=True)
class Condition:
    """Under which something is measured."""

    suffix: str
    """Added to the title of a section."""
    rounds: int | None
    """None for as many as the part has."""
    long_rounds: int | None
    """The same of what takes a minute."""

    def title(self, title: str) -> str:
        """Name a section that is measured under this condition."""
        return f"{title}{self.suffix}"

    def of(self, rounds: int) -> int:
        """Return the number of rounds in place of ``rounds``."""
        return rounds if self.rounds is None else min(rounds, self.rounds)

    def of_long(self, rounds: int) -> int:
        """Return the number of rounds in place of ``rounds`` of something that takes a minute."""
        return rounds if self.long_rounds is None else min(rounds, self.long_rounds)


QUIET = Condition("", None, None)


def conditions(scale: Scale) -> Iterator[Condition]:
    """Yield the condition of a machine that does nothing else, then, if asked for, that of one with a core busy."""
    yield QUIET
    if scale.busy_rounds:
        with busy_core():
            yield Condition(", one core busy", scale.busy_rounds, scale.busy_long_rounds)


@contextmanager
def busy_core() -> Iterator[int]:
    """Keep the last core busy by a process of its own, whose id is given; it is killed at the end."""
    core = max(os.sched_getaffinity(0))
    with subprocess.Popen([sys.executable, "-S", "-c", _SPIN, str(os.getpid())]) as spinner:
        try:
            os.sched_setaffinity(spinner.pid, {core})
            yield spinner.pid
        finally:
            spinner.kill()
