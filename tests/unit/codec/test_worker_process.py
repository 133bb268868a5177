"""Worker processes: answers, deaths, ends, and what they ask of a script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from importlib import import_module
from multiprocessing.connection import Pipe
from pathlib import Path

import pytest

from tests.processes import all_end, descendants, is_alive
from zswap_replay.codec.worker_process import Worker, WorkerProcesses, serve
from zswap_replay.trace.builder import TraceBuilder

MODULE = "zswap_replay.units"


def fallen(worker: Worker) -> bool:
    """Whether a worker is found dead within a minute."""
    return worker.connection.poll(60) and worker.died


def test_each_worker_answers_in_order() -> None:
    with WorkerProcesses(MODULE) as processes:
        workers = [processes.start() for _ in range(3)]
        for worker in workers:
            worker.send(os.getpid)
            worker.send(divmod, 7, 2)
        answers = [(worker.receive(), worker.receive()) for worker in workers]
        assert [(worker.pid, (3, 1)) for worker in workers] == answers
        assert 3 == len({pid for pid, _ in answers} - {os.getpid()})
        assert not any(worker.died for worker in workers)


def test_process_ids_that_nobody_asks_for_do_not_fill_the_socket() -> None:
    """A few hundred fill it; then the process that forks, and with it this one, would wait for ever."""
    with WorkerProcesses(MODULE) as processes:
        workers = [processes.start() for _ in range(70)]
        assert len(processes._unread) <= 64
        assert 70 == len({worker.pid for worker in workers})


def test_imports_are_done_once_before_the_first_fork() -> None:
    with WorkerProcesses("zswap_replay.codec.batch") as processes:
        worker = processes.start()
        worker.send(eval, "'zswap_replay.codec.batch' in __import__('sys').modules")
        assert worker.receive()


def test_modules_are_found_where_this_process_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here.py").write_text("def answer(): return 42\n")
    (tmp_path / "struct.py").write_text("raise SystemExit('a file of the working folder was imported')\n")
    monkeypatch.chdir(tmp_path)
    with WorkerProcesses(MODULE) as processes:
        worker = processes.start()
        worker.send(os.getcwd)
        assert str(tmp_path) == worker.receive()
    (tmp_path / "struct.py").unlink()
    monkeypatch.syspath_prepend(str(tmp_path))
    with WorkerProcesses("only_here") as processes:
        worker = processes.start()
        worker.send(import_module("only_here").answer)
        assert 42 == worker.receive()


def test_a_worker_that_is_killed_is_found_dead_and_can_be_replaced() -> None:
    with WorkerProcesses(MODULE) as processes:
        first, second = processes.start(), processes.start()
        os.kill(first.pid, signal.SIGKILL)
        assert fallen(first)
        with pytest.raises((EOFError, OSError)):
            first.receive()
        third = processes.start()
        for worker in (second, third):
            worker.send(os.getpid)
            assert worker.pid == worker.receive()


def test_a_function_that_raises_ends_its_worker(capfd: pytest.CaptureFixture[str]) -> None:
    with WorkerProcesses(MODULE) as processes:
        worker = processes.start()
        worker.send(divmod, 1, 0)
        with pytest.raises(EOFError):
            worker.receive()
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_workers_end_with_the_process_that_they_are_forked_from_and_others_start() -> None:
    with WorkerProcesses(MODULE) as processes:
        worker = processes.start()
        worker.send(time.sleep, 600)
        pid, source = worker.pid, processes._process.pid
        os.kill(source, signal.SIGKILL)
        assert fallen(worker)
        other = processes.start()
        other.send(os.getpid)
        assert other.pid == other.receive()
        assert not is_alive(pid)
        assert source != processes._process.pid


def test_a_worker_that_never_began_has_no_process() -> None:
    with WorkerProcesses("zswap_replay.no_such_module") as processes:
        worker = processes.start()
        assert fallen(worker)
        with pytest.raises((ProcessLookupError, ConnectionResetError)):
            _ = worker.pid


def test_all_are_gone_at_the_end_whatever_they_are_at() -> None:
    with WorkerProcesses(MODULE) as processes:
        busy, idle = processes.start(), processes.start()
        busy.send(time.sleep, 600)
        pids = [busy.pid, idle.pid, processes._process.pid]
        assert all(is_alive(pid) for pid in pids)
    assert not any(is_alive(pid) for pid in pids)


def test_a_worker_whose_connection_is_closed_ends() -> None:
    with WorkerProcesses(MODULE) as processes:
        worker = processes.start()
        pid = worker.pid
        worker.close()
        assert all_end([pid])


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_one_that_does_not_end_is_killed() -> None:
    processes = WorkerProcesses(MODULE)
    pid = processes.start().pid
    os.kill(processes._process.pid, signal.SIGSTOP)
    processes.close()
    assert -signal.SIGKILL == processes._process.returncode
    assert all_end([pid])


def test_serving_ends_with_the_connection() -> None:
    ours, theirs = Pipe()
    thread = threading.Thread(target=serve, args=(theirs,))
    thread.start()
    ours.send((divmod, (7, 2)))
    assert (3, 1) == ours.recv()
    ours.close()
    thread.join(60)
    assert not thread.is_alive()


SCRIPT = """
import os, sys
print("main", os.getpid())
import zswap_replay as zr
from zswap_replay.codec import workers
from zswap_replay.sweep.grid import Option
from zswap_replay.sweep.run import sweep
workers._WORTH_A_START = 0
result = zr.replay(sys.argv[1], compressor="lz4", jobs=2)
print(result.counters["stored_pages"])
found = sweep(sys.argv[1], [Option("kernel", ("6.6", "6.8"), ("6.6", "6.8"))], jobs=2)
print([row["zswap.stored_pages"] for row in found.rows], len(found.failures))
"""


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_a_script_needs_no_guard_for_its_main_module(tmp_path: Path) -> None:
    TraceBuilder().write("/a", 0, count=20).pageout("/a", 0, count=20).save(tmp_path / "t.parquet")
    (tmp_path / "script.py").write_text(SCRIPT)
    arguments = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "t.parquet")]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert ("", 0) == (done.stderr, done.returncode)
    main, stored, swept = done.stdout.splitlines()
    assert main.startswith("main ")
    assert ("20", "[20, 20] 0") == (stored, swept)


def test_no_process_is_left_where_the_one_that_wanted_them_is_killed(tmp_path: Path) -> None:
    script = (
        "import time; from zswap_replay.codec.worker_process import WorkerProcesses\n"
        f"p = WorkerProcesses({MODULE!r}); w = [p.start(), p.start()]; w[0].send(time.sleep, 600)\n"
        "print(w[0].pid, w[1].pid, flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    left = descendants(process.pid)
    assert 3 == len(left)
    process.kill()
    process.communicate()
    assert all_end(left)


FORKING = f"""
import os, signal, threading, time
from zswap_replay.codec.worker_process import WorkerProcesses
signal.signal(signal.SIGTERM, lambda number, frame: None)
_, pipe = os.pipe()
known_here = 7
for threads in (0, 1):
    processes = WorkerProcesses({MODULE!r}, forks=True)
    worker = processes.start()
    worker.send(eval, "getattr(__import__('__main__'), 'known_here', None)")
    worker.send(eval, "int(__import__('signal').getsignal(15))")
    worker.send(os.path.exists, f"/proc/self/fd/{{pipe}}")
    worker.send(os.readlink, "/proc/self/fd/1")
    print(*(worker.receive() for _ in range(4)), flush=True)
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    if threads:
        time.sleep(600)
    pid = worker.pid
    processes.close()
    processes.close()
    print(os.path.exists(f"/proc/{{pid}}"))
