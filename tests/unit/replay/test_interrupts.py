from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

import pytest

from zswap_replay.errors import Stopped
from zswap_replay.replay import interrupts
from zswap_replay.replay.interrupts import HeldInterrupts


def test_ctrl_c_is_raised_where_it_is_looked_for() -> None:
    with HeldInterrupts() as held:
        held.check()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            held.check()
        held.check()
    assert signal.default_int_handler is signal.getsignal(signal.SIGINT)


def test_ctrl_c_that_nobody_looked_for_is_raised_at_the_end() -> None:
    with pytest.raises(KeyboardInterrupt), HeldInterrupts():
        os.kill(os.getpid(), signal.SIGINT)


def test_another_handler_stays_in_force() -> None:
    met = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: met.append(number))
    try:
        with HeldInterrupts() as held:
            os.kill(os.getpid(), signal.SIGINT)
            held.check()
    finally:
        signal.signal(signal.SIGINT, before)
    assert [signal.SIGINT] == met


def test_outside_the_main_thread_nothing_is_held() -> None:
    found = []

    def held() -> None:
        with HeldInterrupts():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=held)
    thread.start()
    thread.join()
    assert [signal.default_int_handler] == found


def test_a_signal_whose_exception_was_lost_is_raised_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interrupts, "_met", [])
    with contextlib.suppress(Stopped):  # as a finaliser does
        interrupts.raise_stopped(signal.SIGTERM, None)
    with pytest.raises(Stopped) as stopped:
        interrupts.raise_lost()
    assert 143 == stopped.value.exit_code
    interrupts.forget_met()
    interrupts.raise_lost()


def test_a_signal_whose_exception_was_lost_is_raised_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        interrupts, "_PATIENCE", 1000
    )  # what the timer does is done by hand: it comes when it likes
    before = signal.getsignal(signal.SIGALRM)
    try:
        with contextlib.suppress(Stopped):
            interrupts.raise_stopped(signal.SIGHUP, None)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1000
        with pytest.raises(Stopped) as again:
            signal.raise_signal(signal.SIGALRM)
        assert 128 + signal.SIGHUP == again.value.exit_code
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1000
        interrupts.forget_met()
        assert (0, 0) == signal.getitimer(signal.ITIMER_REAL)
        signal.raise_signal(signal.SIGALRM)
    finally:
        interrupts.forget_met()
        signal.signal(signal.SIGALRM, before)


LOST = """
import os, signal, sys, time
from zswap_replay.errors import Stopped
from zswap_replay.replay import interrupts

class Loses:
    def __del__(self):
        os.kill(os.getpid(), int(sys.argv[1]))
        for _ in range(1000):
            pass

interrupts.end_as_interrupted()
try:
    Loses()
    time.sleep(5)
except Stopped as stop:
    interrupts.forget_met()
    interrupts.end_at_once()
    print(stop.exit_code, flush=True)
    os.kill(os.getpid(), int(sys.argv[1]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_a_finaliser_loses_is_raised_again_soon_and_nothing_is_printed(number: signal.Signals) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOST, str(int(number))],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (-number, f"{128 + number}\n", "") == (done.returncode, done.stdout, done.stderr)
