"""One point of a grid, replayed in whichever process it was sent to."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock

from zswap_replay.codec.base import get_codec
from zswap_replay.codec.length_table import LengthTable
from zswap_replay.errors import TraceError, ZswapReplayError
from zswap_replay.replay.controls import ignore
from zswap_replay.replay.length_memo import LengthMemo
from zswap_replay.replay.loop import Replay
from zswap_replay.replay.page_data import PageData
from zswap_replay.result.cost_profile import CostProfile
from zswap_replay.result.manifest import versions
from zswap_replay.result.result import TIMING_PARTS
from zswap_replay.settings import Settings
from zswap_replay.sweep.columns import figures
from zswap_replay.sweep.grid import Option
from zswap_replay.sweep.result import Cell
from zswap_replay.trace.reader import TraceReader, open_shared_or


@dataclass(frozen=True, slots=True)
class Task:
    """All that a process needs to replay one point."""

    sweep: str
    """Tells one sweep from another in a process that serves several."""
    trace: str
    strict: bool
    xxh3: str
    """Of the rows that the sweep is about."""
    settings: Settings
    known: dict[str, LengthTable]
    """Lengths that other points have learned, by the key of LengthMemo."""
    cost: CostProfile | None = None
    """What time and wear are reckoned by; None for the default."""
    shared: str | None = None
    """Where another process of this machine shares the rows: see trace.reader.open_shared_or(); None: nowhere."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a point."""

    figures: dict[str, Cell]
    """Counters and derived figures, by column."""
    timing: dict[str, float]
    """Seconds by part."""
    pages_compressed: int
    learned: dict[str, LengthTable]
    """Lengths that were not known before, by the key of LengthMemo."""
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    most_pages: int | None
    """The most pages that stores found the pool to have, the warm-up's too.

    None where they found it full, and where nothing was stored: what a warning says of that depends on the limit.
    """
    totalram_pages: int
    """RAM of the machine, of which the limit of the pool is a share."""


class Workspace:
    """What a process keeps between the points of a sweep: a trace, if memory has room, and the files of lengths."""

    def __init__(self, trace: str, *, strict: bool, shared: str | None = None) -> None:
        """Keep nothing yet: the trace is read, unless its rows are ``shared``, when a reader is first asked for."""
        self._trace = trace
        self._strict = strict
        self._shared = shared
        self._reader: TraceReader | None = None
        self._lock = Lock()
        self.files = LengthMemo(read_before)

    def reader(self) -> TraceReader:
        """Give a reader of the trace for one replay. Raises TraceError: it cannot be opened, or has a bad row."""
        with self._lock:  # a Dask worker may have several threads
            if self._reader is None:
                self._reader = open_shared_or(self._trace, self._shared, strict=self._strict)
                self._reader.choose_digests()
                self._reader.remember()
        return self._reader.again()

    def shared_path(self) -> str | None:
        """Return where other processes find the rows that this one keeps, until it forgets them; None: nowhere."""
        return self._reader.shared_path() if self._reader is not None else None

    def close(self) -> None:
        """Give up the rows, once no replay is at them."""
        if self._reader is not None:
            self._reader.unshare()


read_before = LengthMemo()
"""Files of lengths that were read before workers were forked from this process: these have them, in the same memory."""

_workspaces: dict[tuple[str, str], Workspace] = {}
"""By sweep and trace: a search has several traces."""
_lock = Lock()


def workspace_of(sweep: str, trace: str, *, strict: bool, shared: str | None = None) -> Workspace:
    """Give the workspace that this process has for a trace of a sweep; those of the sweep before are given up."""
    with _lock:
        for key in [key for key in _workspaces if key[0] != sweep]:
            _workspaces.pop(key).close()
        return _workspaces.setdefault((sweep, trace), Workspace(trace, strict=strict, shared=shared))


def forget(sweep: str) -> None:
    """Give up what this process keeps for a sweep."""
    with _lock:
        for key in [key for key in _workspaces if key[0] == sweep]:
            _workspaces.pop(key).close()


def read_files_of_lengths(options: Iterable[Option]) -> None:
    """Read the files of lengths that options name, for all points of this process and of those that are forked from it.

    What cannot be read is met again by who checks the options.
    """
    given = {option.name: [str(value) for value in option.values] for option in options}
    for path in given.get("lengths", ()):
        with suppress(ZswapReplayError, OSError):
            page_data = PageData.of(Settings(lengths=path), None, read_before)
            for compressor in given.get("compressor", [page_data.settings.compressor]):
                page_data.pool(page_data.canonical(compressor))


def replay_point(task: Task) -> Outcome:
    """Replay one point; pages that do not come back as they went in are in its warnings.

    Raises ZswapReplayError: the trace is not there or is not the one that the sweep began with, or the replay failed.
    """
    workspace = workspace_of(task.sweep, task.trace, strict=task.strict, shared=task.shared)
    notes: list[str] = []
    memo = workspace.files if task.settings.lengths else LengthMemo()
    memo.update(task.known)
    before = memo.sizes()
    replay = Replay(workspace.reader(), task.trace, task.settings, notes.append, memo, once=True)
    result = replace(replay.result(0, None, ignore), priced_by=task.cost)
    if result.manifest.trace["xxh3"] not in (None, task.xxh3):
        raise TraceError(f"{task.trace}: found other rows than the sweep began with")
    memo.settle()
    zswap = replay.machine.zswap
    pools = zswap.pools
    timing = result.timing
    assert timing is not None
    return Outcome(
        figures=figures(result),
        timing={part: getattr(timing, part) for part in TIMING_PARTS},
        pages_compressed=timing.pages_compressed,
        learned=memo.tables(before),
        warnings=result.warnings,
        notes=tuple(notes),
        most_pages=None if pools.pool_limit_hit or not zswap.zswpout else pools.most_pages,
        totalram_pages=pools.totalram_pages,
    )


def inspect_worker(task: Task, compressors: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return the versions of this process, which can read the trace of a task and run compressors, each of a kernel.

    Raises ZswapReplayError: it cannot, or its trace is another one.
    """
    reader = workspace_of(task.sweep, task.trace, strict=task.strict).reader()
    if reader.digest is not None and reader.xxh3() != task.xxh3:
        raise TraceError(f"{task.trace}: found other rows than the sweep began with")
    return versions(
        {name: at for spec, kernel in compressors for name, at in get_codec(spec, kernel).versions().items()}
    )
