"""``zswap-replay`` as a process of its own that has its imports behind it: most tests wait for nothing else.

A server imports the program once and forks for each run, which has its own environment, folder, files and exit status.
The worker processes of such a run are forks of it. What depends on how a process starts (the interpreted core, signals,
closed files, imports, workers that end with it) is tested on cold ones.
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import posix
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any, cast

import zswap_replay
from tests.environment import MEASURES
from tests.paths import ROOT
from zswap_replay.codec import worker_process

if TYPE_CHECKING:
    from coverage import Coverage

CLIENT = Path(__file__).with_name("warm_client.py")

REHEARSED = (
    "run traces/story.parquet --max-events 400 -c zstd -c lz4",
    "sweep traces/story.parquet --max-events 400 -c zstd,lz4 --jobs 1",
    "run traces/story.parquet --max-events 400 --format json",
    "trace info traces/story.parquet",
    "compare tests/nowhere.json",
    "check traces/story.parquet tests/nowhere.json",
    "report tests/nowhere.json",
    "kernels",
)
"""Commands that are run first: their imports, and what is made once in a process, are there for all runs then."""

ADDRESS = "ZSWAP_REPLAY_WARM"
"""The variable that tells the processes of pytest-xdist where the server is that they share."""


@cache
def program() -> tuple[str, ...]:
    """Return the words of a command that has the server run ``zswap-replay``; add the arguments."""
    address = Path(os.environ.get(ADDRESS) or start())
    deadline = time.monotonic() + 120
    while not address.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return sys.executable, "-I", "-S", str(CLIENT), str(address)


def start(**environment: str) -> str:
    """Start the server, which ends with this process, and return its address, that of a socket which will be there.

    ``environment`` is what it has beside this process's own.
    """
    address = Path(tempfile.mkdtemp(prefix="warm-")) / "socket"
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.warm", address],
        cwd=ROOT,
        env={**os.environ, **environment, "ZSWAP_REPLAY_PURE": "0", "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
    )

    def stop() -> None:
        server.communicate()
        address.unlink()
        address.parent.rmdir()

    atexit.register(stop)
    return str(address)


def serve(address: str) -> None:
    """Import the program and run it for whoever asks, until standard input ends; return in each process that is it."""
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # as the program does before it imports Arrow
    from zswap_replay.cli.main import PROGRAM, cli, guarded

    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        for command in REHEARSED:
            guarded(cli, PROGRAM, command.split())
    for module in walk_packages(zswap_replay.__path__, "zswap_replay."):
        if not module.name.endswith("__main__"):
            import_module(module.name)  # also what a command imports where there is something to do
    import_module("pandas")  # Arrow does, where it is given a list
    worker_process.WorkerProcesses._launch = _launch  # type: ignore[assignment,method-assign]
    if measuring := _measuring():
        measuring.save()  # or each run would, what has been run so far
    gc.freeze()  # what is there stays: no run looks through it, or copies its pages
    # a fork of a process with threads is warned of; what numpy and Arrow keep for themselves survives it
    warnings.simplefilter("ignore", DeprecationWarning)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen()
    os.rename(f"{address}.new", address)
    runs = _Runs()
    while True:
        ready, _, _ = select.select([listener, sys.stdin, *runs.files()], [], [])
        if sys.stdin in ready:
            posix._exit(0)  # what is measured is saved
        if listener in ready and runs.fork(listener):
            return
        runs.end(ready)


class _Runs:
    """The runs that the server has forked and has to tell the end of."""

    def __init__(self) -> None:
        self._asked: dict[int, tuple[int, socket.socket]] = {}
        """By process: what tells that it has ended, and who asked for it."""

    def files(self) -> list[int]:
        """Return what to wait for: ends of runs, and of those that asked for them."""
        return [file for ended, client in self._asked.values() for file in (ended, client.fileno())]

    def fork(self, listener: socket.socket) -> bool:
        """Fork the run that somebody asks for; True: this process is the run."""
        client, _ = listener.accept()
        asked = _asked(client)
        if asked is None:
            client.close()
            return False
        request, files = asked
        run = os.fork()
        if run == 0:
            for ended, other in self._asked.values():
                os.close(ended)
                other.close()
            listener.close()
            client.close()
            _become(request["arguments"], request["environment"], request["folder"], files)
            return True
        for file in files:
            os.close(file)
        self._asked[run] = os.pidfd_open(run), client
        return False

    def end(self, ready: Sequence[object]) -> None:
        """Tell the status of runs that have ended; kill those that nobody wants any more, as after a timeout."""
        for run, (ended, client) in list(self._asked.items()):
            if client.fileno() in ready:
                os.kill(run, signal.SIGKILL)
            elif ended not in ready:
                continue
            _, status = os.waitpid(run, 0)
            code = os.waitstatus_to_exitcode(status)
            with suppress(BrokenPipeError):
                client.sendall(bytes([code if code >= 0 else 128 - code]))
            client.close()
            os.close(ended)
            del self._asked[run]


def _asked(client: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return what a client asks for and its standard files; None: it has gone, or says nothing for seconds."""
    client.settimeout(5)
    files: list[int] = []
    try:
        head, files, _, _ = socket.recv_fds(client, 4, 3)
        with client.makefile("rb") as stream:
            request = json.loads(stream.read(int.from_bytes(head, "big")))
        if len(files) == 3 and request.keys() == {"arguments", "environment", "folder"}:
            client.settimeout(None)
            return request, files
    except (OSError, ValueError):
        pass
    for file in files:
        os.close(file)
    return None


