"""Signals that ask a capture to end: noted when they come, acted on where the probes can be taken away."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stops:
    """A context manager in which Ctrl-C, SIGTERM and SIGHUP are noted and do nothing else.

    An exception between any two instructions could come in the middle of a removal. Outside the main thread nothing is
    changed; a signal that is ignored stays so.
    """

    def __init__(self) -> None:
        self.met: int | None = None
        """The first signal that came."""
        self._before: dict[int, object] = {}

    def __enter__(self) -> Stops:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.met is None:
            self.met = number

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() gave
