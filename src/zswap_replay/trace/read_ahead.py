"""Threads that work beside a replay: one reads, checks and hashes its trace ahead; others take the slower digest.

Arrow, the hashes, our passes over columns and the compiled model do without the interpreter's lock, and so work at the
same time. A replay that calls a codec, or runs interpreted, needs the lock: a thread should have one long task for each
batch, not many short ones.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock, Thread, current_thread
from typing import Generic, TypeVar
from weakref import finalize

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class _Failure:
    """The error that a task raised, in place of its result."""

    error: BaseException


class _Queue(Generic[_Item]):
    """The tasks of a thread and their results; after it was stopped, each task fails.

    So nobody waits for a thread that has ended: at the interpreter's exit threads are stopped in no order that knows
    which of them waits for another.
    """

    def __init__(self) -> None:
        self.tasks: SimpleQueue[Callable[[], _Item] | None] = SimpleQueue()
        self.results: SimpleQueue[_Item | _Failure] = SimpleQueue()
        self._stopped = False
        self._lock = Lock()

    def put(self, task: Callable[[], _Item]) -> None:
        """Queue a task."""
        with self._lock:
            if self._stopped:
                self._fail()
            else:
                self.tasks.put(task)

    def run(self) -> None:
        """Run tasks until the queue is stopped."""
        while (task := self.tasks.get()) is not None:
            if self._stopped:
                self._fail()
                continue
            try:
                self.results.put(task())
            except BaseException as error:  # the thread that takes the result handles it
                self.results.put(_Failure(error))
            del task  # what it refers to is freed before the next task comes

    def stop(self, thread: Thread) -> None:
        """Drop the tasks that were not begun, and wait for the thread that runs them to end."""
        with self._lock:
            self._stopped = True
            self.tasks.put(None)
        if thread is not current_thread():  # which may collect the TaskThread, and cannot join itself
            thread.join()

    def _fail(self) -> None:
        self.results.put(_Failure(RuntimeError("the thread was stopped")))


class TaskThread(Generic[_Item]):
    """A thread that runs tasks in the order in which they are submitted. It starts with the first task.

    It ends on stop(), when the TaskThread is garbage-collected, and when the interpreter exits.
    """

    def __init__(self) -> None:
        self.waiting = 0
        """Tasks that were submitted and whose results were not taken."""
        self._queue: _Queue[_Item] = _Queue()
        self._stop: finalize[[Thread], TaskThread[_Item]] | None = None

    def submit(self, task: Callable[[], _Item]) -> None:
        """Queue a task; take_result() has its result."""
        if self._stop is None:
            self._thread = Thread(target=self._queue.run, name="zswap-replay", daemon=True)
            self._thread.start()
            self._stop = finalize(self, self._queue.stop, self._thread)
        self._queue.put(task)
        self.waiting += 1

    def take_result(self) -> _Item:
        """Wait for the oldest task whose result was not taken; return its result, or raise the error it raised."""
        result = self._queue.results.get()
        self.waiting -= 1
        if isinstance(result, _Failure):
            try:
                raise result.error
            finally:
                # the error's traceback holds this frame: a frame that holds the error makes a cycle
                del result
        return result

    def stop(self) -> None:
        """Drop the tasks that were not begun, and wait for the thread to end."""
        if self._stop is not None:
            self._queue.stop(self._thread)
            self._stop.detach()  # only now: where a signal ends the wait, the interpreter waits again at its exit


class ReadAhead(Generic[_Item]):
    """The items of a generator, each made by a thread while the one before is in use; errors come in their place.

    close() must be called, also after the last item: it ends the thread and closes the generator.
    """

    def __init__(self, items: Generator[_Item, None, None]) -> None:
        self._items = items
        self._thread: TaskThread[_Item] = TaskThread()
        self._thread.submit(items.__next__)

    def __iter__(self) -> Iterator[_Item]:
        return self

    def __next__(self) -> _Item:
        # The next item is ordered before this one is waited for, so that the thread goes on without a pause.
        self._thread.submit(self._items.__next__)
        return self._thread.take_result()

    def close(self) -> None:
        """End the thread and close the generator."""
        self._thread.stop()  # where a signal ends the wait, the thread is still at the generator
        self._items.close()
