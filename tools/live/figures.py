"""What ``make live`` shows beside captures: lines of tune that a kernel takes, and faults that were predicted."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

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
    """Write what tune prints to put its answer into force, for the guest to apply."""
    printed = subprocess.run(
        [sys.executable, "-m", "zswap_replay", *TUNE], capture_output=True, text=True, check=True, cwd=root
    ).stdout
    target.write_text(printed, encoding="utf-8")


def predicted(profile: CostProfile, compressor: str | None) -> int:
    """Compute what one fault takes, in ns, as results of replays do (docs/cost.md): from zswap, or from the disk."""
    if compressor is None:
        return profile.fault_ns + profile.read_ns
    codec = profile.codec(compressor)
    assert codec is not None
    return profile.fault_ns + codec.decompress_ns


def report_faults(log: str, share: Path) -> list[str]:
    """Compare the faults of the guest with what its own cost profile says of them: a line for each case.

    Of each round the faults of the kind that is told count, as many as were loaded or read: the longest ones, since
    zero pages need neither. Their median is taken.
    """
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
        text = (share / f"touches-{case}-{number}.txt").read_text()
        touches = sorted(int(each.split()[-1]) for each in text.splitlines())
        if case == "disk":
            ours = touches[-counted["pswpin"] :]
        else:  # what zswap refused is read from the disk, and takes longer
            ours = touches[-counted["zswpin"] - counted["pswpin"] : len(touches) - counted["pswpin"]]
        ratios[case].append(predicted(profile, None if case == "disk" else case) / median(ours))
        told[case] = (
            f"{counted['zswpin']} loads, {counted['pswpin']} reads, {median(ours):,.0f} ns in the last"
        )
    return [
        f"faults {case}: predicted / measured {median(each):.2f} "
        f"({min(each):.2f} to {max(each):.2f} in {len(each)} rounds; {told[case]})"
        for case, each in ratios.items()
    ]


def write_pages(root: Path, target: Path) -> None:
    """Write the pages of the recipe by which cost profiles are measured, for the guest's faults."""
    words = ("payload", "--pages", "500", "-f", "-o", str(target))
    subprocess.run([sys.executable, "-m", "zswap_replay", *words], capture_output=True, check=True, cwd=root)
