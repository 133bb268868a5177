from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.unit.memory.tasks import double
from zswap_replay.memory.crew import answers


def tasks(number: int, fatal: int) -> Iterator[tuple[int, int, int]]:
    return ((each, os.getpid(), fatal) for each in range(number))


@pytest.mark.parametrize(("number", "jobs"), [(0, 2), (3, 1), (24, 2), (25, 1), (200, 1), (200, 3)])
def test_every_task_is_done_once(number: int, jobs: int) -> None:
    notes: list[str] = []
    found = answers(double, tasks(number, -1), jobs, notes.append)
    assert list(range(0, 2 * number, 2)) == sorted(found)
    assert [] == notes


def test_what_a_worker_had_in_hand_when_it_died_is_done_here() -> None:
    notes: list[str] = []
    found = answers(double, tasks(400, 24), 2, notes.append)  # the first that a worker is given
    assert list(range(0, 800, 2)) == sorted(found)
    assert ["a worker has died; the measurement goes on with 1 processes"] == notes
