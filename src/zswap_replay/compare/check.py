"""Replay a trace as a file of expected results was made, and judge what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from zswap_replay.codec.workers import shared_workers
from zswap_replay.compare.expected import Verdict, judge
from zswap_replay.compare.tolerance import Tolerance
from zswap_replay.errors import (
    ResultError,
    SchemaError,
    SettingsError,
    VerificationError,
    ZswapReplayError,
)
from zswap_replay.files import check_output, replacing
from zswap_replay.replay.controls import Notes, ignore
from zswap_replay.replay.loop import Progress, jobs_unasked, replay
from zswap_replay.result.file import read_results, render
from zswap_replay.result.result import Result
from zswap_replay.settings import Settings
from zswap_replay.trace.reader import open_trace, trace_files


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict on a file of expected results, and the results that were found instead."""

    verdict: Verdict
    found: tuple[Result, ...]
    faults: tuple[str, ...] = ()
    """Which contents did not come back as they went in; none of what was found is to be expected then."""


def check(
    trace: str,
    expected: str,
    *,
    tolerances: Sequence[Tolerance] = (),
    progress: Progress | None = None,
    notes: Notes | None = None,
    jobs: int | None = None,
    forks: bool = False,
) -> Checked:
    """Replay ``trace`` once for each run in the file ``expected``, with that run's own settings, and compare.

    ``jobs`` processes compress each content once; None: as many as jobs_unasked() says. With ``forks`` they are
    copies of this process, where it has no other thread. Where the run has ranges, they are made and compared too.

    Raises ResultError, SettingsError: the file, its settings, or a tolerance for a memcg that the file does not have;
    and what ``replay`` raises.
    """
    wanted = _read(expected)
    settings = [_settings(expected, result) for result in wanted]
    memcgs = {memcg for result in wanted for snapshot in result.snapshots for memcg in snapshot.memcg}
    for tolerance in tolerances:
        if tolerance.memcg is not None and tolerance.memcg not in memcgs:
            raise SettingsError(f"tolerance for {tolerance.memcg}: {expected} has no such memcg")
    found: list[Result] = []
    faults: list[str] = []
    reader, compressing = None, jobs
    strict = {result.manifest.strict for result in wanted}
    if len(strict) == 1:
        reader = open_trace(trace, strict=strict.pop())
        if jobs is None:
            compressing = jobs_unasked(reader, settings[0])
        if len(wanted) > 1:  # the first replay decodes the trace for all
            reader.share()
    with shared_workers(compressing, notes or ignore, forks=forks) as workers:
        for result, setting in zip(wanted, settings, strict=True):
            try:
                one = replay(
                    trace,
                    setting,
                    allow_missing=True,
                    strict=result.manifest.strict,
                    range=result.range is not None,
                    interval_ns=result.manifest.interval_ns,
                    jobs=jobs,
                    workers=workers,
                    reader=reader,
                    progress=progress,
                    notes=notes,
                    sha256=result.manifest.trace["sha256"] is not None,
                )
            except VerificationError as error:
                if error.result is None:
                    raise
                one = error.result
                faults.append(str(error))
            found.append(one)
    if reader is not None:
        reader.unshare()
    runs = (judge(one, other, tolerances) for one, other in zip(wanted, found, strict=True))
    return Checked(Verdict(tuple(runs)), tuple(found), tuple(dict.fromkeys(faults)))


def first(
    trace: str,
    expected: str,
    *,
    progress: Progress | None = None,
    notes: Notes | None = None,
    jobs: int | None,
) -> Result:
    """Replay ``trace`` with the default settings, and make what it counts the file ``expected``, which is not there.

    Raises VerificationError: pages did not come back as they went in; no file is made. OSError: it cannot be written.
    And what ``replay`` raises.
    """
    check_output(expected, inputs=trace_files(trace))
    found = replay(trace, jobs=jobs, progress=progress, notes=notes)
    accept(expected, [found])
    return found


def inputs_of(trace: str, expected: str) -> list[str]:
    """List the files that ``check`` would read. Raises ResultError: ``expected`` cannot be read."""
    files = [file for result in _read(expected) for file in _settings(expected, result).files()]
    return [*trace_files(trace), expected, *files]


def _read(expected: str) -> tuple[Result, ...]:
    try:
        return tuple(read_results(expected))
    except SchemaError as error:
        raise SchemaError(f"not comparable: {error}") from None


def accept(expected: str, found: Sequence[Result]) -> None:
    """Make results the expected ones: the file is replaced as a whole. Raises OSError."""
    with replacing(expected) as file:
        Path(file).write_text(render(found, timing=False), encoding="utf-8", errors="backslashreplace")


def _settings(file: str, result: Result) -> Settings:
    try:
        settings = Settings.from_json(result.manifest.settings)
        return replace(settings, kernel_asked=result.manifest.kernel_asked)
    except ZswapReplayError as error:
        raise ResultError(f"{file}: manifest: {error}") from None
