"""Tasks done by this process and by worker processes; no result depends on which of them did it, or when."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from multiprocessing.connection import wait
from typing import Any, Final, TypeVar

from zswap_replay.codec.worker_process import Worker, WorkerProcesses

_Answer = TypeVar("_Answer")

_ALONE: Final = 24
"""Tasks that are done before workers are started: one takes as long to start as these."""
_UNDER_WAY: Final = 3
"""Tasks that a worker holds at most, so that it has work while this process is at its own."""


def answers(
    function: Callable[..., _Answer],
    tasks: Iterator[tuple[Any, ...]],
    jobs: int,
    notes: Callable[[str], None],
) -> Iterator[_Answer]:
    """Yield what a function of some module returns for the arguments of each task, in the order in which it comes.

    ``jobs`` is the number of processes, with this one. Tasks are taken when there is someone to do them. What a worker
    had in hand when it died is done here; ``notes`` is told.
    """
    for _, task in zip(range(_ALONE), tasks, strict=False):
        yield function(*task)
    following = next(tasks, None)
    if following is None or jobs < 2:
        for task in chain(() if following is None else (following,), tasks):
            yield function(*task)
        return
    with WorkerProcesses(function.__module__) as processes:
        hands: dict[Worker, deque[tuple[Any, ...]]] = {processes.start(): deque() for _ in range(jobs - 1)}
        while following is not None or any(hands.values()):
            left: list[tuple[Any, ...]] = []
            for worker, held in list(hands.items()):
                while following is not None and len(held) < _UNDER_WAY:
                    held.append(following)
                    following = next(tasks, None)
                    try:
                        worker.send(function, *held[-1])
                    except OSError:
                        left += _buried(hands, worker, notes)
                        break
            mine, following = following, next(tasks, None) if following is not None else None
            if mine is not None:
                yield function(*mine)
            busy = {worker.connection: worker for worker, held in hands.items() if held}
            for connection in wait(list(busy), None if mine is None and not left else 0):
                worker = busy[connection]  # type: ignore[index]  # what goes in comes out
                try:
                    answer = worker.receive()
                except (EOFError, OSError):
                    left += _buried(hands, worker, notes)
                    continue
                hands[worker].popleft()
                yield answer
            for task in left:
                yield function(*task)


def _buried(
    hands: dict[Worker, deque[tuple[Any, ...]]], worker: Worker, notes: Callable[[str], None]
) -> list[tuple[Any, ...]]:
    """Give up a worker that has died; return what it had been given."""
    worker.close()
    left = hands.pop(worker)
    notes(f"a worker has died; the measurement goes on with {len(hands) + 1} processes")
    return list(left)
