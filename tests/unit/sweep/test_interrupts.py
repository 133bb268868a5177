from __future__ import annotations

import os
import signal
import threading

import pytest

from zswap_replay.sweep.interrupts import HeldInterrupts


def test_ctrl_c_is_raised_where_it_is_looked_for() -> None:
    with HeldInterrupts() as interrupts:
        interrupts.check()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
        interrupts.check()
    assert signal.default_int_handler is signal.getsignal(signal.SIGINT)


def test_ctrl_c_that_nobody_looked_for_is_raised_at_the_end() -> None:
    with pytest.raises(KeyboardInterrupt), HeldInterrupts():
        os.kill(os.getpid(), signal.SIGINT)


def test_another_handler_stays_in_force() -> None:
    met = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: met.append(number))
    try:
        with HeldInterrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGINT)
            interrupts.check()
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
