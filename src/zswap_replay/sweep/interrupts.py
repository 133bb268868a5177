"""Ctrl-C where it may be acted on, and not in the middle of what threads share."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class HeldInterrupts:
    """A context manager in which Ctrl-C raises KeyboardInterrupt from ``check()`` alone.

    An exception that is raised between any two instructions of ``threading`` leaves locks behind that are never
    released. Outside the main thread, or where another handler is in force, nothing is changed.
    """

    def __init__(self) -> None:
        self._met = False
        self._holding = False

    def __enter__(self) -> HeldInterrupts:
        self._holding = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._holding:
            signal.signal(signal.SIGINT, self._hold)
        return self

    def _hold(self, _signal: int, _frame: FrameType | None) -> None:
        self._met = True

    def check(self) -> None:
        """Raises KeyboardInterrupt if Ctrl-C was met."""
        if self._met:
            self._met = False
            raise KeyboardInterrupt

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._holding:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if kind is None:
            self.check()
