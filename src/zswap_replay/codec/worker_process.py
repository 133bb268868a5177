"""Worker processes, of one kind for all that is done in several: forks of a process that has imported what they need.

A worker is sent functions with their arguments, and answers each with what it returns, in their order. Imports are done
once, by the process that all workers are forked from, while the one that wants them does other things. None of them is
a copy of the latter: its main module is not run again, so that a script needs no ``if __name__ == "__main__"``.

A worker ends when its connection is closed, and with the process that it was forked from; that one ends, and kills its
workers, when the process that wanted them closes its end or is gone, however it went. Ctrl-C is left to the latter.

`run` and `sweep` of the command line fork themselves in place of that, while they have no other thread: all is imported
already. A process that is somebody else's may have threads, locks and connections, of which a copy is no good.

A pool of concurrent.futures will not do: it hangs where Ctrl-C comes while a task is handed over, or where a worker is
killed while it sends its result; and where one worker is killed, it fails the tasks of all.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from types import TracebackType
from typing import Any, Self

_PATIENCE = 2.0
"""Seconds that the process that workers are forked from has to end by itself."""
_PID = struct.Struct("i")
_MOST_UNREAD = 64
"""Process ids that wait to be read: where a few hundred do, the socket is full, and both ends of it wait."""
_STOPS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM}
"""Signals of which a program may have handlers that raise."""


class Worker:
    """One process, seen from the one that wants it."""

    def __init__(self, workers: WorkerProcesses, connection: Connection) -> None:
        self._workers = workers
        self._pid: int | None = None
        self.connection = connection
        """Readable when there is an answer, or when the process has died: for ``multiprocessing.connection.wait``."""

    @property
    def pid(self) -> int:
        """The process id, waited for where the process is about to start. Raises ProcessLookupError: it has died."""
        if self._pid is None:
            self._workers._read_pids(self)
        assert self._pid is not None
        return self._pid

    @property
    def died(self) -> bool:
        """Whether a process that owes no answer has died."""
        return self.connection.poll()

    def send(self, function: Callable[..., object], *arguments: object, file: int | None = None) -> None:
        """Let a function of some module be called there. Raises OSError: the process has died.

        With an open ``file`` its descriptor there, which is the function's to close, comes before the arguments.
        """
        if file is None:
            self.connection.send((function, arguments))
        else:
            self.connection.send((function, arguments, "with a file"))
            send_handle(self.connection, file, None)

    def receive(self) -> Any:
        """Wait for the next answer. Raises EOFError, OSError: the process has died; a function that raises ends it."""
        return self.connection.recv()

    def close(self) -> None:
        """End the process, once it has nothing to do."""
        self.connection.close()


class WorkerProcesses:
    """The processes of some work, as a context manager. All are killed at its end: what they are at is lost."""

    def __init__(self, module: str, *, forks: bool = False) -> None:
        """Start the process that workers are forked from; it imports ``module`` first, and is not waited for.

        With ``forks``, and if this process has no other thread, it is a copy of this process.
        """
        self._module = module
        self._forks = forks
        self._unread: deque[Worker] = deque()
        self._launch()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _launch(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs, _no_stops():
            if self._forks and threading.active_count() == 1:
                self._process: subprocess.Popen[bytes] | Fork = Fork(theirs.fileno(), self._module)
                return
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _program(theirs.fileno(), self._module)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Nothing here needs a thread of numpy's, and what is forked should have none.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )

    def start(self) -> Worker:
        """Start a worker, without waiting for it. Raises OSError: no process can be started."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            except OSError:  # the process that forks has died, and all workers with it
                self.close()
                self._launch()
                socket.send_fds(self._control, [b"+"], [theirs.fileno()])
        worker = Worker(self, Connection(ours.detach()))
        self._unread.append(worker)
        if len(self._unread) > _MOST_UNREAD:
            self._read_pids(self._unread[0])
        return worker

    def _read_pids(self, worker: Worker) -> None:
        """Take in process ids, in the order in which workers were started, up to that of ``worker``."""
        while worker in self._unread:
            data = self._control.recv(_PID.size, socket.MSG_WAITALL)
            if len(data) < _PID.size:
                break
            (self._unread.popleft()._pid,) = _PID.unpack(data)
        if worker._pid is None:
            raise ProcessLookupError("the worker has died before it began")

    def close(self) -> None:
        """Kill all workers, and wait until they are gone."""
        try:
            with self._control:
                self._control.shutdown(socket.SHUT_WR)
                self._control.settimeout(_PATIENCE)
                while self._control.recv(1):  # what comes last is that the other end is closed
                    pass
        except TimeoutError:
            self._process.kill()
        except OSError:
            pass  # it has been closed, or the process is gone
        self._unread.clear()
        self._process.wait()


