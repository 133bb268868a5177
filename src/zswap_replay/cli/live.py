"""A table on standard error that shows how a sweep gets on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

_MOST_SHOWN = 8
"""Running points that are named; of more there is but their number."""


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
        """Shows the table; ``kept`` points have rows already."""
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
        """A point was given to a worker."""
        self._running[point] = time.monotonic()

    def ended(self, point: int) -> None:
        """A point has its row, or failed."""
        del self._running[point]
        self._done += 1

    def table(self) -> Table:
        """The table as it is now."""
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