class _Forked:
    """A fork of this process, in place of the Popen of what workers are forked from."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = os.pidfd_open(pid)

    def wait(self, timeout: float | None = None) -> None:
        """Wait for its end, unless it has been waited for. Raises TimeoutExpired."""
        if self._ended < 0:
            return
        if not select.select([self._ended], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("workers", timeout or 0)
        os.waitpid(self._pid, 0)
        os.close(self._ended)
        self._ended = -1

    def kill(self) -> None:
        """Kill it."""
        os.kill(self._pid, signal.SIGKILL)


def _launch(workers: worker_process.WorkerProcesses) -> None:
    """Do what WorkerProcesses does to start the process that workers are forked from, without a new interpreter."""
    workers._control, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        workers._control.close()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1):
            os.dup2(nowhere, standard)
        for ending in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.SIG_DFL)
        worker_process.fork_workers(theirs.detach(), workers._module)
    theirs.close()
    workers._process = cast("subprocess.Popen[bytes]", _Forked(pid))


def _measuring() -> Coverage | None:
    """Return what measures this process, None: nothing does."""
    if "coverage" not in sys.modules:
        return None
    from coverage import Coverage

    return Coverage.current()


def _become(arguments: list[str], environment: dict[str, str], folder: str, files: list[int]) -> None:
    """Take the arguments, environment, folder and standard files of another process."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if MEASURES not in environment and (measuring := _measuring()):  # it was hidden
        measuring.stop()
        atexit.unregister(measuring._atexit)
        os._exit = posix._exit  # which coverage has put a function in place of, to save what it has
    sys.argv[1:] = arguments
    standard: list[tuple[str, io.TextIOWrapper]] = [
        ("stdin", io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8"))
    ]
    for name, number, errors in (("stdout", 1, "strict"), ("stderr", 2, "backslashreplace")):
        raw = io.FileIO(number, "w", closefd=False)
        lines = number == 2 or raw.isatty()
        written = io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", errors, line_buffering=lines)
        standard.append((name, written))
    for name, stream in standard:
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    serve(sys.argv.pop())
    try:
        runpy.run_module("zswap_replay", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        sys.stdout.flush()
        if threading.active_count() == 1 and isinstance(end.code, int):
            atexit._run_exitfuncs()
            os._exit(end.code)  # taking all apart that was imported is half of a short run
        raise
