"""Lengths that worker processes find ahead of who wants them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.codec.jobs import ALL_KINDS, CONTENTS, job, lengths
from zswap_replay.codec import ahead
from zswap_replay.codec import workers as codec_workers
from zswap_replay.codec.ahead import Ahead
from zswap_replay.codec.batch import Job, Payload, measure
from zswap_replay.codec.contents import NO_TIME
from zswap_replay.codec.workers import CodecWorkers
from zswap_replay.errors import RecipeError
from zswap_replay.lib.length_index import Lengths
from zswap_replay.lib.wanted import ANSWERS, STOP, Answers
from zswap_replay.mm.releases import DEFAULT_RELEASE
from zswap_replay.replay.loop import replay
from zswap_replay.trace.builder import TraceBuilder

SOME = CONTENTS[:300]
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers start with the first look after them."""
    monkeypatch.setattr(codec_workers, "_WORTH_A_START", 0)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the test waits for what does not come"
        time.sleep(0.001)


def take_all(found: Ahead, *tables: tuple[Lengths, Iterable[int]]) -> None:
    """Wait until all contents have answers, and take them: who asks before that lets workers pass over names."""
    wanted = [(table, content) for table, contents in tables for content in contents]
    wait_for(lambda: len(wanted) == sum(map(bool, found._words[ANSWERS + 1 :: 2].tolist())))
    assert all(table.take(content) for table, content in wanted)


def found_in(table: Lengths) -> dict[int, tuple[int, int]]:
    columns = (column.tolist() for column in table.columns())
    return {content: (length, kind) for content, length, kind in zip(*columns, strict=True)}


@pytest.mark.parametrize("jobs", [2, 3])
def test_workers_find_what_is_wanted(jobs: int) -> None:
    table = Lengths()
    with CodecWorkers(jobs, pytest.fail) as workers:
        with Ahead(workers) as found:
            found.attach(table, job())
            for content in SOME.tolist():
                table.want(content)
            found.look_after_workers()
            take_all(found, (table, SOME.tolist()))
        assert lengths([measure(job(), SOME)[0]]) == found_in(table)
        assert table.wanted is None
        assert 300 == found.spent.compress_calls == workers.spent.compress_calls


def test_each_job_finds_its_own_lengths_also_one_that_comes_later() -> None:
    first, second = Lengths(), Lengths()
    with CodecWorkers(2, pytest.fail) as workers, Ahead(workers) as found:
        found.attach(first, job())
        found.look_after_workers()
        found.attach(second, job("zstd"))
        found.attach(second, job("zstd"))
        for content in SOME[:50].tolist():
            first.want(content)
            second.want(content)
        take_all(found, (first, SOME[:50].tolist()), (second, SOME[:50].tolist()))
    assert lengths([measure(job(), SOME[:50])[0]]) == found_in(first)
    assert lengths([measure(job("zstd"), SOME[:50])[0]]) == found_in(second)


def test_few_contents_are_not_worth_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_workers, "_WORTH_A_START", 100)
    table = Lengths()
    with CodecWorkers(2, pytest.fail) as workers, Ahead(workers) as found:
        found.attach(table, job())
        for number, content in enumerate(SOME[:100].tolist(), 1):
            table.want(content)
            found.look_after_workers()
            assert (number == 100) == bool(workers.pids)


def test_others_go_on_where_a_worker_has_died() -> None:
    notes: list[str] = []
    table = Lengths()
    with CodecWorkers(3, notes.append) as workers, Ahead(workers) as found:
        found.attach(table, job())
        found.look_after_workers()
        os.kill(workers.pids[0], signal.SIGKILL)
        wait_for(lambda: workers.has_died)
        found.look_after_workers()
        assert 1 == len(workers.pids)
        for content in SOME.tolist():
            table.want(content)
        take_all(found, (table, SOME.tolist()))
    assert ["a codec worker has died; the replay goes on with 1 of 2"] == notes
    assert lengths([measure(job(), SOME)[0]]) == found_in(table)


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        (2, ["the codec worker has died; the replay goes on by itself"]),
        (
            3,
            [
                "a codec worker has died; the replay goes on with 1 of 2",
                "the last codec worker has died; the replay goes on by itself",
            ],
        ),
    ],
)
def test_nobody_finds_anything_where_all_workers_have_died(jobs: int, told: list[str]) -> None:
    notes: list[str] = []
    table = Lengths()
    with CodecWorkers(jobs, notes.append) as workers, Ahead(workers) as found:
        found.attach(table, job())
        found.look_after_workers()
        for pid in workers.pids:
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: workers.has_died)
            found.look_after_workers()
        found.look_after_workers()
        table.want(1)
        assert not table.take(1)
    assert told == notes


