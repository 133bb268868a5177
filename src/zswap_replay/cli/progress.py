"""How work gets on, shown on standard error: a bar for what is done event by event, a table for a sweep."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.live import Live
    from rich.progress import Progress, TaskID
    from rich.table import Table

_PATIENCE = 1.0
"""Seconds before the bar is shown."""
_MOST_SHOWN = 8
"""Running points that are named; of more there is but their number."""
_ROOM_FOR_BAR, _ROOM_FOR_TIME = 64, 46
"""Columns of a terminal that has room for the bar itself, and for the time that is left."""
_BAR = 24
"""Columns of a sweep's bar, which is left out where there is no room."""


class Bar:
    """A context manager; ``update`` is what the work calls with what is done so far and what there is in all.

    The bar is shown once the work has taken a while, also where it has told nothing by then; never where not ``shown``.
    """

    def __init__(self, label: str, *, shown: bool = True) -> None:
        self._label = label
        self._shown = shown
        self._start = time.monotonic()
        self._unit = ""
        self._unit_start = self._start
        self._state: tuple[float, float | None, str] = (0, None, "")
        """What is done, what there is in all, and the rate."""
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Bar:
        if self._shown:
            self._timer = threading.Timer(_PATIENCE, self._draw)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._shown = False
            if self._bar is not None:
                self._bar.stop()

    def update(
        self, done: int, total: int | None, unit: str = "events", *, share: float | None = None
    ) -> None:
        """Move the bar.

        ``done`` of ``total`` are counted in ``unit``; another unit begins the bar anew. Where there is no telling how
        many there are in all, ``share`` is the part of the work that is done, 0 to 1, or None: not known either.
        """
        now = time.monotonic()
        if unit != self._unit:
            self._unit, self._unit_start = unit, now if self._unit else self._start
        elapsed = now - self._unit_start
        rate = f"{done / elapsed if elapsed else 0:,.0f} {unit}/s"
        self._state = (done, total, rate) if share is None else (share, 1.0, rate)
        if now - self._start >= _PATIENCE:
            self._draw()

    def _draw(self) -> None:
        """Show what is known; called by the work, and by the timer where the work has told nothing for long."""
        done, total, rate = self._state
        with self._lock:
            if not self._shown:
                return
            if self._bar is None or self._task is None:
                self._bar = _new_bar()
                self._task = self._bar.add_task(self._label, total=total, rate=rate)
                self._bar.update(self._task, completed=done)
                self._bar.start()
            else:
                self._bar.update(self._task, completed=done, total=total, rate=rate)

    def read(self, events: int, share: float | None) -> None:
        """Move the bar of an import: the events so far, and the share of its input that is read, as far as known."""
        self.update(events, None, share=share)


def _new_bar() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    console = Console(stderr=True)
    columns: list[tuple[int, ProgressColumn]] = [
        (0, TextColumn("{task.description}", table_column=Column(overflow="fold"))),
        (_ROOM_FOR_BAR, BarColumn()),
        (0, TaskProgressColumn()),
        (0, TextColumn("{task.fields[rate]}", table_column=Column(overflow="fold"))),
        (_ROOM_FOR_TIME, TimeRemainingColumn()),
    ]
    return Progress(
        *(column for least, column in columns if console.width >= least),
        console=console,
        transient=console.is_terminal,  # elsewhere its last state is all that is shown
    )


class LiveTable:
    """A context manager, and what a sweep tells of its points."""

    def __init__(self) -> None:
        self._labels: Sequence[str] = ()
        self._running: dict[int, float] = {}
        self._kept = 0
        self._done = 0
        self._start = 0.0
        self._width = 80
        self._live: Live | None = None

    def __enter__(self) -> LiveTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self, points: Sequence[str], kept: int) -> None:
        """Show the table; ``kept`` points have rows already."""
        from rich.console import Console
        from rich.live import Live

        self._labels = points
        self._kept = self._done = kept
        self._start = time.monotonic()
        console = Console(stderr=True)
        self._width = console.width
        self._live = Live(
            get_renderable=self.table, console=console, refresh_per_second=4, transient=console.is_terminal
        )
        self._live.start()

    def started(self, point: int) -> None:
        """Note that a point was given to a worker."""
        self._running[point] = time.monotonic()

    def ended(self, point: int) -> None:
        """Note that a point has its row, or failed."""
        del self._running[point]
        self._done += 1

    def table(self) -> Table:
        """Return the table as it is now."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        now = time.monotonic()
        total, done = len(self._labels), self._done
        elapsed = now - self._start
        rate = (done - self._kept) / elapsed if elapsed else 0.0
        eta = f"{(total - done) / rate:.0f} s" if rate else "-"
        running = dict(self._running)  # the table is drawn by another thread
        head = f"{done} of {total} points"
        tail = f"{len(running)} running  {rate:.2f} points/s  ETA {eta}"
        whole = Table.grid()
        whole.add_column(overflow="fold")
        if len(head) + len(tail) + _BAR + 4 <= self._width:
            first = Table.grid(padding=(0, 2, 0, 0))
            first.add_row(head, ProgressBar(total, done, width=_BAR), tail)
            whole.add_row(first)
        else:
            whole.add_row(f"{head}  {tail}")
        for point in list(running)[:_MOST_SHOWN]:
            whole.add_row(Text(f"  {self._labels[point]}  {now - running[point]:.0f} s"))
        if len(running) > _MOST_SHOWN:
            whole.add_row(f"  and {len(running) - _MOST_SHOWN} more")
        return whole
