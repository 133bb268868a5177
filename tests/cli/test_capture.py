"""``zswap-replay capture``: what it writes, what it says, and that its probes are gone however it ends."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.captures import Kernel, trace_pipe
from tests.fake_kernel import INSTANCE, FakeHost, is_clean, plant, probes
from zswap_replay.capture import session, stream
from zswap_replay.cli.main import PROGRAM, cli, guarded

FAKE_MAIN = """
import sys
from zswap_replay.capture import host
from tests.fake_kernel import FakeHost
host.Host = FakeHost
from zswap_replay.cli.main import main
main()
"""
FILES = [
    "buffer-stats.txt",
    "capture.json",
    "cgroups.txt",
    "counters.txt",
    "env.txt",
    "profile.txt",
    "trace.txt.gz",
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that can be captured, in whose place the command line finds it; the output goes beside it."""
    monkeypatch.setattr("zswap_replay.capture.host.Host", FakeHost)
    monkeypatch.setattr(session, "_STEP_SECONDS", 0.01)
    monkeypatch.setattr(session, "_STILL_SECONDS", 0.01)
    monkeypatch.setenv("ZSWAP_REPLAY_ROOT", str(tmp_path / "root"))
    monkeypatch.chdir(tmp_path)
    return plant(tmp_path / "root")


