"""Points that cannot differ: their rows are those of a replay of their own, which is not made."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.pressure import any_events, lengths_file, lived, save
from zswap_replay.sweep.alike import Alike
from zswap_replay.sweep.grid import Option, Value
from zswap_replay.sweep.point import Outcome, Task
from zswap_replay.sweep.run import sweep
from zswap_replay.sweep.workers import Here, Processes
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.units import PAGE_SIZE

KERNELS = ("6.6", "patch-v4", "6.8", "6.10", "6.12", "6.18", "7.1")
PERCENTS = (2, 5, 9, 20, 100)
THRESHOLDS = (40, 90)


def option(name: str, *values: Value) -> Option:
    return Option(name, tuple(map(str, values)), values)


def grid(**more: Value) -> list[Option]:
    fixed: dict[str, Value] = {"totalram": 250 * PAGE_SIZE, "nodes": 2, "lengths": lengths_file(), **more}
    return [
        option("max_pool_percent", *PERCENTS),
        option("accept_threshold_percent", *THRESHOLDS),
        *(option(name, value) for name, value in fixed.items()),
    ]


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """The points that a worker is given, as they are."""
    tasks: list[Task] = []
    for workers in (Here, Processes):
        monkeypatch.setattr(workers, "submit", _noted(workers.submit, tasks))
    return tasks


def _noted(submit: Any, tasks: list[Task]) -> Any:
    def noted(self: Any, task: Task) -> Future[Outcome]:
        tasks.append(task)
        found: Future[Outcome] = submit(self, task)
        return found

    return noted


def trace_of(folder: Path, seed: int, rows: int, sample_rate: Fraction | None = None) -> str:
    events = lived(any_events(Random(seed)))
    made = [{"time_ns": 150_000 * number, **row} for number, row in zip(range(rows), events, strict=False)]
    return save(str(folder), made, metadata=TraceMetadata(sample_rate=sample_rate))


def assert_alike_changes_nothing(
    trace: str, options: list[Option], replayed: list[Task], monkeypatch: pytest.MonkeyPatch
) -> int:
    """Compare with a sweep that replays all points; return how many need none."""
    notes: tuple[list[str], list[str]] = ([], [])
    found = sweep(trace, options, jobs=1, notes=notes[0].append)
    some = len(replayed)
    monkeypatch.setattr(Alike, "find", lambda *_: None)
    replayed.clear()
    whole = sweep(trace, options, jobs=1, notes=notes[1].append)
    assert (whole.rows, whole.warnings, notes[1]) == (found.rows, found.warnings, notes[0])
    assert len(whole.rows) == len(replayed)
    return len(replayed) - some


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("seed", "more"),
    [
        (1, {}),
        (2, {"tier": "zswap+zram"}),
        (3, {"warmup": 60}),
        (4, {"reclaim": "mglru"}),
        (5, {"max_events": 90}),
    ],
)
def test_rows_are_those_of_a_replay_for_each_point(
    seed: int,
    more: dict[str, Value],
    kernel: str,
    tmp_path: Path,
    replayed: list[Task],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trace, options = trace_of(tmp_path, seed, 150), grid(kernel=kernel, **more)
    assert assert_alike_changes_nothing(trace, options, replayed, monkeypatch) > 0


@pytest.mark.parametrize("seed", range(4))
def test_a_sampled_trace_has_a_part_of_the_pool(
    seed: int, tmp_path: Path, replayed: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    trace, options = trace_of(tmp_path, seed, 150, sample_rate=Fraction(1, 4)), grid(totalram=800 * PAGE_SIZE)
    assert_alike_changes_nothing(trace, options, replayed, monkeypatch)


def test_what_is_said_of_nothing_stored_depends_on_the_limit(
    tmp_path: Path, replayed: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    TraceBuilder().write("/a", 0, count=15).save(tmp_path / "t")
    options = [option("max_pool_percent", 99, 3), option("totalram", 250 * PAGE_SIZE)]
    assert not assert_alike_changes_nothing(str(tmp_path / "t"), options, replayed, monkeypatch)


def test_a_threshold_alone_is_looked_at_where_the_pool_was_full(
    tmp_path: Path, replayed: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = stores(tmp_path, 60)
    for percent, spared in ((100, 3), (1, 0)):
        replayed.clear()
        options = [option("accept_threshold_percent", 90, 0, 50, 100), option("max_pool_percent", percent)]
        options.append(option("totalram", 1000 * PAGE_SIZE))
        with monkeypatch.context() as patch:
            assert spared == assert_alike_changes_nothing(trace, options, replayed, patch)


def test_no_thread_outlives_a_sweep(tmp_path: Path) -> None:
    trace, before = stores(tmp_path, 60), threading.active_count()
    sweep(trace, [option("seed", 1, 2, 3)], jobs=3)
    assert before == threading.active_count()


def stores(folder: Path, pages: int) -> str:
    """A trace that stores so many pages, all at once."""
    path = folder / "stores.parquet"
    rows = TraceBuilder().write("/a", 0, count=pages).pageout("/a", 0, count=pages).read("/a", 0, count=pages)
    rows.save(path)
    return str(path)


@pytest.mark.parametrize("jobs", [1, 2])
def test_limits_above_what_the_largest_pool_held_need_no_replay(
    jobs: int, tmp_path: Path, replayed: list[Task]
) -> None:
    percents = (1, 4, 30, 50, 100, 75)
    options = [option("max_pool_percent", *percents), option("totalram", 1000 * PAGE_SIZE)]
    hits = sweep(stores(tmp_path, 60), options, jobs=jobs).column("zswap.pool_limit_hit")
    full = [percent for percent, count in zip(percents, hits, strict=True) if count]
    assert [1, 4] == full
    tried = [task.settings.max_pool_percent for task in replayed]
    assert 100 == tried[0]
    assert {100, *full} <= set(tried)
    assert jobs > 1 or {100, *full} == set(tried)


def test_a_limit_that_was_just_reached_is_replayed(tmp_path: Path, replayed: list[Task]) -> None:
    """From 6.12 on a pool is full at its limit, and not above it alone."""
    trace = stores(tmp_path, 20)
    (most,) = {
        outcome.most_pages for outcome in (submitted_alone(trace, kernel) for kernel in ("6.8", "6.12"))
    }
    assert most is not None
    replayed.clear()
    for kernel in ("6.8", "6.12"):
        options = [option("max_pool_percent", most, most + 1, 100), option("totalram", 100 * PAGE_SIZE)]
        found = sweep(trace, [*options, option("kernel", kernel)], jobs=1)
        assert (kernel == "6.12") == bool(found.column("zswap.pool_limit_hit")[0])
    assert [100, most, 100, most] == [task.settings.max_pool_percent for task in replayed]


def submitted_alone(trace: str, kernel: str) -> Outcome:
    outcomes: list[Outcome] = []
    options = [option("max_pool_percent", 100), option("totalram", 100 * PAGE_SIZE), option("kernel", kernel)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Alike, "add", lambda _self, _settings, outcome, *_: outcomes.append(outcome))
        sweep(trace, options, jobs=1)
    return outcomes[0]


def test_what_is_not_replayed_takes_no_time(tmp_path: Path) -> None:
    options = [option("max_pool_percent", 50, 100), option("totalram", 1000 * PAGE_SIZE)]
    found = sweep(stores(tmp_path, 60), options, jobs=1, timing=True)
    assert [True, False] == [seconds == 0 for seconds in found.column("timing.total")]
    assert found.rows[0]["zswap.stored_pages"] == found.rows[1]["zswap.stored_pages"]
