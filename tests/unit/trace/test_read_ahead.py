from __future__ import annotations

import threading
from collections.abc import Generator
from functools import partial
from operator import truediv

import pytest

from zswap_replay.trace.read_ahead import Ahead, Helper


def counting(upto: int, closed: list[bool]) -> Generator[int, None, None]:
    try:
        yield from range(upto)
        raise ValueError("at the end")
    finally:
        closed.append(True)


def test_a_helper_does_its_tasks_in_order_and_hands_back_what_they_raise() -> None:
    helper: Helper[float] = Helper()
    for number in (1, 0, 2):
        helper.give(partial(truediv, 1, number))
    assert 3 == helper.waiting
    assert 1.0 == helper.take()
    with pytest.raises(ZeroDivisionError):
        helper.take()
    assert 0.5 == helper.take()
    assert 0 == helper.waiting
    helper.end()


def test_the_thread_of_a_helper_ends_with_it() -> None:
    before = threading.active_count()
    helper: Helper[None] = Helper()
    helper.end()
    assert before == threading.active_count()
    helper.give(lambda: None)
    assert before + 1 == threading.active_count()
    helper.end()
    helper.end()
    assert before == threading.active_count()
    forgotten: Helper[None] = Helper()
    forgotten.give(lambda: None)
    del forgotten
    assert before == threading.active_count()


def test_a_helper_that_ends_does_not_begin_what_is_left() -> None:
    go, done = threading.Event(), []
    helper: Helper[object] = Helper()
    helper.give(go.wait)
    helper.give(lambda: done.append(1))
    threading.Timer(0.05, go.set).start()
    helper.end()
    assert [] == done


def test_items_come_in_order_and_errors_in_their_place() -> None:
    closed: list[bool] = []
    items = Ahead(counting(5, closed))
    assert [0, 1, 2, 3, 4] == [next(items) for _ in range(5)]
    with pytest.raises(ValueError, match="at the end"):
        next(items)
    assert [] == list(items)
    items.close()
    assert [True] == closed


def test_items_that_nobody_wants_any_more_are_not_made() -> None:
    before = threading.active_count()
    closed: list[bool] = []
    items = Ahead(counting(1000, closed))
    assert 0 == next(items)
    items.close()
    assert [True] == closed
    assert before == threading.active_count()
