"""How ``run`` is called: options, outputs and errors. The replay is a stand-in that gives a known result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from unittest.mock import Mock

import pyarrow.parquet as pq
import pytest

from tests.factories import make_result
from tests.paths import TRACES
from zswap_replay.cli.main import COMMANDS, PROGRAM, cli, guarded
from zswap_replay.errors import TraceError, VerificationError
from zswap_replay.report.terminal import table
from zswap_replay.result import file as json_report
from zswap_replay.result.result import Result
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace import reader
from zswap_replay.units import RamShare, Share


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zswap_replay", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class StandIn:
    """In the place of replay(): keeps what it was called with and gives a known result."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Settings, bool, int]] = []
        self.warnings: tuple[str, ...] = ()
        self.error: BaseException | None = None

    def __call__(
        self,
        trace: str,
        settings: Settings,
        *,
        strict: bool = False,
        range: bool = False,  # noqa: A002
        allow_missing: bool = False,
        interval_ns: int = 0,
        jobs: int | None = None,
        checkpoint: object = None,
        resume: str | None = None,
        self_check: int = 0,
        cost: object = None,
        workers: object = None,
        progress: Callable[[int, int], None] | None = None,
        notes: Callable[[str], None] | None = None,
        follow: object = None,
        reader: object = None,
        sha256: bool = False,
    ) -> Result:
        self.calls.append((trace, settings, strict, interval_ns))
        if self.error is not None:
            raise self.error
        if progress is not None:
            progress(1, 2)
        if notes is not None:
            notes("flag wins over the trace's own param max_pool_percent")
        return make_result(settings.compressor, warnings=self.warnings)

    @property
    def settings(self) -> Settings:
        return self.calls[-1][1]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn()
    module = ModuleType("zswap_replay.replay.loop")
    monkeypatch.setattr(module, "replay", made, raising=False)
    monkeypatch.setattr(module, "jobs_unasked", lambda *_: None, raising=False)
    monkeypatch.setitem(sys.modules, "zswap_replay.replay.loop", module)
    # several replays share the rows of the trace, which nothing reads here
    monkeypatch.setattr(reader, "open_trace", lambda *_, **__: Mock(reader.TraceReader))
    return made


def run(*arguments: str) -> int:
    return guarded(cli, PROGRAM, ["run", "t.parquet", *arguments])


# Usage, as real processes


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["walk"], "No such command 'walk'"),
        (["run"], "Missing argument 'TRACE'"),
        (["run", "t", "--pool-percent", "3"], "No such option"),
        (["run", "t", "--max-pool-percent", "200"], "max_pool_percent 200: expected 0 to 100"),
        (["run", "t", "--max-pool-percent", "many"], "'many' is not a whole number"),
        (["run", "t", "--kernel", "2.4"], "'2.4': zswap came with Linux 3.11; expected one of 6.6, patch-v4"),
        (["run", "t", "--totalram", "4Q"], "'4Q' is not a size"),
        (["run", "t", "--interval", "5"], "'5' is not a duration"),
        (["run", "t", "--enabled=maybe"], "'maybe' is not a switch: expected y, n, 1, 0, on or off"),
        (["run", "t", "--interval", "0s"], "'0s' is not a duration"),
        (["run", "t", "--set", "/web"], "expected PATH:KEY=VALUE"),
        (["run", "t", "--set", "web:memory.max=1"], "memcg path 'web': not absolute"),
        (["run", "t", "--set", "/web:memory.mux=1"], "has no knob 'memory.mux'"),
        (["run", "t", "--set", "/:memory.max=1"], "the root memcg has no memory.max"),
        (["run", "t", "-c", "lz4", "-c", "lz4"], "--compressor lz4 is given twice"),
        (["run", "t", "-c", "zstd,lz4,zstd"], "--compressor zstd is given twice"),
        (["run", "t", "-c", "zstd,"], "'zstd,': found an empty value"),
        (
            ["trace", "cut", "t", "-o", "x", "--to", "9", "-c", "zstd,lz4"],
            "found several compressors or tiers",
        ),
        (["run", "t", "-o", "/no/such/folder/x"], "/no/such/folder/x: No such file or directory"),
        (["run", "t", "-o", "x", "--timeline", "x"], "name the same file"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments: Sequence[str], expected: str) -> None:
    done = command(*arguments)
    assert 2 == done.returncode
    assert "" == done.stdout
    assert done.stderr.startswith("zswap-replay: ")
    assert expected in done.stderr
    assert 1 == done.stderr.count("\n")


