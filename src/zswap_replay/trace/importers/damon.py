"""Traces from what DAMON saw of a process: its tracepoint's text, and files of ``damo record``.

``damon_aggregated`` prints a line for each region and window: target, regions of the window, addresses in decimal,
samples in which it was found accessed, age. The lengths of a sample and of a window are not in it.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.importing.accesses import READ, WRITE
from zswap_replay.trace.importing.job import Common, Imported, Job, Progress, importing
from zswap_replay.trace.importing.json_stream import JsonStream, MalformedError
from zswap_replay.trace.importing.lines import blocks
from zswap_replay.trace.importing.owners import Owners
from zswap_replay.trace.importing.regions import LONGEST_REGION, Expansion, Region, read_maps
from zswap_replay.trace.importing.source import BYTE_ORDER_MARK, Source, Where
from zswap_replay.units import counted, parse_duration, quoted, read_digits

_LINE = re.compile(
    rb"(?P<seconds>\d{1,10})\.(?P<fraction>\d{1,9}): (?:damon:)?damon_aggregated: +target_id=(?P<target>\d{1,10}) "
    rb"nr_regions=(?P<regions>\d{1,10}) (?P<start>\d{1,20})-(?P<end>\d{1,20}): (?P<accesses>\d{1,6})"
    rb"(?: \d+)?\s*$"
)
_LOST = re.compile(rb"LOST (\d{1,18}) EVENTS|EVENTS DROPPED", re.IGNORECASE)
_EVENT = re.compile(rb"\d+\.\d+: [\w:]+:")
_PASSED_OVER = (b"#", b"cpus=", b"CPU ", b"CPU:", b"version = ")
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_CHUNK = 1 << 16
_MOST_ACCESSES = 999_999
"""The most samples of a window, as many digits as a line of the tracepoint may have."""
_GATHERED = 1 << 14
"""Accesses of a record that are written at a time."""
_ASK = (
    "the length of a sample and of a window are not in it; expected --sample and --aggr, as damo's -s and -a or "
    "sample_us and aggr_us of /sys/kernel/mm/damon had them (--sample 5ms --aggr 100ms are its defaults)"
)


def import_damon(
    lines: Where,
    output: str | os.PathLike[str],
    *,
    sample: int | None = None,
    aggr: int | None = None,
    maps: str | None = None,
    target: int | None = None,
    event: str = "read",
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn the lines of the tracepoint damon_aggregated into the trace `output`.

    They are read as trace_pipe, trace-cmd report or perf script print them. `sample` and `aggr` are the intervals
    that DAMON was told, in nanoseconds; `maps` is a copy of /proc/PID/maps. With `target`,
    a number, the others are passed over. See Expansion for what becomes of a region.

    Raises TraceError: a line that cannot be read, or no access at all; SettingsError: no intervals, or an output that
    cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(lines, common, "damon_aggregated", *([maps] if maps else [])) as job:
        head = job.source.peek_text(11)
        if head.startswith(_ZLIB) or head.lstrip()[:1] in (b"[", b"{"):
            raise TraceError(
                f"{job.source.name}: found a file of damo record; expected lines of damon_aggregated "
                "(trace import damo reads this)"
            )
        if sample is None or aggr is None:
            raise SettingsError(f"{job.source.name}: {_ASK}")
        _check_intervals(sample, aggr)
        expansion = Expansion(job, WRITE if event == "write" else READ, read_maps(maps) if maps else None)
        _Lines(job, expansion, sample, aggr, target).run()
        return job.finish("lines of damon_aggregated with a region that was accessed")


class _Lines:
    """The lines of an input, gathered to windows: the lines of one target that follow each other."""

    def __init__(
        self, job: Job, expansion: Expansion, sample_ns: int, aggr_ns: int, target: int | None
    ) -> None:
        self._job = job
        self._owners = Owners(job)
        self._expansion = expansion
        self._aggr_ns = aggr_ns
        self._target = target
        self._most = max(aggr_ns // sample_ns, 1)
        self._key: tuple[int, int] | None = None
        self._regions: list[Region] = []
        self._time_ns = self._line = 0
        self._lost = self._lost_marks = 0
        self._above = 0

    def run(self) -> None:
        """Read the input to its end. Raises TraceError."""
        job = self._job
        for block in blocks(job.source):
            number = block.first
            try:
                for line in block.lines():
                    self._take(line, number)
                    number += 1
            except TraceError:
                if not block.unfinished:
                    raise
                job.cut_off = True
                number += 1
            job.read = number - 1
            self._expansion.write()
        self._end_window()
        self._expansion.write()
        if self._lost_marks:
            job.warnings.append(f"{self._lost:,} events were lost: their regions are missing in the trace")
        if self._above:
            job.warnings.append(
                f"{counted(self._above, 'region')} were found accessed in more than the {self._most:,} samples that "
                "--aggr has of --sample: are the intervals right?"
            )

    def _take(self, line: bytes, number: int) -> None:
        found = _LINE.search(line)
        if found is None:
            lost = _LOST.search(line)
            if lost:
                self._lost += int(lost[1] or 0)
                self._lost_marks += 1
            elif b"damon_aggregated" in line or not (
                not line.strip() or line.startswith(_PASSED_OVER) or _EVENT.search(line)
            ):
                raise self._job.fault(
                    number, line, "a line of damon_aggregated: target_id=0 nr_regions=11 START-END: 0 1"
                )
            return
        start, end, accesses = int(found["start"]), int(found["end"]), int(found["accesses"])
        if start >= end or end > 1 << 64:
            raise self._job.fault(number, line, "a region whose end is above its start, and below 2^64")
        if end - start > LONGEST_REGION:
            raise self._job.fault(number, line, "a region of at most 2^57 bytes")
        key = int(found["target"]), int(found["regions"])
        if self._target is not None and key[0] != self._target:
            self._job.counts["other targets"] += 1
            return
        if key != self._key or len(self._regions) >= key[1]:
            self._end_window()
            self._key = key
            fraction = found["fraction"][:9].ljust(9, b"0")
            self._time_ns, self._line = int(found["seconds"]) * 10**9 + int(fraction), number
        self._above += accesses > self._most
        self._regions.append(Region(start, end, accesses))

    def _end_window(self) -> None:
        if self._key is None or not self._regions:
            return
        owner = self._owners.of(None, self._key[0])
        start = max(self._time_ns - self._aggr_ns, 0)
        self._expansion.window(owner, start, self._time_ns, self._regions, self._line)
        self._regions = []


def import_damo(
    record: Where,
    output: str | os.PathLike[str],
    *,
    sample: int | None = None,
    aggr: int | None = None,
    maps: str | None = None,
    target: int | None = None,
    event: str = "read",
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn a file of ``damo record``, JSON or JSON packed with zlib, into the trace `output`.

    Its windows have a start and an end. `sample` and `aggr` are asked for where it lacks the intervals; otherwise as
    import_damon().

    Raises TraceError: what cannot be read, or no access at all; SettingsError: no intervals, or an output that cannot
    be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(record, common, "damo record", *([maps] if maps else [])) as job:
        job.unit = "snapshot"
        expansion = Expansion(job, WRITE if event == "write" else READ, read_maps(maps) if maps else None)
        owners = Owners(job)
        for number, intervals, snapshot in _snapshots(job):
            if not number and job.read == 0 and (sample is None or aggr is None):
                _ask_where_missing(job, intervals)
            if target is not None and number != target:
                job.counts["other targets"] += 1
            else:
                _take_snapshot(job, owners, expansion, number, intervals, snapshot)
            job.read += 1
            if len(expansion.accesses.time_ns) >= _GATHERED:
                expansion.write()
        expansion.write()
        return job.finish("snapshots of damo record with a region that was accessed")


def _snapshots(job: Job) -> Iterator[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield each snapshot with the number of its record and the intervals of that. Raises TraceError."""
    head = job.source.peek_text(11)
    if head.startswith(b"PERFILE2"):
        raise TraceError(
            f"{job.source.name}: found perf's own data; expected JSON (perf script prints lines for "
            f"trace import damon, "
            "damo convert_record_format makes JSON)"
        )
    if not head.startswith(_ZLIB) and head.lstrip()[:1] not in (b"[", b"{"):
        raise TraceError(
            f"{job.source.name}: found {'neither zlib nor JSON' if head else 'an empty input'}; "
            f"expected a file of "
            "damo record (trace import damon reads the tracepoint's text)"
        )
    stream = JsonStream(_text(job.source))
    try:
        for number, record in enumerate(stream.elements()):
            intervals: Mapping[str, Any] = {}
            for key in record:
                if key == "snapshots":
                    for snapshot in stream.elements_of_array():
                        if not isinstance(snapshot, dict):
                            raise MalformedError(f"found {quoted(str(snapshot))}; expected a snapshot")
                        yield number, intervals, snapshot
                else:
                    value = stream.value()
                    if key == "intervals" and isinstance(value, dict):
                        intervals = value
    except MalformedError as error:
        raise TraceError(f"{job.source.name}: snapshot {job.read}: {error}") from None


