"""Signals that end the program, acted on where they may be, and not in the middle of what threads share."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NoReturn

from zswap_replay.errors import Stopped

_STOPS = (signal.SIGTERM, signal.SIGHUP)
"""Signals that ask for an end, beside Ctrl-C: of `kill`, systemd, docker and timeout, and of a terminal that closes."""


_INTERRUPTS = (signal.SIG_DFL, signal.default_int_handler)
"""Handlers of Ctrl-C that end the program: what cli/start.py puts in the place of Python's own, and that one."""

_met: list[int] = []
"""Signals whose handler has raised Stopped, until somebody has seen it."""

_PATIENCE = 10.0
"""Seconds in which Stopped arrives where it is seen, whatever is put in order on the way; then it was lost."""

_SOON = 0.01
"""Seconds after which Stopped is raised again where it is known that it was lost."""


def raise_stopped(number: int, _frame: FrameType | None) -> NoReturn:
    """Raise Stopped with the exit status of a signal, as a handler of it; and again if nobody sees it for long."""
    _met.append(number)
    signal.signal(signal.SIGALRM, _raise_again)
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
    raise Stopped(128 + number)


def _raise_again(_number: int, _frame: FrameType | None) -> None:
    raise_lost()


def raise_lost() -> None:
    """Raise Stopped where a signal came and its exception was lost.

    What is raised while a finaliser runs is printed by Python and goes no further.
    """
    if _met:
        raise_stopped(_met[0], None)


def met() -> int | None:
    """Return the signal that was met and that nobody has acted on yet; None where there is none."""
    return _met[0] if _met else None


def forget_met() -> None:
    """Forget the signals that were met: their exception has arrived."""
    if _met:
        _met.clear()
        signal.setitimer(signal.ITIMER_REAL, 0)


def end_as_interrupted() -> None:
    """Handle Ctrl-C and signals that ask for an end alike, but for the exit status; one that is ignored stays so."""
    if signal.getsignal(signal.SIGINT) in _INTERRUPTS:
        signal.signal(signal.SIGINT, raise_stopped)
    for number in _STOPS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, raise_stopped)
    sys.unraisablehook = _unraisable


def end_at_once() -> None:
    """Let the same signals end the process without a word, as when its work is done and it is about to exit."""
    for number in (signal.SIGINT, *_STOPS):
        if signal.getsignal(number) is raise_stopped:
            signal.signal(number, signal.SIG_DFL)


def _unraisable(lost: sys.UnraisableHookArgs) -> None:
    """Raise Stopped again, soon, where a finaliser has lost it; all else that is lost is printed."""
    if _met and issubclass(lost.exc_type, Stopped):
        signal.setitimer(signal.ITIMER_REAL, _SOON)
    else:
        sys.__unraisablehook__(lost)


class HeldInterrupts:
    """A context manager in which signals that end the program raise what they would from ``check()`` alone.

    An exception that is raised between any two instructions of ``threading`` leaves locks behind that are never
    released. Outside the main thread, or where another handler is in force, nothing is changed.
    """

    def __init__(self) -> None:
        self._met: list[int] = []
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def __enter__(self) -> HeldInterrupts:
        if threading.current_thread() is threading.main_thread():
            raising = (raise_stopped, signal.default_int_handler)
            found = {number: signal.getsignal(number) for number in (signal.SIGINT, *_STOPS)}
            self._handlers = {number: handler for number, handler in found.items() if handler in raising}
            for number in self._handlers:
                signal.signal(number, self._hold)
        return self

    def _hold(self, number: int, _frame: FrameType | None) -> None:
        self._met.append(number)

    def check(self) -> None:
        """Raise Stopped, or where Python's own handler is in force KeyboardInterrupt, if a signal was met."""
        if self._met:
            number = self._met[0]
            self._met.clear()
            self._handlers[number](number, None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if kind is None:
            self.check()