def test_help_lists_every_command_and_every_option_is_explained() -> None:
    listed = command("--help").stdout
    assert [] == [name for name in COMMANDS if f"  {name} " not in listed]
    text = command("run", "--help").stdout
    assert "-c, --compressor" in text
    assert "--max-pool-percent 0..100" in text
    assert "--same-filled-pages-enabled / --no-same-filled-pages-enabled" in text


def test_a_call_without_a_command_shows_the_help_and_fails() -> None:
    done = command()
    assert 2 == done.returncode
    assert "Commands:" in done.stderr


def test_version_says_how_the_core_runs() -> None:
    done = command("--version")
    assert 0 == done.returncode
    assert done.stdout.startswith("zswap-replay ")
    assert done.stdout.endswith(("(core compiled)\n", "(core interpreted)\n"))


@pytest.mark.parametrize("arguments", [["--help"], ["kernels"]], ids=" ".join)
def test_a_reader_that_leaves_ends_the_command_quietly(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "zswap_replay", *arguments],
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert (0, b"") == (done.returncode, done.stderr)


def test_an_interrupt_is_quiet(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys, types\n"
        "module = types.ModuleType('zswap_replay.replay.loop')\n"
        f"module.replay = lambda *_, **__: os.kill(os.getpid(), {int(signal.SIGINT)})\n"
        "module.jobs_unasked = lambda *_: None\n"
        "sys.modules['zswap_replay.replay.loop'] = module\n"
        f"sys.argv = ['zswap-replay', 'run', {str(TRACES / 'story.parquet')!r}, '-o', {str(tmp_path / 'out')!r}]\n"
        "from zswap_replay.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (130, "", "") == (done.returncode, done.stdout, done.stderr)
    assert [] == list(tmp_path.iterdir())


# Settings, with the stand-in


def test_without_options_the_settings_are_the_defaults(stand_in: StandIn) -> None:
    assert 0 == run()
    assert [("t.parquet", Settings(), False, 0)] == stand_in.calls


def test_options_become_settings_and_knobs_that_were_given_are_fixed(stand_in: StandIn) -> None:
    arguments = (
        "--kernel 6.8 -c lz4:8 --max-pool-percent 20 --no-enabled --totalram 2G --seed 7 --nodes 2 --strict"
    )
    assert 0 == run(*arguments.split(), "--interval", "100ms", "--set", "/a:b.slice:memory.zswap.max=max")
    expected = Settings(
        kernel="6.8",
        compressor="lz4:8",
        enabled=False,
        totalram=2 << 30,
        seed=7,
        nodes=2,
        knobs=(KnobWrite("/a:b.slice", "memory.zswap.max", -1),),
        fixed=frozenset({"compressor", "max_pool_percent", "enabled"}),
    )
    assert [("t.parquet", expected, True, 100_000_000)] == stand_in.calls


@pytest.mark.parametrize(
    ("arguments", "enabled", "shrinker"),
    [
        ("--enabled --no-shrinker-enabled", True, False),
        ("--enabled on --shrinker-enabled off", True, False),
        ("--enabled=0 --shrinker-enabled=y", False, True),
        ("--shrinker-enabled 1 --enabled n", False, True),
        ("--shrinker-enabled -- --enabled", True, True),
    ],
)
def test_a_switch_takes_a_word_or_none(
    stand_in: StandIn, arguments: str, enabled: bool, shrinker: bool
) -> None:
    trace = arguments.rpartition("-- ")[2] if " -- " in arguments else "t.parquet"
    typed = ["run", *arguments.split(), *([] if " -- " in arguments else ["t.parquet"])]
    assert 0 == guarded(cli, PROGRAM, typed)
    assert (trace, enabled, shrinker) == (
        stand_in.calls[-1][0],
        stand_in.settings.enabled,
        stand_in.settings.shrinker_enabled,
    )


def test_limits_are_taken_as_other_tools_spell_them(stand_in: StandIn) -> None:
    texts = ("memory.max=512Mi", "memory.high=infinity", "memory.swap.max=20%", "memory.zswap.max=0.5ws")
    assert 0 == run("--totalram", "1.5Gi", *(word for text in texts for word in ("--set", f"/a:{text}")))
    assert [512 << 20, -1, RamShare(Fraction(1, 5)), Share("/a", Fraction(1, 2))] == [
        write.value for write in stand_in.settings.knobs
    ]
    assert 3 << 29 == stand_in.settings.totalram
    assert 0 == run("--totalram", "1.5ws")
    assert Share("/", Fraction(3, 2)) == stand_in.settings.totalram_share


def test_the_last_of_several_writes_to_a_knob_holds_and_a_note_says_so(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    writes = ("--set", "/a:memory.max=1M", "--set", "/b:memory.max=3M", "--set", "/a:memory.max=2M")
    assert 0 == run(*writes, "--no-timing")
    assert stand_in.settings.knobs == (
        KnobWrite("/a", "memory.max", 2 << 20),
        KnobWrite("/b", "memory.max", 3 << 20),
    )
    said = capsys.readouterr().err
    assert "zswap-replay: --set /a:memory.max=2097152 holds, the last of 2 for memory.max of /a\n" in said
    assert 1 == said.count("holds")
    assert 0 == run(*writes, "--quiet")
    assert "" == capsys.readouterr().err


@pytest.mark.parametrize("given", [("-c", "zstd", "-c", "lz4"), ("-c", "zstd,lz4")], ids=" ".join)
def test_each_compressor_is_a_replay_of_its_own(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str], given: tuple[str, ...]
) -> None:
    assert 0 == run(*given, "--format", "json", "--no-timing")
    assert ["zstd", "lz4"] == [settings.compressor for _, settings, _, _ in stand_in.calls]
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert ["zstd", "lz4"] == [document["manifest"]["settings"]["compressor"] for document in runs]


# Output


def test_a_pipe_gets_plain_text(stand_in: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run("--no-timing")
    assert table.render([make_result()], timing=False) == capsys.readouterr().out


def test_the_output_file_is_what_a_pipe_would_get(stand_in: StandIn, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old")
    assert 0 == run("--format", "json", "-o", str(target))
    assert json_report.render([make_result()], timing=True) == target.read_text()


def test_a_timeline_is_written_beside_the_output(stand_in: StandIn, tmp_path: Path) -> None:
    assert 0 == run("--timeline", str(tmp_path / "t.parquet"), "-q")
    assert {"end"} == set(pq.read_table(tmp_path / "t.parquet")["label"].to_pylist())


def test_notes_are_given_once_and_not_when_quiet(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == run("-c", "zstd", "-c", "lz4")
    line = "zswap-replay: flag wins over the trace's own param max_pool_percent\n"
    assert line == capsys.readouterr().err
    assert 0 == run("-q")
    assert "" == capsys.readouterr().err


def test_warnings_are_printed_even_when_quiet(stand_in: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    stand_in.warnings = ("nothing was stored: no memcg has a limit",)
    assert 0 == run("-q")
    captured = capsys.readouterr()
    assert "zswap-replay: warning: nothing was stored: no memcg has a limit\n" == captured.err
    assert "nothing was stored" in captured.out


def test_a_bar_is_shown_for_a_replay_that_takes_long(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 0 == run("--progress")
    assert "events/s" not in capsys.readouterr().err
    monkeypatch.setattr("zswap_replay.cli.progress._PATIENCE", 0.0)
    assert 0 == run("--progress")
    assert "events/s" in capsys.readouterr().err
    assert 0 == run("--progress", "-q")
    assert "" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (
            2,
            TraceError("t.parquet: row 3: column page: found null"),
            "t.parquet: row 3: column page: found null",
        ),
        (1, VerificationError("content 7 came back changed"), "content 7 came back changed"),
        (2, FileNotFoundError(2, os.strerror(2), "t.parquet"), "t.parquet: No such file or directory"),
        (2, OSError("device is gone\nreally"), "device is gone really"),
    ],
)
def test_errors_have_their_status_and_leave_no_output(
    stand_in: StandIn,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    status: int,
    error: BaseException,
    expected: str,
) -> None:
    stand_in.error = error
    assert status == run("-o", str(tmp_path / "out"))
    assert ("", f"zswap-replay: {expected}\n") == tuple(capsys.readouterr())
    assert [] == list(tmp_path.iterdir())


def test_a_checkpoint_that_cannot_be_written_is_found_before_the_replay(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert 2 == run("--checkpoint", str(tmp_path / "nowhere" / "c"))
    assert ("", f"zswap-replay: {tmp_path}/nowhere/c: No such file or directory\n") == tuple(
        capsys.readouterr()
    )
    assert [] == stand_in.calls
    assert 0 == run("--checkpoint", str(tmp_path / "c"))
    assert [] == list(tmp_path.iterdir())


def test_a_fault_of_the_program_keeps_its_traceback(stand_in: StandIn) -> None:
    stand_in.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        run()
