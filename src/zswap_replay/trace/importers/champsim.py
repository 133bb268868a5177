"""Traces from ChampSim's: records of 64 bytes, an instruction each, or lines of its load traces.

A record (trace_instruction.h, input_instr): the instruction's address, two flags of a branch, two registers written
and four read, two addresses written and four read; 0 is none. A line of a load trace: number of the instruction,
cycle, address of the load, address of the instruction, hit or miss.
"""

from __future__ import annotations

import os
import re

import numpy as np
import numpy.typing as npt

from zswap_replay.errors import TraceError
from zswap_replay.trace.importing.accesses import READ, WRITE, Accesses, each_line
from zswap_replay.trace.importing.job import Common, Imported, Job, Progress, importing
from zswap_replay.trace.importing.owners import Owner, Owners
from zswap_replay.trace.importing.source import Where
from zswap_replay.trace.importing.window import Window
from zswap_replay.units import PAGE_SIZE

_SHIFT = np.uint64(PAGE_SIZE.bit_length() - 1)

RECORD = np.dtype(
    [
        ("ip", "<u8"),
        ("is_branch", "u1"),
        ("branch_taken", "u1"),
        ("destination_registers", "u1", 2),
        ("source_registers", "u1", 4),
        ("destination_memory", "<u8", 2),
        ("source_memory", "<u8", 4),
    ]
)
_BLOCK_RECORDS = 1 << 16
_LOAD = re.compile(
    rb"^\s*(\d{1,18})\s*,\s*(\d{1,18})\s*,\s*(?:0x)?([0-9a-fA-F]{1,16})\s*,\s*(?:0x)?[0-9a-fA-F]{1,16}\s*(?:,\s*[01]\s*)?$"
)
_TEXT = re.compile(rb"[\s\x20-\x7e]+")


def import_champsim(
    records: Where,
    output: str | os.PathLike[str],
    *,
    ns_per_instruction: int = 1,
    instructions: bool = False,
    window: int = 1,
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn a ChampSim trace, records or lines of loads, into the trace `output`.

    An instruction takes `ns_per_instruction`; its reads come before its writes. With `instructions` it is a read of
    its own page too. `window` is as in import_lackey(); 0 keeps every access.

    Raises TraceError: what cannot be read, or no access at all; SettingsError: an output that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(
        records, common, f"ChampSim, {ns_per_instruction} ns per instruction, window {window}"
    ) as job:
        owner = Owners(job).of(None)
        seen = Window(window)
        head = job.source.peek(RECORD.itemsize)
        if head and _TEXT.fullmatch(head):
            _import_lines(job, owner, ns_per_instruction, seen)
        else:
            _import_records(job, owner, ns_per_instruction, instructions, seen)
        return job.finish("ChampSim's records of 64 bytes")


def _import_records(job: Job, owner: Owner, rate: int, instructions: bool, seen: Window) -> None:
    job.unit = "record"
    rest = b""
    while data := job.source.read(_BLOCK_RECORDS * RECORD.itemsize):
        data = rest + data
        whole = len(data) // RECORD.itemsize * RECORD.itemsize
        rest = data[whole:]
        records = np.frombuffer(data[:whole], RECORD)
        _check(job, records)
        number, address, event = _accesses(records, instructions)
        number += np.int64(job.read)
        page = address >> _SHIFT
        keep = seen.kept(page, event)
        times = job.times(number[keep].astype(np.uint64) + np.uint64(1), rate)
        job.write(times, event[keep], page[keep], owner.memcg, number[keep])
        job.read += len(records)
        job.counts["accesses"] += len(address)
        job.tell()
    if rest and not job.read:
        raise TraceError(
            f"{job.source.name}: found {len(rest)} bytes; expected records of {RECORD.itemsize} bytes"
        )
    job.cut_off = bool(rest)


def _check(job: Job, records: npt.NDArray[np.void]) -> None:
    """Refuse what is no record: flags above 1, or an instruction at 0."""
    wrong = (records["is_branch"] > 1) | (records["branch_taken"] > 1)
    if wrong.any():
        at = int(wrong.argmax())
        raise TraceError(
            f"{job.source.name}: record {job.read + at} (byte {(job.read + at) * RECORD.itemsize}): "
            f"found the branch flags "
            f"{records['is_branch'][at]} and {records['branch_taken'][at]}; expected 0 or 1 in ChampSim's records of "
            f"{RECORD.itemsize} bytes"
        )


def _accesses(
    records: npt.NDArray[np.void], instructions: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """Return, in order, the record, address and event of each access."""
    parts = [records["source_memory"], records["destination_memory"]]
    if instructions:
        parts.insert(0, records["ip"].reshape(-1, 1))
    address = np.concatenate(parts, axis=1)
    event = np.full(address.shape[1], READ, np.int32)
    event[-2:] = WRITE
    there = address != 0
    number = np.nonzero(there)[0].astype(np.int64)
    return number, address[there], np.broadcast_to(event, address.shape)[there]


def _import_lines(job: Job, owner: Owner, rate: int, seen: Window) -> None:
    accesses = Accesses()

    def take(line: bytes, number: int) -> None:
        found = _LOAD.match(line)
        if found is None:
            if not line.strip() or line.startswith(b"#"):
                return
            raise job.fault(number, line, "INSTRUCTION, CYCLE, ADDRESS, IP, HIT of a ChampSim load trace")
        page = int(found[3], 16) >> int(_SHIFT)
        if seen.keeps(page, write=False):
            accesses.add(int(found[2]) * rate, READ, page, owner.memcg, number)

    each_line(job, take, accesses)
