"""What each tier does on each bundled trace at equal memory: the table of docs/zswap-or-zram.md."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from click.testing import CliRunner

from tests.conformance.documents import markdown
from tests.paths import TRACES
from zswap_replay.cli.main import cli
from zswap_replay.result.file import read_results
from zswap_replay.result.memory import at_equal_memory
from zswap_replay.units import format_size, format_time

TIERS: Final = ("zswap", "zram", "disk")
HEADS: Final = (
    *("trace", "`memory.max`", "faults: zswap", "zram", "disk"),
    *("stall: zswap", "zram", "disk", "written to a disk: zswap", "disk"),
)
_LIMITED: Final = {"app": ("/app",), "build": ("/build",), "db": ("/db",), "two-tenants": ("/build", "/db")}
CASES: Final = (*((trace, share) for share in ("0.7ws", "0.5ws") for trace in _LIMITED), ("story", "none"))


def row(trace: str, share: str, folder: Path) -> list[str]:
    """Replay a trace under each tier, its memcgs limited to a share of what they touch."""
    limits = [word for path in _LIMITED.get(trace, ()) for word in ("--set", f"{path}:memory.max={share}")]
    tiers = [word for tier in TIERS for word in ("--tier", tier)]
    output = folder / f"{trace}-{share}.json"
    words = ["run", str(TRACES / f"{trace}.parquet"), "--kernel", "6.12", "-c", "lz4", "--recipe", "server"]
    words += [*tiers, *limits, "--no-timing", "-q", "--format", "json", "-o", str(output)]
    done = CliRunner().invoke(cli, words)
    assert 0 == done.exit_code, done.output
    found = [at_equal_memory(result) for result in read_results(str(output))]
    return [
        trace,
        share,
        *(f"{each['pgmajfault']:,}" for each in found),
        *(format_time(each["stall_ns"]) for each in found),
        *(format_size(found[place]["swap_write_bytes"]) for place in (0, 2)),
    ]


def table(folder: Path) -> str:
    """Make the whole table."""
    return markdown(HEADS, [row(trace, share, folder) for trace, share in CASES])
