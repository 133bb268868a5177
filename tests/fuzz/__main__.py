"""Fuzz all targets, each for some seconds in a process of its own: ``python -m tests.fuzz --seconds 60 [TARGET ...]``.

With atheris the fuzzing is led by coverage, else bytes of good input are changed at random. What crashes or hangs is
kept in build/fuzz/TARGET; put it into tests/fuzz/corpus/NAME with the change that mends it.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "fuzz"
SLOW_S = 20
"""Seconds within which an input is done with; one that takes longer is a hang."""
RSS_MB = 4096


NAMES = (
    "trace",
    "table",
    "lackey",
    "imports",
    "result",
    "sweep",
    "recipe",
    "lengths",
    "tolerance",
    "settings",
)
"""The targets of targets.py, which is imported where it is instrumented."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--one", choices=NAMES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        _fuzz(asked.one, asked.seconds)
        return 0
    faults = 0
    for name in asked.targets or NAMES:
        shutil.rmtree(BUILD / name, ignore_errors=True)
        (BUILD / name / "corpus").mkdir(parents=True)
        command = [sys.executable, "-m", "tests.fuzz", "--one", name, "--seconds", str(asked.seconds)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
        (BUILD / f"{name}.log").write_text(done.stdout + done.stderr)
        runs = re.findall(r"number_of_executed_units: *(\d+)", done.stdout + done.stderr)
        crashes = sorted(file.name for file in (BUILD / name).iterdir() if file.is_file())
        print(
            f"{name}: {runs[-1] if runs else 'no'} executions, {len(crashes)} crashes {' '.join(crashes)}",
            flush=True,
        )
        faults += len(crashes) or done.returncode != 0
    return 1 if faults else 0


def _noting_crashes(name: str, one: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """What gives an input to a target, and keeps the first that ends in an error of its kind."""
    met: set[str] = set()

    def give(data: bytes) -> None:
        try:
            one(bytes(data))
        except Exception as error:
            ours = [
                frame
                for frame in traceback.extract_tb(error.__traceback__)
                if "zswap_replay" in frame.filename
            ]
            kind = (
                f"{type(error).__name__}-{Path(ours[-1].filename).stem}-{ours[-1].lineno}"
                if ours
                else type(error).__name__
            )
            if kind not in met:
                met.add(kind)
                (BUILD / name / f"crash-{kind}").write_bytes(data)
                traceback.print_exc()

    return give


def _fuzz(name: str, seconds: int) -> None:
    if importlib.util.find_spec("atheris") is None:
        _change_at_random(name, seconds)
        return
    import atheris  # type: ignore[import-untyped]

    # compiled modules are not seen: they only take what was checked
    with atheris.instrument_imports(include=["zswap_replay"], enable_loader_override=False):
        from tests.fuzz.targets import TARGETS, one_clear_error, seeds

    target = TARGETS[name]
    corpus = BUILD / name / "corpus"
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={SLOW_S}",
        f"-rss_limit_mb={RSS_MB}",
        f"-artifact_prefix={BUILD / name}/",
        "-print_final_stats=1",
        "-max_len=65536",
        "-verbosity=0",
        "-seed=1",
    ]
    give = _noting_crashes(name, partial(one_clear_error, target))
    atheris.Setup([sys.argv[0], *options, str(corpus)], give)
    atheris.Fuzz()


def _change_at_random(name: str, seconds: int) -> None:
    from tests.fuzz.targets import TARGETS, changed, one_clear_error, seeds

    random = Random(1)
    give = _noting_crashes(name, partial(one_clear_error, TARGETS[name]))
    runs = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        give(changed(random, seeds(name)))
        runs += 1
    print(f"number_of_executed_units: {runs}")


if __name__ == "__main__":
    sys.exit(main())
