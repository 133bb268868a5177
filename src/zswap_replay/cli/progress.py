"""A bar on standard error for replays that take long enough to wonder."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE = 1.0
"""Seconds before the bar is shown."""


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
        """Moves the bar, and shows it once the replay has taken a while."""
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
