"""How long work gets on, shown on standard error: a bar for a replay, a table for a sweep."""

from __future__ import annotations

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


class Bar:
    """A context manager; ``update`` is what a replay calls with the events done and the events in all."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._start = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Move the bar, and show it once the replay has taken a while."""
        elapsed = time.monotonic() - self._start
        if elapsed < _PATIENCE:
            return
        rate = f"{done / elapsed:,.0f} events/s"
        if self._bar is None or self._task is None:
            self._bar = _new_bar()
            self._task = self._bar.add_task(self._label, completed=done, total=total, rate=rate)
            self._bar.start()
        else:
            self._bar.update(self._task, completed=done, total=total, rate=rate)


def _new_bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
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

        now = time.monotonic()
        total, done = len(self._labels), self._done
        elapsed = now - self._start
        rate = (done - self._kept) / elapsed if elapsed else 0.0
        eta = f"{(total - done) / rate:.0f} s" if rate else "-"
        table = Table.grid(padding=(0, 2))
        table.add_row(
            f"{done} of {total} points",
            ProgressBar(total, done, width=24),
            f"{len(self._running)} running",
            f"{rate:.2f} points/s",
            f"ETA {eta}",
        )
        running = dict(self._running)  # the table is drawn by another thread
        whole = Table.grid()
        whole.add_row(table)
        for point in list(running)[:_MOST_SHOWN]:
            whole.add_row(f"  {self._labels[point]}  {now - running[point]:.0f} s")
        if len(running) > _MOST_SHOWN:
            whole.add_row(f"  and {len(running) - _MOST_SHOWN} more")
        return whole