class Fork:
    """A copy of this process that workers are forked from, in place of a subprocess.Popen."""

    def __init__(self, control: int, module: str) -> None:
        """Make the copy, with signals held; ``control`` and ``module`` are those of fork_workers()."""
        with warnings.catch_warnings():
            # of threads that are not Python's; what Arrow and its allocators keep for themselves survives a fork
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if not self.pid:
            try:
                _give_up_all_but(control)
                fork_workers(control, module)
            except BaseException:
                traceback.print_exc()
            finally:  # a copy must not go on as a second command
                os._exit(1)
        self.returncode: int | None = None

    def wait(self) -> None:
        """Wait for its end, unless it has been waited for."""
        if self.returncode is None:
            try:
                _, status = os.waitpid(self.pid, 0)
            except ChildProcessError:  # SIGCHLD is ignored, so that the system keeps no status
                status = 0
            self.returncode = os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        """Kill it."""
        os.kill(self.pid, signal.SIGKILL)


def _give_up_all_but(control: int) -> None:
    """Leave handlers of signals and files behind, as a new program does; keep ``control`` and standard error."""
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nowhere, standard)
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in (0, 1, 2, control):
            with suppress(OSError):  # that of the folder itself is gone
                os.close(int(name))


@contextmanager
def _no_stops() -> Iterator[None]:
    """Start processes so that no signal meets them before they have its handler; Ctrl-C they leave to others."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _program(control: int, module: str) -> str:
    """Return the program of the process that forks; it finds modules where this process finds them."""
    return (
        f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import fork_workers; "
        f"fork_workers({control}, {module!r})"
    )


def fork_workers(control: int, module: str) -> None:
    """Start a worker, as a fork, for each connection that comes through the socket ``control``; then kill them all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    import_module(module)
    gc.freeze()  # what is there stays: no worker looks through it, or copies its pages
    # its end tells workers that this process is gone, even where it was killed
    here, never_written = os.pipe()
    pids = []
    with socket.socket(fileno=control) as requests, suppress(OSError):
        while True:
            _, descriptors, _, _ = socket.recv_fds(requests, 1, 1)
            if not descriptors:
                break
            pid = os.fork()
            if not pid:
                requests.close()
                os.close(never_written)
                _be_worker(descriptors[0], here)
            os.close(descriptors[0])
            # None is waited for before the end, so that the number of one that has died is no other process's.
            pids.append(pid)
            requests.sendall(_PID.pack(pid))
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):  # SIGCHLD is ignored: they are gone without being waited for
        for pid in pids:
            os.waitpid(pid, 0)
    os._exit(0)


def _be_worker(descriptor: int, parent: int) -> None:
    """Run the work of a worker, and end this process."""
    status = 1
    try:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        serve(Connection(descriptor))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _end_with(parent: int) -> None:
    os.read(parent, 1)
    os._exit(1)


def serve(connection: Connection) -> None:
    """Call what comes through a connection, and answer, until the other side is gone."""
    while True:
        try:
            function, arguments, *with_file = connection.recv()
            if with_file:
                arguments = (recv_handle(connection), *arguments)
        except (EOFError, OSError):
            return
        answer = function(*arguments)
        try:
            connection.send(answer)
        except OSError:
            return
