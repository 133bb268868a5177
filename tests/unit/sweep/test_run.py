"""Sweeps in this process: what is compressed, what is kept, what fails."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zswap_replay.codec.contents_once import ContentsOnce
from zswap_replay.codec.lengths_file import KnownLengths, read_lengths, write_lengths
from zswap_replay.errors import Interrupted, SettingsError, SweepError, TraceError, VerificationError
from zswap_replay.replay import length_memo, page_data
from zswap_replay.replay.loop import replay
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.sweep import columns, point, run
from zswap_replay.sweep import file as sweep_file
from zswap_replay.sweep.grid import Option
from zswap_replay.sweep.plan import make_plan
from zswap_replay.sweep.point import inspect_worker, replay_point
from zswap_replay.sweep.run import sweep
from zswap_replay.sweep.workers import Processes
from zswap_replay.trace.builder import TraceBuilder

KERNELS = Option("kernel", ("6.6", "6.12"), ("6.6", "6.12"))
CODECS = Option("compressor", ("zstd", "lz4"), ("zstd", "lz4"))
LIMITS = Option("/a:memory.zswap.max", ("4K", "64K", "max"), (4096, 65536, -1))
GRID = [CODECS, KERNELS, LIMITS]


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "trace.parquet"
    builder = TraceBuilder().write("/a", 0, count=60).pageout("/a", 0, count=60).read("/a", 0, count=30)
    builder.write("/b/c", 0, count=20).pageout("/b/c", 0, count=20).pageout("/a", 0, count=60).save(path)
    return str(path)


def test_each_row_is_what_a_replay_of_its_own_counts(trace: str) -> None:
    found = sweep(trace, GRID, jobs=1)
    assert 12 == len(found.rows)
    for row in found.rows:
        limit = row["/a:memory.zswap.max"]
        assert isinstance(limit, int)
        settings = Settings(
            kernel=str(row["kernel"]),
            compressor=str(row["compressor"]),
            knobs=(KnobWrite("/a", "memory.zswap.max", limit),),
        )
        expected = columns.figures(replay(trace, settings))
        assert expected == {name: value for name, value in row.items() if name in expected}
        assert {None} >= {
            row[name] for name in found.columns if name not in expected and name not in found.axes
        }
    assert ("compressor", "kernel", "/a:memory.zswap.max") == found.axes
    assert found.columns[:3] == found.axes
    assert {"zswap.stored_pages", "vmstat.swpin_zero", "/b/c:zswpout", "derived.rejects"} < set(found.columns)


def test_a_content_is_compressed_once_by_a_codec_for_the_whole_grid(
    trace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[tuple[str, int]] = Counter()

    class Counted(ContentsOnce):
        def zswap_compress(self, entry: int, content: int) -> int:
            calls[self.codec.name, content] += 1
            return super().zswap_compress(entry, content)

    monkeypatch.setattr(page_data, "ContentsOnce", Counted)
    sweep(trace, [Option("compressor", ("zstd",), ("zstd",))], jobs=1)
    alone = calls.copy()
    calls.clear()
    sweep(trace, GRID, jobs=1)
    assert {"zstd", "lz4"} == {codec for codec, _ in calls}
    assert {1} == set(calls.values())
    assert alone.keys() == {key for key in calls if key[0] == "zstd"}


def test_workers_tell_one_another_what_they_have_compressed(
    trace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    futures: list[Future[point.Outcome]] = []

    class Counted(Processes):
        def submit(self, task: point.Task) -> Future[point.Outcome]:
            Path(trace).unlink(missing_ok=True)  # its rows are there, for other processes too
            futures.append(super().submit(task))
            return futures[-1]

    monkeypatch.setattr(run, "Processes", Counted)
    # The first point of each codec stores all that others store: no later one has anything to compress.
    wide = Option(LIMITS.name, LIMITS.texts[::-1], LIMITS.values[::-1])
    alone = sweep(trace, [CODECS, wide, KERNELS], jobs=1)
    found = sweep(trace, [CODECS, wide, KERNELS], jobs=2)
    compressed = [future.result().pages_compressed for future in futures]
    assert 12 == len(compressed)
    assert 2 == sum(count > 0 for count in compressed)
    assert found.rows == alone.rows


def test_shares_of_working_sets_stand_as_bytes_in_the_rows(trace: str) -> None:
    share = [
        Option("totalram", ("0.5ws", "2ws"), tuple(_shares("/", "0.5ws", "2ws"))),
        Option("/b:memory.max", ("0.5ws",), tuple(_shares("/b", "0.5ws"))),
    ]
    found = sweep(trace, share, jobs=1)
    assert [40 * 4096, 160 * 4096] == [row["totalram"] for row in found.rows]
    assert {"totalram": ["0.5ws", "2ws"], "/b:memory.max": ["0.5ws"]} == found.manifest["given"]
    settings = found.manifest["settings"]
    assert isinstance(settings, dict)
    assert ["/b:memory.max=40960"] == settings["set"]
    assert "totalram" not in settings
    sets = {"/": 80 * 4096, "/a": 60 * 4096, "/b": 20 * 4096, "/b/c": 20 * 4096}
    assert sets == found.manifest["working_sets"]


def _shares(memcg: str, *texts: str) -> list[Any]:
    from zswap_replay.units import parse_share

    return [parse_share(text, memcg) for text in texts]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (
            Option("zpool", ("zsmalloc", "zbud"), ("zsmalloc", "zbud")),
            "kernel=6.18 zpool=zbud: zpool zbud: 6.18 has zsmalloc",
        ),
        (
            Option("exclusive_loads", ("y",), (True,)),
            "kernel=6.18: exclusive_loads: 6.18 has no such parameter",
        ),
        (
            Option("/a:memory.zswap.writeback", ("0", "1"), (0, 1)),
            "kernel=6.6 /a:memory.zswap.writeback=0: /a:memory.zswap.writeback: 6.6 has no such file",
        ),
        (
            Option("compressor", ("zstd", "zst"), ("zstd", "zst")),
            "kernel=6.6 compressor=zst: no compressor 'zst'; known are zstd, lz4, lz4hc, deflate, lzo, lzo-rle; "
            "any other is replayed by its lengths alone: -c zst --lengths FILE",
        ),
        (
            Option("/wbe:memory.max", ("1M", "2M"), (1 << 20, 2 << 20)),
            "--set /wbe:memory.max 1M,2M: the trace has no memcg /wbe, so that its points would be alike; "
            "the nearest is /b",
        ),
    ],
)
def test_a_point_that_cannot_run_is_refused_before_any_work(
    option: Option, expected: str, trace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "Here", _never)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of several kinds, told apart by their texts
        sweep(trace, [Option("kernel", ("6.6", "6.18"), ("6.6", "6.18")), option], jobs=1)
    assert expected == str(caught.value)


def _never(*_: object) -> None:
    raise AssertionError("a point was replayed")


def test_a_wrong_figure_is_refused_before_any_work(trace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "Here", _never)
    with pytest.raises(
        SettingsError,
        match=r"--pareto writeback: found no such counter or figure; expected derived.writeback_bytes",
    ):
        sweep(trace, GRID, jobs=1, pareto=["writeback"])


def test_a_bad_trace_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no such file or folder"):
        sweep(str(tmp_path / "none.parquet"), GRID, jobs=1)


# What is kept


class Stops:
    """A watch that interrupts a sweep when a point starts, as Ctrl-C does."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.begun: tuple[int, int] = (0, 0)
        self.points: list[int] = []

    def begin(self, points: Any, kept: int) -> None:
        self.begun = (len(points), kept)

    def started(self, point: int) -> None:
        if point == self.at:
            raise KeyboardInterrupt
        self.points.append(point)

    def ended(self, point: int) -> None:
        assert point in self.points


