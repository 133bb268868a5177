"""Threads that work while a replay does: one reads its trace ahead, others hash what was read.

They help since Arrow and hashlib let go of the interpreter's lock while they work. The replay keeps it for a whole
batch of events: another thread gets it, for the next of its tasks, when the replay comes to wait for rows. So a thread
should have one long task for each batch, not many short ones.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread, current_thread
from typing import Generic, TypeVar
from weakref import finalize

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class _Failure:
    """What a task has raised."""

    error: BaseException


class Helper(Generic[_Item]):
    """A thread that does tasks in the order in which they are given; it starts with the first and is gone after end().

    It is gone too when nobody knows the helper any more, and when the interpreter ends.
    """

    def __init__(self) -> None:
        self.waiting = 0
        """Tasks that were given and whose results were not taken."""
        self._tasks: SimpleQueue[Callable[[], _Item] | None] = SimpleQueue()
        self._results: SimpleQueue[_Item | _Failure] = SimpleQueue()
        self._end: Callable[[], object] | None = None

    def give(self, task: Callable[[], _Item]) -> None:
        """Have a task done, some time before take() has its result."""
        if self._end is None:
            thread = Thread(target=_work, args=(self._tasks, self._results), name="zswap-replay", daemon=True)
            thread.start()
            self._end = finalize(self, _stop, thread, self._tasks)
        self._tasks.put(task)
        self.waiting += 1

    def take(self) -> _Item:
        """Wait for the first task whose result was not taken, and return it, or raise what the task has raised."""
        result = self._results.get()
        self.waiting -= 1
        if isinstance(result, _Failure):
            try:
                raise result.error
            finally:
                del result  # the error knows this frame: one that knew the error would keep both
        return result

    def end(self) -> None:
        """Leave undone what was not begun, and wait for the thread to end."""
        if self._end is not None:
            self._end()


def _work(tasks: SimpleQueue[Callable[[], _Item] | None], results: SimpleQueue[_Item | _Failure]) -> None:
    while (task := tasks.get()) is not None:
        try:
            results.put(task())
        except BaseException as error:  # it is for the one that takes the result to handle
            results.put(_Failure(error))
        del task  # not to keep what it holds until the next one comes


def _stop(thread: Thread, tasks: SimpleQueue[Callable[[], _Item] | None]) -> None:
    try:
        while True:
            tasks.get_nowait()
    except Empty:
        tasks.put(None)
    if (
        thread is not current_thread()
    ):  # where it is that thread which finds that nobody knows the helper any more
        thread.join()


class Ahead(Generic[_Item]):
    """The items of a generator, each made by a thread while the one before is in use; errors come in their place.

    After close(), which is also to be called at the end, the thread is gone and the generator closed.
    """

    def __init__(self, items: Generator[_Item, None, None]) -> None:
        self._items = items
        self._helper: Helper[_Item] = Helper()
        self._helper.give(items.__next__)

    def __iter__(self) -> Iterator[_Item]:
        return self

    def __next__(self) -> _Item:
        # One more is ordered before this one is waited for: the thread goes on with it at once.
        self._helper.give(self._items.__next__)
        return self._helper.take()

    def close(self) -> None:
        """Make no more items."""
        try:
            self._helper.end()
        finally:
            self._items.close()
