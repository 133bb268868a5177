"""The speed of importers, in lines or records a second, beside ``wc -l`` and a bare read of the same file.

    python -m benchmarks.imports [LINES]

Each input is made first, in a folder of its own. Seconds are those of the processor, of all threads, so that other
programs on the machine matter less; what is shown is the best of three rounds.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.trace import importers
from zswap_replay.trace.importers.champsim import RECORD
from zswap_replay.trace.importers.libcachesim import ORACLE

ROUNDS = 3
_BLOCK = 1 << 20
_MS = 10**6


def _addresses(lines: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Addresses of 20,000 pages, those of a low number more often."""
    page = (20_000 * np.random.default_rng(0).random(lines) ** 4).astype(np.uint64)
    return (np.uint64(0x7F0000000) + page) << np.uint64(12)


def _texts(lines: int) -> Iterator[tuple[str, dict[str, Any], Iterator[str]]]:
    """Yield importer, options and lines of each text."""
    found = _addresses(lines).tolist()
    numbered = list(enumerate(found))
    columns = ["page=addr>>12", "time_ns=seconds*1e9", "event=rw", "memcg=comm"]
    rows = (f"{n // 1000}.{n % 1000:03},web,{a:#x},{'RW'[n % 2]}\n" for n, a in numbered)
    yield "csv", {"column": columns}, iter(["seconds,comm,addr,rw\n", *rows])
    yield "addresses", {}, (f"{a:#x}\n" for a in found)
    yield "lackey", {"window": 64}, (f"{'I ' if n % 2 else ' S'} {a:08x},4\n" for n, a in numbered)
    yield (
        "perf-script",
        {},
        (f"  wl  265/265  {n // 1000}.{n % 1000:09}: page-faults:  {a:x}\n" for n, a in numbered),
    )
    yield (
        "perf-trace",
        {},
        (f" {n}.000 ( 0.000 ms): wl/263 minfault [main+0x1] => //anon@{a:#x} (d.)\n" for n, a in numbered),
    )
    heading = "# PID, TID, IP, ADDR, LOCAL WEIGHT, DSRC, SYMBOL\n"
    yield "perf-mem", {}, iter([heading, *(f"  1  1 0x1 {a:#018x} 7 0x68100842 /bin/a:m\n" for a in found)])
    yield (
        "damon",
        {"sample": 5 * _MS, "aggr": 100 * _MS},
        (
            f" kdamond.0-1 [000] ..... {n // 10}.{n % 10}00000: damon_aggregated: target_id=0 nr_regions=10 "
            f"{a}-{a + 4096}: {n % 2} 1\n"
            for n, a in numbered
        ),
    )
    yield "soft-dirty", {}, (f"{n // 100 * 1000} 7 {a >> 12} 1 PD\n" for n, a in numbered)
    yield "idle-page", {}, (f"{n // 100 * 1000} 7 {a >> 12} 1 A\n" for n, a in numbered)
    yield (
        "drmemtrace",
        {},
        (f" {n} {n}: 12 write  8 byte(s) @ {a:#018x} by PC 0x0000000000404a7e\n" for n, a in numbered),
    )
    yield (
        "libcachesim-csv",
        {},
        iter(["time,obj_id,obj_size\n", *(f"{n // 1000},{a},4096\n" for n, a in numbered)]),
    )


def inputs(lines: int, folder: Path) -> Iterator[tuple[str, dict[str, Any], Path, int]]:
    """Make the input of each importer; yield the importer, its options, the file and its lines or records."""
    for name, options, text in _texts(lines):
        path = folder / f"{name}.txt"
        with path.open("w", encoding="ascii") as file:
            file.writelines(text)
        yield name, options, path, lines
    address = _addresses(lines)
    table = pa.table({"addr": pa.array(address), "seconds": pa.array(np.arange(lines) / 1000)})
    columns = {"column": ["page=addr>>12", "time_ns=seconds*1e9"]}
    with pa.ipc.new_file(str(folder / "a.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=1 << 17)
    yield "arrow", columns, folder / "a.arrow", lines
    pq.write_table(table, folder / "a.pq")
    yield "parquet", columns, folder / "a.pq", lines
    requests = np.zeros(lines, ORACLE)
    requests["time"], requests["obj_id"] = np.arange(lines) // 1000, address >> np.uint64(12)
    requests.tofile(folder / "requests")
    yield "oraclegeneral", {}, folder / "requests", lines
    magic = (0x123456789ABCDEF0).to_bytes(8, "little")
    header = magic + (1).to_bytes(8, "little") + bytes(8192 - 24) + magic
    (folder / "lcs").write_bytes(header + requests.tobytes())
    yield "lcs", {}, folder / "lcs", lines
    records = np.zeros(lines, RECORD)
    records["source_memory"][:, 0] = address
    records.tofile(folder / "champsim")
    yield "champsim", {}, folder / "champsim", lines
    regions = [
        {"start": f"{a:,}", "end": f"{a + 4096:,}", "nr_accesses": {"samples": 1}} for a in address.tolist()
    ]
    snapshots = [
        {"start_time": str(n * 1000), "end_time": str(n * 1000 + 1000), "regions": regions[n : n + 10]}
        for n in range(0, lines, 10)
    ]
    record = {"intervals": {"sample_us": "5000", "aggr_us": "100000"}, "snapshots": snapshots}
    (folder / "damo").write_text(json.dumps([record]))
    yield "damo", {}, folder / "damo", lines


def seconds(work: Callable[[], object]) -> float:
    """Return the least seconds of the processor, of this process and its children, that some work takes."""

    def used() -> float:
        found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(each.ru_utime + each.ru_stime for each in found)

    least = float("inf")
    for _ in range(ROUNDS):
        before = used()
        work()
        least = min(least, used() - before)
    return max(least, 1e-4)


def read(path: Path) -> None:
    """Read a file in blocks, and do nothing with them."""
    with path.open("rb") as file:
        while file.read(_BLOCK):
            pass


def main(lines: int) -> None:
    """Measure all importers with inputs of so many lines, and print a table."""
    print("| importer | million lines/s | `wc -l` | bare read | MB/s |\n|---|---:|---:|---:|---:|")
    with TemporaryDirectory() as name:
        folder = Path(name)
        for importer, options, path, count in inputs(lines, folder):

            def work(importer: str = importer, path: Path = path, options: dict[str, Any] = options) -> None:
                importers.run(importer, path, folder / "t.parquet", overwrite=True, **options)

            def counted(path: Path = path) -> None:
                subprocess.run(["wc", "-l", str(path)], check=True, capture_output=True)

            def bare(path: Path = path) -> None:
                read(path)

            took = seconds(work)
            figures = (count / took, count / seconds(counted), count / seconds(bare))
            shown = " | ".join(f"{figure / 1e6:,.2f}" for figure in figures)
            print(f"| `{importer}` | {shown} | {path.stat().st_size / took / 1e6:,.0f} |", flush=True)
            path.unlink()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