def test_an_interrupted_sweep_goes_on_from_the_rows_that_it_has(trace: str, tmp_path: Path) -> None:
    output, whole = str(tmp_path / "out.parquet"), str(tmp_path / "whole.parquet")
    expected = sweep(trace, GRID, jobs=1, output=whole, pareto=["rejects"])
    with pytest.raises(Interrupted) as caught:
        sweep(trace, GRID, jobs=1, output=output, watch=Stops(at=5))
    text = f"interrupted: 5 of 12 points kept in {output}.partial; the same command goes on from there"
    assert text == str(caught.value)
    assert not Path(output).exists()
    watch = Stops(at=99)
    assert expected == sweep(trace, GRID, jobs=1, output=output, watch=watch, pareto=["rejects"])
    assert ((12, 5), list(range(5, 12))) == (watch.begun, watch.points)
    assert Path(whole).read_bytes() == Path(output).read_bytes()
    assert {"out.parquet", "whole.parquet", "trace.parquet"} == {path.name for path in tmp_path.iterdir()}


def test_a_finished_sweep_is_not_replayed_again_and_may_get_another_front(
    trace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = str(tmp_path / "out.parquet")
    first = sweep(trace, GRID, jobs=1, output=output)
    monkeypatch.setattr(run, "Here", _never)
    again = sweep(trace, GRID, jobs=1, output=output, pareto=["pool_total_size", "rejects"])
    assert first.rows == again.rows
    assert again == replace(sweep_file.read(output), warnings=again.warnings)
    assert ("zswap.pool_total_size:min", "derived.rejects:min") == again.pareto


def test_the_file_of_another_sweep_stays_unless_forced(trace: str, tmp_path: Path) -> None:
    output = str(tmp_path / "out.parquet")
    sweep(trace, GRID, jobs=1, output=output)
    with pytest.raises(SweepError) as caught:
        sweep(trace, [CODECS, KERNELS], jobs=1, output=output)
    assert str(caught.value).startswith(
        f"{output}: holds another sweep: axes./a:memory.zswap.max is [4096, 65536, -1]"
    )
    with pytest.raises(SweepError, match="without timings; --force starts anew"):
        sweep(trace, GRID, jobs=1, output=output, timing=True)
    sweep(trace, [CODECS, KERNELS], jobs=1, output=output, force=True)
    assert 4 == len(sweep_file.read(output).rows)


def test_a_file_that_is_something_else_stays_unless_forced(trace: str, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    TraceBuilder().write("/a", 0).save(other)
    before = other.read_bytes()
    with pytest.raises(SweepError, match=r"found Parquet without the metadata .*; --force replaces it"):
        sweep(trace, GRID, jobs=1, output=str(other))
    assert before == other.read_bytes()


def test_no_input_is_written_over(trace: str, tmp_path: Path) -> None:
    before = Path(trace).read_bytes()
    for force in (False, True):
        with pytest.raises(SettingsError, match="is an input of this command"):
            sweep(trace, GRID, jobs=1, output=trace, force=force)
    Path(trace).rename(tmp_path / "out.parquet.partial")
    with pytest.raises(SettingsError, match="is an input of this command"):
        sweep(
            f"{tmp_path}/out.parquet.partial", GRID, jobs=1, output=str(tmp_path / "out.parquet"), force=True
        )
    assert before == (tmp_path / "out.parquet.partial").read_bytes()


def test_timings_are_columns_of_their_own(trace: str, tmp_path: Path) -> None:
    output = str(tmp_path / "out.parquet")
    timed = sweep(trace, GRID, jobs=1, output=output, timing=True)
    parts = [f"timing.{part}" for part in ("read", "payload", "compress", "decompress", "model", "total")]
    assert parts == list(timed.columns[-6:])
    assert all(isinstance(row["timing.total"], float) for row in timed.rows)
    plain = sweep(trace, GRID, jobs=1, output=output)
    assert plain == sweep(trace, GRID, jobs=1)


# What fails


def failing_at(index: int, error: Exception) -> Callable[[point.Task], point.Outcome]:
    count = iter(range(100))

    def stand_in(task: point.Task) -> point.Outcome:
        if next(count) == index:
            raise error
        return replay_point(task)

    return stand_in


@pytest.mark.parametrize(
    ("error", "text", "status"),
    [
        (VerificationError("zstd: content 3 came back"), "zstd: content 3 came back", 1),
        (TraceError("t.parquet: no such file or folder"), "t.parquet: no such file or folder", 2),
        (IndexError("list index\nout of range"), "IndexError: list index out of range", 1),
    ],
)
def test_a_point_that_fails_is_named_and_the_others_are_kept(
    error: Exception, text: str, status: int, trace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = str(tmp_path / "out.parquet")
    with monkeypatch.context() as patched:
        patched.setattr("zswap_replay.sweep.workers.replay_point", failing_at(2, error))
        found = sweep(trace, GRID, jobs=1, output=output)
    (failure,) = found.failures
    assert ("compressor=zstd kernel=6.6 /a:memory.zswap.max=max", text, status) == (
        failure.point,
        failure.error,
        failure.exit_code,
    )
    assert 11 == len(found.rows)
    assert not Path(output).exists()
    watch = Stops(at=99)
    assert sweep(trace, GRID, jobs=1) == sweep(trace, GRID, jobs=1, output=output, watch=watch)
    assert [2] == watch.points


class Deadly(Processes):
    """Processes of which the one that takes the first point is killed."""

    killed = False

    def submit(self, task: point.Task) -> Any:
        pids = self.pids
        future = super().submit(task)
        if not self.killed:
            self.killed = True
            os.kill(pids[0], signal.SIGKILL)
        return future


def test_a_worker_that_is_killed_fails_its_point_alone(trace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sweep(trace, GRID, jobs=1)
    monkeypatch.setattr(run, "Processes", Deadly)
    found = sweep(trace, GRID, jobs=2)
    assert [("compressor=zstd kernel=6.6 /a:memory.zswap.max=4K", "its worker was killed", 1)] == [
        (failure.point, failure.error, failure.exit_code) for failure in found.failures
    ]
    assert whole.rows[1:] == found.rows


def test_a_worker_that_was_killed_while_it_waited_costs_no_point(trace: str) -> None:
    plan = make_plan(trace, GRID, strict=False, remember=False)
    workers = Processes(1)
    try:
        first = workers.submit(plan.task(0, {})).result()
        (before,) = workers.pids
        os.kill(before, signal.SIGKILL)
        assert workers._places[0].worker.connection.poll(60)
        assert first.figures == workers.submit(plan.task(0, {})).result().figures
        assert [before] != workers.pids
    finally:
        workers.close()


def test_a_sweep_keeps_no_trace_in_memory_behind_it(trace: str) -> None:
    sweep(trace, GRID, jobs=1)
    assert {} == point._workspaces


def test_of_a_long_trace_a_sweep_knows_the_fast_digest_alone(
    trace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = str(tmp_path / "sweep.parquet")
    monkeypatch.setattr("zswap_replay.trace.reader.SHA256_ROWS", 0)
    found = sweep(trace, [LIMITS], jobs=1, output=output)
    manifest = replay(trace).manifest.trace
    assert manifest == found.manifest["trace"]
    assert (None, 32) == (manifest["sha256"], len(str(manifest["xxh3"])))
    assert found == sweep(trace, [LIMITS], jobs=1, output=output)
    Path(trace).unlink()
    other = TraceBuilder()
    for page in range(int(str(manifest["events"])) - 1):
        other.write("/b/c", page)
    other.write("/a", 0, count=60).save(trace)
    with pytest.raises(SweepError, match=r"another sweep: trace\.xxh3 is"):
        sweep(trace, [LIMITS], jobs=1, output=output)


def test_a_worker_whose_trace_is_another_one_says_so(trace: str) -> None:
    plan = make_plan(trace, [], strict=False, remember=False)
    Path(trace).unlink()
    TraceBuilder().write("/a", 0).save(trace)
    for ask in (replay_point, lambda task: inspect_worker(task, ())):
        with pytest.raises(TraceError, match="found other rows than the sweep began with"):
            ask(plan.task(0, {}))


def test_a_file_of_lengths_is_read_once_for_all_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace, lengths = str(tmp_path / "trace.parquet"), str(tmp_path / "lengths.parquet")
    TraceBuilder().write("/a", 0, count=60, content=0).pageout("/a", 0, count=60).save(trace)
    write_lengths(lengths, np.arange(60, dtype=np.uint64), np.full(60, 1000, np.int32))
    reads: list[str | Path] = []

    def counted(where: str | Path) -> KnownLengths:
        reads.append(where)
        return read_lengths(where)

    plan = make_plan(trace, [LIMITS, Option("lengths", (lengths,), (lengths,))], strict=False, remember=True)
    monkeypatch.setattr(length_memo, "read_lengths", counted)
    outcomes = [replay_point(plan.task(index, {})) for index in range(3)]
    assert [lengths] == reads
    assert [5, 60, 60] == [outcome.figures["zswap.stored_pages"] for outcome in outcomes]
    assert [0, 0, 0] == [outcome.pages_compressed for outcome in outcomes]


def test_a_finished_sweep_keeps_its_warnings(trace: str, tmp_path: Path) -> None:
    output = str(tmp_path / "out.parquet")
    options = [LIMITS, Option("page_cluster", ("3",), (3,))]
    found = sweep(trace, options, jobs=1, output=output)
    assert any("swap readahead" in text for text in found.warnings)
    assert found.warnings == sweep_file.read(output).warnings
    for pareto in (["rejects"], ["zswpout"]):
        assert found.warnings == sweep(trace, options, jobs=1, output=output, pareto=pareto).warnings


@pytest.mark.parametrize(("at", "told"), [(0, "0 of 12 points kept"), (1, "1 of 12 points kept in ")])
def test_an_interrupted_sweep_says_how_much_it_has(at: int, told: str, trace: str, tmp_path: Path) -> None:
    for output, text in ((str(tmp_path / "out.parquet"), told), (None, "without --output no point is kept")):
        with pytest.raises(Interrupted, match=f"^interrupted: {text}"):
            sweep(trace, GRID, jobs=1, output=output, watch=Stops(at=at))


def test_files_of_lengths_are_read_before_workers_are_forked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "lengths.parquet")
    write_lengths(Path(path), np.arange(3, dtype=np.uint64), np.array([1, 2, 3]), [None] * 3, ["lz4"] * 3)
    monkeypatch.setattr(point, "read_before", length_memo.LengthMemo())
    names = ("none.parquet", path)  # what cannot be read is met by who checks the options
    point.read_files_of_lengths([Option("lengths", names, names), CODECS])
    monkeypatch.setattr(length_memo, "read_lengths", _never)
    known, tables = point.Workspace("t.parquet", strict=False).files.file(path)
    assert (path, ["lz4"]) == (known.path, list(tables))
    assert 3 == tables["lz4"].size