"""


def test_a_fork_has_what_is_imported_and_nothing_else_of_a_process_without_threads() -> None:
    with subprocess.Popen([sys.executable, "-c", FORKING], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().split() for _ in range(3)]
        assert [["7", "0", "False", "/dev/null"], ["False"], ["None", "0", "False", "/dev/null"]] == lines
        left = descendants(process.pid)
        assert 2 == len(left)
        process.kill()
    assert all_end(left)


STOPPED = f"""
import os, signal
from zswap_replay.codec.worker_process import WorkerProcesses
processes = WorkerProcesses({MODULE!r}, forks=True)
os.kill(processes._process.pid, signal.SIGSTOP)
processes.close()
print(processes._process.returncode)
"""


@pytest.mark.no_cover  # what it runs is run by the test above too
def test_a_fork_that_does_not_end_is_killed() -> None:
    done = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, text=True, check=True)
    assert f"{-signal.SIGKILL}\n" == done.stdout


IGNORED = f"""
import signal
from zswap_replay.codec.worker_process import WorkerProcesses
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with WorkerProcesses({MODULE!r}, forks=True) as processes:
    worker = processes.start()
    worker.send(abs, -3)
    print(worker.receive())
print(processes._process.returncode)
"""


@pytest.mark.no_cover
def test_a_fork_ends_where_nobody_is_told_of_ended_children() -> None:
    done = subprocess.run([sys.executable, "-c", IGNORED], capture_output=True, text=True, check=True)
    assert ("3\n0\n", "") == (done.stdout, done.stderr)


FAILING = """
import os, sys
from zswap_replay.codec.worker_process import WorkerProcesses
reads, writes = os.pipe()
os.dup2(writes, 2)
os.close(writes)
os.close(reads)
here = os.getpid()
try:
    with WorkerProcesses("zswap_replay.no_such_module", forks=True) as processes:
        processes._process.wait()
finally:
    if os.getpid() != here:
        open(sys.argv[1], "w").close()
print(processes._process.returncode)
"""


@pytest.mark.no_cover
def test_a_fork_that_fails_and_cannot_say_so_is_no_second_command(tmp_path: Path) -> None:
    went_on = tmp_path / "went-on"
    program = [sys.executable, "-c", FAILING, str(went_on)]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert "1\n" == done.stdout
    assert not went_on.exists()