def _text(source: Source) -> Iterator[str]:
    """Yield the text of a file, unpacked. Raises TraceError: it is damaged."""
    unpacker = zlib.decompressobj() if source.peek(2).startswith(_ZLIB) else None
    rest = b""
    if unpacker is None and source.peek_text(3) != source.peek(3):
        source.read(len(BYTE_ORDER_MARK))
    while data := source.read(_CHUNK):
        if unpacker is not None:
            try:
                data = unpacker.decompress(data)
            except zlib.error as error:
                raise TraceError(f"{source.name}: cannot be unpacked: {error}") from None
        rest += data
        # JSON of damo is ASCII; a cut in a longer character waits for its end
        cut = len(rest) if rest.isascii() else rest.rfind(b"\n") + 1 or len(rest)
        yield rest[:cut].decode("utf-8", "replace")
        rest = rest[cut:]
    if unpacker is not None and not unpacker.eof:
        raise TraceError(f"{source.name}: cannot be unpacked: it ends in the middle of its data")
    yield rest.decode("utf-8", "replace")


def _ask_where_missing(job: Job, intervals: Mapping[str, Any]) -> None:
    try:
        sample, aggr = (_time_of(intervals[key]) for key in ("sample_us", "aggr_us"))
    except (KeyError, ValueError, SettingsError):
        raise SettingsError(f"{job.source.name}: {_ASK}") from None
    _check_intervals(sample, aggr)


