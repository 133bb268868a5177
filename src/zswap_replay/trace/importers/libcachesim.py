"""Traces from libCacheSim's: oracleGeneral, lcs and CSV. An object is a page, whatever its size.

The layouts are those of its readers: oracleGeneralBin.h, lcs.h (header of 8,192 bytes, then records of the version
that it names) and csv.c. Times are whole seconds, so that all requests of a second have one time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.importers.csv_table import import_csv
from zswap_replay.trace.importing.job import Common, Imported, Job, Progress, importing
from zswap_replay.trace.importing.owners import Owners, path_of
from zswap_replay.trace.importing.source import Where
from zswap_replay.trace.schema import Event
from zswap_replay.units import PAGE_SIZE, listed, read_digits

ORACLE = np.dtype([("time", "<u4"), ("obj_id", "<u8"), ("obj_size", "<u4"), ("next", "<i8")])
"""A request of oracleGeneral, and of lcs version 1."""

_SECOND = np.dtype(
    [("time", "<u4"), ("obj_id", "<u8"), ("obj_size", "<u4"), ("op_tenant", "<u4"), ("next", "<i8")]
)
_THIRD = [
    ("time", "<u4"),
    ("obj_id", "<u8"),
    ("obj_size", "<i8"),
    ("op_tenant", "<u4"),
    ("ttl", "<u4"),
    ("next", "<i8"),
]
_LAYOUTS = {
    1: ORACLE,
    2: _SECOND,
    3: np.dtype(_THIRD),
    **{4 + power: np.dtype([*_THIRD, ("features", "<u4", 1 << power)]) for power in range(5)},
}
"""The requests of lcs by the version in its header."""

_MAGIC = (0x123456789ABCDEF0).to_bytes(8, "little")
_HEADER_BYTES = 8192
_BLOCK_REQUESTS = 1 << 17
_NS = np.uint64(10**9)

_WRITES = frozenset((3, 4, 5, 6, 7, 8, 10, 11, 13, 14))
"""Operations that write: set, add, cas, replace, append, prepend, incr, decr, write, update."""
_DELETE = 9
_EVENTS = np.zeros(256, np.int32)
_EVENTS[list(_WRITES)] = Event.WRITE
_EVENTS[_DELETE] = Event.DISCARD

_TIMES = ("time", "timestamp", "ts", "clock_time", "real_time")
_OBJECTS = ("obj_id", "object_id", "obj", "object", "id", "key")
_OPERATIONS = ("op", "operation", "request_type")
_TENANTS = ("tenant", "tenant_id")
_TEXT = re.compile(rb"[\t\r\n\x20-\x7e]+")
_PARAMETER = re.compile(r"\s*([\w-]+)\s*=\s*(.*?)\s*")


def import_oraclegeneral(
    requests: Where,
    output: str | os.PathLike[str],
    *,
    event: str = "read",
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn a trace of libCacheSim's type oracleGeneral into the trace `output`; each request is an `event`.

    Raises TraceError: what cannot be read, or no request at all; SettingsError: an output that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(requests, common, "libCacheSim oracleGeneral") as job:
        head = job.source.peek(ORACLE.itemsize)
        if head.startswith(_MAGIC):
            raise TraceError(
                f"{job.source.name}: found lcs; expected oracleGeneral (trace import lcs reads this)"
            )
        if _TEXT.fullmatch(head):
            raise TraceError(
                f"{job.source.name}: found text; expected oracleGeneral's records of {ORACLE.itemsize} bytes"
            )
        _import_requests(job, ORACLE, _code(event), 0)
        return job.finish(f"oracleGeneral's records of {ORACLE.itemsize} bytes")


def import_lcs(
    requests: Where,
    output: str | os.PathLike[str],
    *,
    event: str = "read",
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn a trace of libCacheSim's type lcs, of any version, into the trace `output`.

    From version 2 on a request has an operation, which tells reads, writes and deletions, and a tenant, which has a
    memcg of its own; in version 1 each is an `event`.

    Raises TraceError: what cannot be read, or no request at all; SettingsError: an output that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(requests, common, "libCacheSim lcs") as job:
        header = job.source.peek(_HEADER_BYTES)
        if not header.startswith(_MAGIC) or len(header) < _HEADER_BYTES or not header.endswith(_MAGIC):
            raise TraceError(
                f"{job.source.name}: found no lcs header; expected {_HEADER_BYTES:,} bytes that begin and end with "
                f"{_MAGIC.hex()}"
            )
        version = int.from_bytes(header[8:16], "little")
        layout = _LAYOUTS.get(version)
        if layout is None:
            raise TraceError(
                f"{job.source.name}: found lcs version {version}; expected {listed([*map(str, _LAYOUTS)])}"
            )
        job.source.read(_HEADER_BYTES)
        _import_requests(job, layout, _code(event), _HEADER_BYTES)
        told = int.from_bytes(header[24:32], "little", signed=True)
        if told > 0 and told != job.read:
            job.warnings.append(f"the header tells of {told:,} requests, and there are {job.read:,}")
        return job.finish("requests of lcs")


def import_libcachesim_csv(
    lines: Where,
    output: str | os.PathLike[str],
    *,
    params: str = "",
    event: str = "read",
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn a trace of libCacheSim's type csv into the trace `output`.

    `params` is what libCacheSim takes as ``-t``: ``time-col=1, obj-id-col=2, obj-size-col=3, delimiter=,,
    has-header=true``. Without it the first line names the columns. Times are seconds.

    Raises TraceError: a line that cannot be read, or no request at all; SettingsError: parameters or an output that
    cannot be.
    """
    columns, delimiter, header = _parameters(params)
    return import_csv(
        lines,
        output,
        column=columns,
        event=event,
        delimiter=delimiter,
        no_header=not header,
        memcg=memcg,
        origin=origin,
        overwrite=overwrite,
        progress=progress,
        names=None if columns else _named,
        by_number=bool(columns),
        made="libCacheSim csv",
    )