@pytest.fixture
def fake_program(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The program on that machine, as processes of its own run it."""
    main = tmp_path / "main.py"
    main.write_text(FAKE_MAIN, encoding="utf-8")
    paths = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    monkeypatch.setenv("PYTHONPATH", paths)
    monkeypatch.setattr("zswap_replay.cli.capture.PROGRAM", (sys.executable, str(main)))
    return sys.executable, str(main)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """The status, and what is printed on standard output and on standard error."""
    status = guarded(cli, PROGRAM, ["capture", *(str(each) for each in arguments)])
    out, err = capsys.readouterr()
    return status, out, err


def workload(root: Path) -> Path:
    """A script that swaps: what the probes tell of it, and what the kernel counts."""
    kernel = Kernel()
    kernel.now = 20 * 10**9
    kernel.mkdir(77, "/web")
    for slot in range(6):
        kernel.store(slot + 1, 900 + slot, cg=77)
    kernel.read(3, cg=77, length=902)
    kernel.free(3)
    kernel.free(1)
    kernel.store(9, 4000, cg=55)
    (root / "events").write_text(trace_pipe(kernel.events), encoding="utf-8")
    script = root / "work.sh"
    script.write_text(
        f"cd {root}\ncat events >> {INSTANCE}/trace_pipe\n"
        "sed -i 's/^zswpout 0/zswpout 7/; s/^zswpin 0/zswpin 1/' proc/vmstat sys/fs/cgroup/memory.stat\n"
        "sed -i 's/^zswap 0/zswap 7613/; s/^zswapped 0/zswapped 20480/' sys/fs/cgroup/memory.stat\n"
        "echo 5 > sys/kernel/debug/zswap/stored_pages\n",
        encoding="utf-8",
    )
    return script


def test_a_capture_is_a_folder_that_replays_to_the_counters_of_its_kernel(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "run", "-o", "c", "--", "sh", workload(root))
    assert (0, "") == (
        status,
        err.replace(
            "zswap-replay: not captured: cgroup_attach_task (no such event in the group cgroup)\n", ""
        ),
    )
    assert is_clean(root)
    lines = out.splitlines()
    assert "captured: c (the command ended)" == lines[0]
    assert "zswpout 7" in lines[2]
    assert "zswpin 1" in lines[2]
    assert "next: zswap-replay live-check c" == lines[3]
    folder = Path("c")
    assert FILES == sorted(path.name for path in folder.iterdir())
    manifest = json.loads((folder / "capture.json").read_text(encoding="utf-8"))
    assert ("command", 0, 0, []) == (
        manifest["ended"],
        manifest["status"],
        manifest["lost"],
        manifest["left"],
    )
    assert {"cgroup_attach_task"} == set(manifest["missing"])
    assert (folder / "env.txt").read_text(encoding="utf-8").splitlines()[:4] == [
        "Linux fake 6.12.117-test #1 SMP",
        "totalram_kB 262144",
        "nodes_shift 6",
        "/sys/devices/system/node/node0",
    ]
    assert f"{(root / 'sys/fs/cgroup/old shop').stat().st_ino} old shop\n" in (
        folder / "cgroups.txt"
    ).read_text(encoding="utf-8")
    counters = (folder / "counters.txt").read_text(encoding="utf-8")
    for line in (
        "##### start",
        "##### end",
        "== memcg /old shop memory.zswap.writeback 1",
        "== vmstat zswpout 7",
    ):
        assert f"{line}\n" in counters
    assert 0 == guarded(cli, PROGRAM, ["live-check", "c"])
    out, err = capsys.readouterr()
    assert "" == err
    assert "equal 38 of 38" == out.splitlines()[-1]


def test_the_status_is_that_of_the_command(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (7, "", "") == run(capsys, "run", "-q", "-o", "c", "--", "sh", "-c", "exit 7")
    status, _, err = run(capsys, "run", "-q", "-o", "d", "--", "no-such-program")
    assert (2, "zswap-replay: no-such-program: cannot be started: No such file or directory\n") == (
        status,
        err,
    )
    assert is_clean(root)


def test_a_command_has_the_environment_of_the_user(
    root: Path, fake_program: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "mimalloc")
    command = ["capture", "run", "-q", "-o", "c", "--", "sh", "-c", "env > environment"]
    subprocess.run([*fake_program, *command], check=True)
    lines = Path("environment").read_text(encoding="utf-8").splitlines()
    assert "ARROW_DEFAULT_MEMORY_POOL=mimalloc" in lines
    assert [] == [line for line in lines if line.startswith("OPENBLAS_NUM_THREADS")]


def test_a_folder_that_is_in_use_is_left_alone(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run(capsys, "run", "-q", "--", "true")[0]
    status, _, err = run(capsys, "run", "-q", "--", "true")
    assert (2, True) == (status, "zswap-capture: holds buffer-stats.txt" in err and "--force" in err)
    assert 0 == run(capsys, "run", "-q", "-f", "--", "true")[0]
    Path("zswap-capture/mine").touch()
    status, _, err = run(capsys, "run", "-q", "-f", "--", "true")
    assert (2, True) == (status, "holds mine; expected an empty folder\n" in err)
    assert is_clean(root)


@pytest.mark.parametrize(("limit", "ended"), [("--max-size=1", "size"), ("--max-time=1ms", "time")])
def test_size_and_time_end_a_capture_and_not_its_command(
    root: Path, capsys: pytest.CaptureFixture[str], limit: str, ended: str
) -> None:
    (root / "work.sh").write_text(
        f"sleep 0.2; [ ! -e {root / INSTANCE} ] && touch {root}/after\n", encoding="utf-8"
    )
    assert 0 == run(capsys, "run", "-q", "-o", "c", limit, "--", "sh", root / "work.sh")[0]
    assert ended == json.loads(Path("c/capture.json").read_text(encoding="utf-8"))["ended"]
    assert (root / "after").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_capture_well(
    root: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    script = f"kill -{number.name[3:]} {os.getpid()}; sleep {0.1 if number == signal.SIGINT else 9}"
    before = signal.getsignal(number)
    status, out, _ = run(
        capsys, "run", "-o", "c", "--", "sh", "-c", f"{script} & wait" if number == 2 else script
    )
    assert before == signal.getsignal(number)
    assert is_clean(root)
    assert f"captured: c (ended by {number.name})" == out.splitlines()[0]
    assert (0 if number == signal.SIGINT else 128 + signal.SIGTERM) == status
    assert "##### end" in Path("c/counters.txt").read_text(encoding="utf-8")


def test_a_probe_that_is_refused_is_told_with_the_kernels_reason(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # a kernel that takes no number of calls
    monkeypatch.setattr(FakeHost, "refused", "f128:")
    assert 0 == run(capsys, "run", "-q", "-o", "c", "--", "true")[0]
    monkeypatch.setattr(FakeHost, "refused", "zr/comp")
    status, _, err = run(capsys, "run", "-q", "-o", "d", "--", "true")
    assert 2 == status
    assert "the kernel refuses the probe f128:zr/comp scomp_acomp_compress%return ret=$retval:s32" in err
    assert "Invalid argument" in err
    assert "(trace_fprobe: error: Not this one" in err.replace("[ 1.0] ", "")
    assert is_clean(root)


def test_a_capture_that_began_at_the_same_moment_is_not_taken_away(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_first(host: object, tracer: object) -> None:
        FakeHost(root).make_folder(INSTANCE)

    monkeypatch.setattr(session, "_refuse_second", other_first)
    status, _, err = run(capsys, "run", "-q", "-o", "c", "--", "true")
    assert (2, True) == (status, "another capture began at the same moment" in err)
    assert (root / INSTANCE / "tracing_on").exists()


def test_a_full_disk_ends_a_capture_and_leaves_no_probe(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(stream.Stream, "pump", full)
    status, _, err = run(capsys, "run", "-q", "-o", "c", "--", "true")
    assert (1, "zswap-replay: c: the capture is cut short: No space left on device\n") == (status, err)
    assert is_clean(root)


def test_what_the_buffers_lost_is_said(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"sed -i 's/^overrun: 0/overrun: 12/' {root / INSTANCE}/per_cpu/cpu0/stats"
    status, _, err = run(capsys, "run", "-q", "-o", "c", "--", "sh", "-c", script)
    assert (1, True) == (status, "warning: 12 events were lost: give a larger --buffer" in err)


def test_a_capture_in_the_background_is_told_to_end(
    root: Path, capfd: pytest.CaptureFixture[str], fake_program: tuple[str, ...]
) -> None:
    assert 0 == guarded(cli, PROGRAM, ["capture", "start", "-o", "c", "--settle", "1ms"])
    out = capfd.readouterr().out
    assert out.startswith("capturing into c (process ")
    assert 17 == len(probes(root))
    assert (root / INSTANCE / "tracing_on").read_text(encoding="utf-8") == "1"
    # one at a time, and it is not cleaned away from under its process
    for second in (["run", "-o", "d", "--", "true"], ["clean"]):
        status = guarded(cli, PROGRAM, ["capture", *second])
        assert (2, True) == (status, "zswap-replay capture stop ends it" in capfd.readouterr().err)
    subprocess.run(["sh", workload(root)], check=True)
    assert 0 == guarded(cli, PROGRAM, ["capture", "snapshot", "half way", "--settle", "1ms"])
    assert 2 == guarded(cli, PROGRAM, ["capture", "snapshot", "half way"])
    assert 2 == guarded(cli, PROGRAM, ["capture", "snapshot", "a\nb"])
    capfd.readouterr()
    assert 0 == guarded(cli, PROGRAM, ["capture", "stop"])
    out = capfd.readouterr().out
    assert out.splitlines()[0].endswith("/c (ended by SIGTERM)")
    assert is_clean(root)
    assert ["start", "half way", "end"] == session.labels(Path("c"))
    assert 0 == guarded(cli, PROGRAM, ["live-check", "c"])
    assert "equal 57 of 57" == capfd.readouterr().out.splitlines()[-1]


def test_what_a_killed_capture_left_is_cleaned_and_its_text_says_so(
    root: Path, capfd: pytest.CaptureFixture[str], fake_program: tuple[str, ...]
) -> None:
    assert 0 == guarded(cli, PROGRAM, ["capture", "start", "-q", "-o", "c", "--settle", "1ms"])
    subprocess.run(["sh", workload(root)], check=True)
    pid = json.loads((root / "run/zswap-replay-capture.json").read_text(encoding="utf-8"))["pid"]
    until = time.monotonic() + 20
    while b"" == Path("c/trace.txt.gz").read_bytes()[10:] and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert not is_clean(root)
    for refused, told in (
        (["run", "-o", "d", "--", "true"], "zswap-replay capture clean takes that away"),
        (["stop"], "was killed: zswap-replay capture clean takes its probes away"),
        (["snapshot", "x"], "no capture runs"),
    ):
        assert 0 != guarded(cli, PROGRAM, ["capture", *refused])
        assert told in capfd.readouterr().err
    assert 0 == guarded(cli, PROGRAM, ["capture", "clean"])
    assert "zr/store" in capfd.readouterr().out
    assert is_clean(root)
    assert 0 == guarded(cli, PROGRAM, ["capture", "clean"])
    assert "nothing to take away\n" == capfd.readouterr().out
    assert 1 == guarded(cli, PROGRAM, ["trace", "import", "capture", "c", "-o", "t.parquet"])
    out, err = capfd.readouterr()
    assert "stores                       7" in out
    assert "warning: the capture was killed: what came last is missing" in err


def test_a_capture_that_cannot_begin_in_the_background_says_why(
    root: Path, capfd: pytest.CaptureFixture[str], fake_program: tuple[str, ...]
) -> None:
    (root / "sys/kernel/btf/vmlinux").unlink()
    assert 2 == guarded(cli, PROGRAM, ["capture", "start", "-o", "c"])
    assert "missing BTF (/sys/kernel/btf/vmlinux" in capfd.readouterr().err
    assert not Path("c").exists()


def test_check_says_what_there_is(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "check", "--probes", "kprobe")
    assert (0, "can be captured") == (status, out.splitlines()[-1])
    assert "  store               kprobe zswap_store()" in out
    (root / "sys/module/zswap/parameters/enabled").unlink()
    (root / "proc/kallsyms").write_text("0 t zswap_store\n", encoding="utf-8")
    status, out, _ = run(capsys, "check")
    assert (1, "cannot be captured") == (status, out.splitlines()[-1])
    assert "  len                 missing: no function zpool_malloc or zs_malloc" in out


def test_a_script_is_printed_for_those_who_may_not_run_the_program(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, out, _ = run(capsys, "--print")
    assert 0 == status
    script = tmp_path / "capture.sh"
    script.write_text(out, encoding="utf-8")
    for shell in (["sh", "-n"], ["bash", "-n"]):
        subprocess.run([*shell, script], check=True)
    usage = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    assert (2, True) == (usage.returncode, "sh capture.sh bpftrace FOLDER" in usage.stderr)
    other = subprocess.run(["sh", script, "run", "x"], capture_output=True, text=True, check=False)
    assert (2, True) == (
        other.returncode,
        other.stderr.startswith("capture.sh: made for Linux 6.12.117-test, found"),
    )
    assert "@" not in out.replace("$@", "")
    assert 2 == run(capsys, "--print", "bt", "check")[0]
    assert 2 == run(capsys)[0]


def test_nothing_heavy_is_loaded_on_the_machine_that_is_measured() -> None:
    code = (
        "import sys, zswap_replay.capture.session, zswap_replay.capture.script, zswap_replay.cli.capture; "
        "print(sorted({'numpy', 'pyarrow', 'rich'} & set(sys.modules)))"
    )
    assert (
        "[]\n"
        == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    )


def test_without_a_kernel_to_capture_one_line_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["run", "--", "true"], ["start"], ["stop"], ["clean"], ["snapshot", "x"]):
        status, out, err = run(capsys, arguments[0], "--root", tmp_path, *arguments[1:])
        assert (2, "", 1) == (status, out, len(err.splitlines()))