def _take_snapshot(
    job: Job,
    owners: Owners,
    expansion: Expansion,
    target: int,
    intervals: Mapping[str, Any],
    snapshot: Mapping[str, Any],
) -> None:
    try:
        start, end = _number(snapshot["start_time"]), _number(snapshot["end_time"])
        if start > end:
            raise ValueError(f"a window that ends at {end} ns before it begins at {start} ns")
        regions = [_region(each, intervals) for each in snapshot["regions"]]
    except (KeyError, TypeError, ValueError, AttributeError, SettingsError) as error:
        what = f"no {error.args[0]!r}" if isinstance(error, KeyError) else str(error)
        raise TraceError(
            f"{job.source.name}: snapshot {job.read}: found {what}; expected start_time, end_time and "
            f"regions, each with "
            "start, end and nr_accesses"
        ) from None
    expansion.window(owners.of(None, target), start, end, regions, job.read)


def _region(each: Mapping[str, Any], intervals: Mapping[str, Any]) -> Region:
    start, end = _number(each["start"]), _number(each["end"])
    if start >= end or end > 1 << 64:
        raise ValueError(f"a region from {start} to {end}")
    if end - start > LONGEST_REGION:
        raise ValueError(f"a region from {start} to {end}, longer than any address space")
    accesses = each["nr_accesses"]
    if isinstance(accesses, dict):
        if accesses.get("samples") is None:
            percent = float(accesses["percent"])
            if not 0 <= percent <= 100:
                raise ValueError(f"{percent} percent")
            most = _time_of(intervals["aggr_us"]) // _time_of(intervals["sample_us"])
            return Region(start, end, _bounded(round(percent * most / 100)))
        accesses = accesses["samples"]
    return Region(start, end, _bounded(_number(accesses)))


def _bounded(accesses: int) -> int:
    """Check in how many samples of a window a region was accessed. Raises ValueError: no window has so many."""
    if accesses > _MOST_ACCESSES:
        raise ValueError(f"{accesses} samples in one window")
    return accesses


def _number(value: object) -> int:
    """Return a number that may be a text with thousands commas. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(quoted(str(value)))
    number = value if isinstance(value, int) else int(value.replace(",", "").removesuffix(" ns").strip())
    if number < 0:
        raise ValueError(quoted(str(value)))
    return number


def _time_of(value: object) -> int:
    """Return the nanoseconds of an interval: microseconds, or a text with its unit. Raises as parse_duration."""
    text = str(value).replace(",", "").replace(" ", "")
    return parse_duration(f"{text}us" if read_digits(text) is not None else text)


def _check_intervals(sample_ns: int, aggr_ns: int) -> None:
    if sample_ns <= 0 or aggr_ns < sample_ns:
        raise SettingsError(
            f"a sample of {sample_ns} ns and a window of {aggr_ns} ns: expected a window of at least one sample"
        )