def _named(columns: Sequence[str]) -> list[str]:
    """Return the columns of a trace for those that a header names. Raises SettingsError: none is the object."""
    lower = {column.lower(): column for column in columns}

    def first(names: Sequence[str]) -> str | None:
        return next((lower[name] for name in names if name in lower), None)

    objects, time = first(_OBJECTS), first(_TIMES)
    if objects is None:
        raise SettingsError(
            f"no column of {listed(list(columns))} is the object: name it, as libCacheSim's -t does, with "
            '--params "time-col=1, obj-id-col=2"'
        )
    found = [f"page={objects}"]
    if time is not None:
        found.append(f"time_ns={time}*1e9")
    for name, names in (("event", _OPERATIONS), ("memcg", _TENANTS)):
        column = first(names)
        if column is not None:
            found.append(f"{name}={column}")
    return found


def _parameters(text: str) -> tuple[list[str], str | None, bool]:
    """Return the columns, the delimiter and whether there is a header, as libCacheSim's -t spells them."""
    if not text.strip():
        return [], None, True
    # a comma may be the value of delimiter, and then stands before another comma or the end
    pieces = re.split(r",(?!\s*(?:,|$))", re.sub(r"(delimiter\s*=\s*),", r"\1comma", text))
    found: dict[str, str] = {}
    for piece in filter(str.strip, pieces):
        match = _PARAMETER.fullmatch(piece.strip(" ,"))
        if match is None:
            raise SettingsError(f"--params: found {piece.strip()!r}; expected NAME=VALUE, as obj-id-col=2")
        found[match[1].lower().replace("_", "-")] = match[2]
    columns = []
    for name, target, operation in (
        ("time-col", "time_ns", "*1e9"),
        ("obj-id-col", "page", ""),
        ("op-col", "event", ""),
        ("tenant-col", "memcg", ""),
    ):
        number = found.pop(name, None)
        if number is None:
            continue
        if not read_digits(number):
            raise SettingsError(f"--params: {name}={number}: expected the number of a column, from 1 on")
        columns.append(f"{target}={int(number)}{operation}")
    if not any(each.startswith("page=") for each in columns):
        raise SettingsError("--params: found no obj-id-col; expected the number of the object's column")
    header = found.pop("has-header", "false").lower() in ("true", "1", "yes")
    delimiter = found.pop("delimiter", None)
    for name in ("obj-size-col", "obj-id-is-num", "next-access-col", "cnt-col", "ttl-col"):
        found.pop(name, None)
    if found:
        raise SettingsError(
            f"--params: {next(iter(found))} is unknown; expected time-col, obj-id-col, obj-size-col, "
            f"op-col, tenant-col, "
            "delimiter, has-header"
        )
    return columns, delimiter, header


def _code(event: str) -> Event:
    return Event.WRITE if event == "write" else Event.READ


def _import_requests(job: Job, layout: np.dtype[np.void], event: Event, header: int) -> None:
    """Read requests to the end."""
    job.unit = "request"
    stem, owners, tenants = job.source.stem or "program", Owners(job), layout is not ORACLE
    memcgs: dict[int, int] = {}
    rest, last = b"", 0
    while data := job.source.read(_BLOCK_REQUESTS * layout.itemsize):
        data = rest + data
        whole = len(data) // layout.itemsize * layout.itemsize
        rest = data[whole:]
        found = np.frombuffer(data[:whole], layout)
        if not len(found):
            continue
        _check_order(job, found["time"], last, header, layout.itemsize)
        last = int(found["time"][-1])
        job.counts["larger objects"] += int((found["obj_size"] > PAGE_SIZE).sum())
        times = found["time"].astype(np.uint64) * _NS
        line = np.arange(job.read, job.read + len(found), dtype=np.int64)
        if tenants:
            operation = (found["op_tenant"] & np.uint32(0xFF)).astype(np.int64)
            tenant = (found["op_tenant"] >> np.uint32(8)).astype(np.int64)
            for each in np.unique(tenant).tolist():
                if each not in memcgs:
                    program = stem if not each else f"{stem}-{each}"
                    memcgs[each] = owners.of(path_of(program)[1:], each).memcg
            owner = np.array([memcgs[each] for each in tenant.tolist()], np.int32)
            job.write(times, _EVENTS[operation], found["obj_id"], owner, line)
        else:
            job.write(times, event, found["obj_id"], owners.of(None).memcg, line)
        job.read += len(found)
        job.tell()
    if rest:
        raise TraceError(
            f"{job.source.name}: request {job.read} (byte {header + job.read * layout.itemsize}): "
            f"found {len(rest)} bytes at "
            f"the end; expected records of {layout.itemsize}"
        )
    larger = job.counts.pop("larger objects", 0)
    if larger:
        job.notes.append(
            f"{larger:,} requests are of objects above {PAGE_SIZE:,} bytes: each counts as one page"
        )


def _check_order(job: Job, time: npt.NDArray[np.uint32], last: int, header: int, size: int) -> None:
    """Refuse a time that goes back: what is no trace of this layout has one at once."""
    back = np.flatnonzero(time[1:] < time[:-1]) + 1
    at = 0 if int(time[0]) < last else int(back[0]) if len(back) else None
    if at is None:
        return
    before = int(time[at - 1]) if at else last
    raise TraceError(
        f"{job.source.name}: request {job.read + at} (byte {header + (job.read + at) * size}): found the time "
        f"{int(time[at])} s after {before} s; expected times that do not go back, in records of {size} bytes"
    )
