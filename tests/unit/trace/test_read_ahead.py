from __future__ import annotations

import threading
from collections.abc import Generator
from functools import partial
from operator import truediv
from unittest.mock import patch

import pytest

from zswap_replay.trace.read_ahead import ReadAhead, TaskThread


def counting(upto: int, closed: list[bool]) -> Generator[int, None, None]:
    try:
        yield from range(upto)
        raise ValueError("at the end")
    finally:
        closed.append(True)


def test_a_thread_does_its_tasks_in_order_and_hands_back_what_they_raise() -> None:
    thread: TaskThread[float] = TaskThread()
    for number in (1, 0, 2):
        thread.submit(partial(truediv, 1, number))
    assert 3 == thread.waiting
    assert 1.0 == thread.take_result()
    with pytest.raises(ZeroDivisionError):
        thread.take_result()
    assert 0.5 == thread.take_result()
    assert 0 == thread.waiting
    thread.stop()


def test_the_thread_ends_with_its_object() -> None:
    before = threading.active_count()
    thread: TaskThread[None] = TaskThread()
    thread.stop()
    assert before == threading.active_count()
    thread.submit(lambda: None)
    assert before + 1 == threading.active_count()
    thread.stop()
    thread.stop()
    assert before == threading.active_count()
    forgotten: TaskThread[None] = TaskThread()
    forgotten.submit(lambda: None)
    del forgotten
    assert before == threading.active_count()


def test_a_thread_that_is_stopped_does_not_begin_what_is_left() -> None:
    go, done = threading.Event(), []
    thread: TaskThread[object] = TaskThread()
    thread.submit(go.wait)
    thread.submit(lambda: done.append(1))
    threading.Timer(0.05, go.set).start()
    thread.stop()
    assert [] == done


def test_nobody_waits_for_a_thread_that_was_stopped() -> None:
    begun, go = threading.Event(), threading.Event()

    def begin() -> None:
        begun.set()
        go.wait()

    inner: TaskThread[None] = TaskThread()
    inner.submit(begin)
    inner.submit(lambda: None)
    begun.wait()

    def wait_for_both() -> None:
        inner.take_result()
        inner.take_result()

    outer: TaskThread[None] = TaskThread()
    outer.submit(wait_for_both)
    threading.Timer(0.05, go.set).start()
    inner.stop()
    with pytest.raises(RuntimeError, match="the thread was stopped"):
        outer.take_result()
    inner.submit(lambda: None)
    with pytest.raises(RuntimeError, match="the thread was stopped"):
        inner.take_result()
    outer.stop()


def test_a_close_that_a_signal_ends_leaves_the_generator_to_its_thread() -> None:
    begun, go = threading.Event(), threading.Event()

    def items() -> Generator[int, None, None]:
        begun.set()
        go.wait()
        yield 1

    before = set(threading.enumerate())
    ahead = ReadAhead(items())
    begun.wait()
    with (
        patch.object(threading.Thread, "join", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        ahead.close()
    go.set()
    ahead.close()
    assert set(threading.enumerate()) <= before


def test_items_come_in_order_and_errors_in_their_place() -> None:
    closed: list[bool] = []
    items = ReadAhead(counting(5, closed))
    assert [0, 1, 2, 3, 4] == [next(items) for _ in range(5)]
    with pytest.raises(ValueError, match="at the end"):
        next(items)
    assert [] == list(items)
    items.close()
    assert [True] == closed


def test_no_items_are_made_after_close() -> None:
    before = threading.active_count()
    closed: list[bool] = []
    items = ReadAhead(counting(1000, closed))
    assert 0 == next(items)
    items.close()
    assert [True] == closed
    assert before == threading.active_count()
