"""What the search finds on each bundled trace: the table of docs/tune.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner

from tests.paths import TRACES
from zswap_replay.cli.main import cli
from zswap_replay.units import format_size, format_time

HEADS: Final = ("trace", "least", "default", "best", "of the shrink delays", "settings")
_PROGRAM: Final = ("--vary", "compressor=zstd,lz4", "--vary", "max_pool_percent=5..50", "--replays", "12")
_TENANTS: Final = ("--totalram", "64M", "--max-pool-percent", "5", "--set", "/build:memory.max=6M")


def _limited(name: str) -> tuple[str, ...]:
    return "--set", f"/{name}:memory.max=0.6ws"


CASES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    **{name: ("stall_ns", (*_limited(name), *_PROGRAM)) for name in ("app", "build", "db")},
    **{
        f"{name}, 8M": ("swap_read_bytes", ("--totalram", "8M", *_limited(name), *_PROGRAM))
        for name in ("app", "build", "db")
    },
    "two-tenants": (
        "swap_read_bytes",
        (
            *_TENANTS,
            *("--set", "/db:memory.max=6M", "--vary", "/build:memory.zswap.max=256K..4M"),
            *("--vary", "compressor=zstd,lz4", "--replays", "16"),
        ),
    ),
    "story": (
        "swap_read_bytes",
        ("--vary", "compressor=zstd,lz4", "--vary", "max_pool_percent=1..50", "--replays", "40"),
    ),
}
"""By the row's name, what is minimized, and the options of the search."""


def searched(case: str, folder: Path) -> dict[str, Any]:
    """Search as the page says, and return what is written."""
    least, options = CASES[case]
    trace = str(TRACES / f"{case.partition(',')[0]}.parquet")
    words = ["tune", trace, *options, "--minimize", least, "--subject-to", "oom==0", "--jobs", "1", "-q"]
    output = folder / "tune.json"
    done = CliRunner().invoke(cli, [*words, "--hold-out", "0", "-f", "-o", str(output)])
    assert 0 == done.exit_code, done.output
    document: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return document


def row(case: str, folder: Path) -> tuple[str, ...]:
    """Make a row: figures of the default settings and of the best ones, and what differs between machines."""
    found = searched(case, folder)
    least = CASES[case][0]
    spell = format_time if least.endswith("_ns") else format_size
    column = f"derived.{least}"
    best = found["points"][found["best"]]
    delays = sorted(set(found["delays"]["figures"][column]))
    told = spell(delays[0]) if len(delays) == 1 else f"{spell(delays[0])} to {spell(delays[-1])}"
    settings = ", ".join(
        value if name == "compressor" else f"`{name}` {value}"
        for name, value in sorted(best["settings"].items())
    )
    numbers = [spell(point["figures"][column]) for point in (found["points"][0], best)]
    return case, f"`{least}`", *numbers, told, settings