def test_a_payload_that_cannot_be_made_is_left_to_who_wants_it(tmp_path: Path) -> None:
    gone = Job(Payload("{}", 0, str(tmp_path / "gone")), "lz4", "all", ALL_KINDS, DEFAULT_RELEASE)
    first, second = Lengths(), Lengths()
    with CodecWorkers(2, pytest.fail) as workers, Ahead(workers) as found:
        found.attach(first, gone)
        found.attach(second, job())
        found.look_after_workers()
        first.want(1)
        second.want(int(SOME[0]))
        take_all(found, (second, [int(SOME[0])]))
        assert not first.take(1)


def test_a_call_that_was_not_waited_for_is_waited_for_before_the_next() -> None:
    with CodecWorkers(2, pytest.fail) as workers:
        for _ in range(2):
            table = Lengths()
            found = Ahead(workers)
            found.attach(table, job())
            found.look_after_workers()
            table.want(int(SOME[0]))
            take_all(found, (table, [int(SOME[0])]))
            found._words[STOP] = 1  # as where an interrupt came before the answer was taken
        workers.take_all()
        assert 2 == workers.spent.compress_calls


def test_nothing_stays_open_behind_a_replay_that_was_helped(tmp_path: Path) -> None:
    trace = tmp_path / "t.parquet"
    TraceBuilder().write("/a", 0, count=500).pageout("/a", 0, count=500).save(trace)
    with CodecWorkers(2, pytest.fail) as workers:
        open_files = []
        for _ in range(3):
            replay(trace, compressor="lz4", workers=workers)
            open_files.append(len(os.listdir("/proc/self/fd")))
    assert 1 == len(set(open_files)), open_files


def test_a_replay_without_memory_to_share_has_no_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(name: str, size: int) -> int:
        raise OSError("File too large")

    trace = tmp_path / "t.parquet"
    TraceBuilder().write("/a", 0, count=500).pageout("/a", 0, count=500).save(trace)
    expected = replay(trace, compressor="lz4").as_json(timing=False)
    monkeypatch.setattr(ahead, "memory_file", full)
    assert expected == replay(trace, compressor="lz4", jobs=2).as_json(timing=False)


def test_a_worker_measures_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """Here the worker is a thread."""
    gone = Job(Payload("{}", 0, str(tmp_path / "gone")), "lz4", "all", ALL_KINDS, DEFAULT_RELEASE)
    first, second = Lengths(), Lengths()
    with CodecWorkers(1, pytest.fail) as workers, ThreadPoolExecutor(1) as threads:
        with Ahead(workers) as found:
            found.attach(first, gone)
            found.attach(second, job())
            spent = threads.submit(ahead.measure_wanted, os.dup(found._file), found._jobs, 0, 1)
            time.sleep(0.01)
            first.want(1)
            for content in SOME.tolist():
                second.want(content)
            take_all(found, (second, SOME.tolist()))
        assert 300 == spent.result(PATIENCE).compress_calls
    assert lengths([measure(job(), SOME)[0]]) == found_in(second)


def test_a_page_that_cannot_be_made_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fails:
        timing = NO_TIME

        def answer(self, answers: Answers, number: int) -> None:
            raise RecipeError("no page")

    monkeypatch.setattr(ahead, "bench_of", lambda _: Fails())
    table = Lengths()
    with CodecWorkers(1, pytest.fail) as workers, Ahead(workers) as found:
        found.attach(table, job())
        for content in SOME.tolist():
            table.want(content)
        with ThreadPoolExecutor(1) as threads:
            spent = threads.submit(ahead.measure_wanted, os.dup(found._file), found._jobs, 0, 1)
            time.sleep(0.1)
            found._words[STOP] = 1
            assert NO_TIME == spent.result(PATIENCE)
        assert not table.take(int(SOME[0]))
