"""What ``make live`` shows beside captures: lines of tune that a kernel takes, and faults that were predicted."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from zswap_replay.result.cost_profile import CostProfile, load_profile

TUNE = (
    *(
        "tune",
        "traces/story.parquet",
        "--kernel",
        "6.12",
        "--jobs",
        "1",
        "--replays",
        "4",
        "--hold-out",
        "0",
        "-q",
    ),
    *("--vary", "compressor=zstd,lz4", "--vary", "max_pool_percent=1..50", "--vary", "zpool=zsmalloc"),
    *("--vary", "accept_threshold_percent=50..100", "--vary", "shrinker_enabled=y,n"),
    *(
        "--vary",
        "/web:memory.zswap.max=64K..1M",
        "--set",
        "/web:memory.max=4M",
        "--set",
        "/web:memory.high=3M",
    ),
    *("--set", "/web:memory.swap.max=1G", "--set", "/web:memory.zswap.writeback=0"),
    *("--minimize", "swap_read_bytes", "--emit", "sysfs"),
)
"""A search that ends with a line for each parameter and each file of a memcg."""


def write_lines(root: Path, target: Path) -> None:
    """Let tune print what it puts into force, for the guest to apply."""
    printed = subprocess.run(
        [sys.executable, "-m", "zswap_replay", *TUNE], capture_output=True, text=True, check=True, cwd=root
    ).stdout
    target.write_text(printed, encoding="utf-8")


def predicted(profile: CostProfile, compressor: str, counted: dict[str, int]) -> int:
    """Reckon the stall of some faults, in ns, as the results of replays do: docs/cost.md."""
    loads = counted["zswpin"] * profile.codec(compressor).decompress_ns if counted["zswpin"] else 0
    return counted["pgmajfault"] * profile.fault_ns + loads + counted["pswpin"] * profile.read_ns


def report_faults(log: str, share: Path) -> list[str]:
    """Hold the faults of the guest against what its own cost profile says of them: a line for each case."""
    profile = load_profile(str(share / "guest.toml"))
    ratios: dict[str, list[float]] = defaultdict(list)
    told: dict[str, str] = {}
    for line in log.splitlines():
        if not line.startswith("faults "):
            continue
        _, case, number, *rest = line.split()
        middle = rest.index("after")
        before, after = (
            dict(each.split("=") for each in part) for part in (rest[1:middle], rest[middle + 1 :])
        )
        counted = {name: int(after[name]) - int(before[name]) for name in after}
        touches = [
            int(text.split()[-1])
            for text in (share / f"touches-{case}-{number}.txt").read_text().splitlines()
        ]
        ratios[case].append(predicted(profile, "lz4" if case == "disk" else case, counted) / sum(touches))
        told[case] = (
            f"{counted['zswpin']} loads, {counted['pswpin']} reads, {counted['pgmajfault']} major faults, "
            f"{sum(touches) / len(touches):,.0f} ns a touch"
        )
    return [
        f"faults {case}: predicted / measured {sorted(each)[len(each) // 2]:.2f} "
        f"({min(each):.2f} to {max(each):.2f} in {len(each)} rounds; {told[case]} in the last)"
        for case, each in ratios.items()
    ]
