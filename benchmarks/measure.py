"""Timing contenders by turns, each once a round, so that a busy moment of the machine slows them all."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TypeVar

ROOT = Path(__file__).parents[1]
LAUNCHER = Path(__file__).with_name("launch.py")

AT_HAND = 512 << 20
"""Bytes that the system has at hand: more than contenders take, but for those of ten million pages."""

_Name = TypeVar("_Name", bound=Hashable)

Action = Callable[[], float]
"""A measurement: does something once and returns the seconds it took."""


def take_turns(rounds: int, actions: Mapping[_Name, Action]) -> dict[_Name, list[float]]:
    """Run each action once a round, with memory at hand; return the seconds of each, by name."""
    seconds: dict[_Name, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            have_memory_at_hand()
            seconds[name].append(action())
    return seconds


def have_memory_at_hand() -> None:
    """Touch memory and free it, so that the system has it for what comes next.

    A virtual machine may give memory that nobody uses back to its host, and to get it again takes 2 s a GiB where 0.05
    are usual: more than what is measured, and more for one contender than for the other.
    """
    with mmap.mmap(-1, AT_HAND, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):  # a kernel without huge pages takes longer
                memory.madvise(mmap.MADV_HUGEPAGE)
        for start in range(0, AT_HAND, mmap.PAGESIZE):
            memory[start] = 1


def ratios(over: list[float], under: list[float]) -> tuple[float, ...]:
    """Divide one series by the other, round by round."""
    return tuple(one / other for one, other in zip(over, under, strict=True))


def timed(call: Callable[[], object]) -> float:
    """Time a call, in seconds of the wall clock."""
    start = perf_counter()
    call()
    return perf_counter() - start


@dataclass(frozen=True)
class Ended:
    """A process that ended with status 0."""

    seconds: float
    peak: int
    """The peak of its resident memory, in bytes."""
    output: str


def process(*arguments: str) -> Ended:
    """Run this interpreter with some arguments, from the repository's root. Raises RuntimeError: it failed."""
    return _run(sys.executable, *arguments)


def script(*arguments: str) -> Ended:
    """Run a shell script with its arguments, as process() does. Raises RuntimeError: it failed."""
    return _run("/bin/sh", *arguments)


def _run(program: str, *arguments: str) -> Ended:
    with TemporaryDirectory() as folder:
        figures = Path(folder, "figures")
        done = subprocess.run(
            [sys.executable, "-S", str(LAUNCHER), str(figures), program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONDONTWRITEBYTECODE": "",
            },  # else each would compile the package's modules itself
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: exit status {done.returncode}: {done.stderr}")
        seconds, kibibytes = figures.read_text(encoding="utf-8").split()
    return Ended(float(seconds), int(kibibytes) << 10, done.stdout)


def command(*arguments: str) -> Ended:
    """Run ``zswap-replay`` with some arguments."""
    return process("-m", "zswap_replay", *arguments)
