"""``make live``: boot a stock kernel in QEMU, capture by each tool, import, replay, and compare counter by counter."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.live import figures, machine

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = (
    "bpftrace",
    "overhead",
    "fprobe",
    "kprobe",
    "background",
    "shell",
    "tracecmd",
    "perf_record",
    "pool",
    "ends",
    "apply",
    "faults",
)
FOLDERS = {"perf_record": "perf"}
NO_FOLDER = ("ends", "overhead", "apply", "faults")
KERNEL = "6.12"


def main() -> int:
    """Run what the command line asks for; the status is 1 where a value differs or a probe is left."""
    parser = argparse.ArgumentParser(prog="make live", description=__doc__)
    parser.add_argument(
        "--kernel",
        default=KERNEL,
        help="the version of Debian's package, a linux-image .deb, or a folder with a kernel's packages unpacked",
    )
    parser.add_argument("--only", nargs="*", choices=CAPTURES, default=CAPTURES, help="captures to make")
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build" / "live", help="where to build and to keep them"
    )
    parser.add_argument("--processors", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=7200, help="when the machine is given up")
    arguments = parser.parse_args()
    work: Path = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    machine.demand_programs()
    kernel = machine.find_kernel(arguments.kernel, work)
    share = work / "share"
    shutil.rmtree(share, ignore_errors=True)
    share.mkdir()
    machine.compile_pages(ROOT / "tools" / "live" / "pages.c", share / "pages")
    (share / "settings.sh").write_text(
        f"PYTHON={sys.executable}\nCAPTURES='{' '.join(arguments.only)}'\n", encoding="utf-8"
    )
    figures.write_lines(ROOT, share / "apply.sh")
    figures.write_pages(ROOT, share / "pages.bin")
    began = time.monotonic()
    print(f"booting {kernel.release} ({kernel.package}); {share}/guest.log tells what happens", flush=True)
    machine.boot(kernel, ROOT, share, work, processors=arguments.processors, seconds=arguments.seconds)
    print(f"the machine ran for {time.monotonic() - began:,.0f} s", flush=True)
    log = (share / "guest.log").read_text(encoding="utf-8", errors="replace")
    return report(log, share, arguments.only)


def report(log: str, share: Path, captures: tuple[str, ...]) -> int:
    """Print what the guest said of itself, and what each capture's replay says."""
    failed = "LEFT BEHIND" in log or "=== end" not in log or "apply REFUSED" in log
    for line in log.splitlines():
        if line.startswith(("cost ", "after ", "LEFT BEHIND", "apply ")):
            print(line)
    if "faults" in captures:
        print(*figures.report_faults(log, share), sep="\n")
    for capture in captures:
        if capture in NO_FOLDER:
            continue
        folder = share / FOLDERS.get(capture, capture)
        checked = subprocess.run(
            [sys.executable, "-m", "zswap_replay", "live-check", os.fspath(folder)],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        failed |= checked.returncode != 0
        last = checked.stdout.splitlines()[-1:] or ["no figures"]
        print(f"{capture:<12} {last[0]}")
        if checked.returncode:
            print(checked.stderr, end="")
    print("FAILED" if failed else "all are equal, and nothing was left behind")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
