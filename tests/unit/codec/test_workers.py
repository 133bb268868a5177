"""The codec workers, and what happens when one of them dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.processes import is_alive
from tests.unit.codec.jobs import ALL_KINDS, CONTENTS, job, lengths
from zswap_replay.codec import batch
from zswap_replay.codec import workers as codec_workers
from zswap_replay.codec.base import get_codec
from zswap_replay.codec.batch import Bench, Job, Payload, measure
from zswap_replay.codec.contents import CLASSES, Verify
from zswap_replay.codec.length_table import UNMEASURED
from zswap_replay.codec.workers import CodecWorkers
from zswap_replay.lib.length_index import NORMAL, SAME_FILLED, ZERO_FILLED
from zswap_replay.mm.releases import DEFAULT_RELEASE
from zswap_replay.payload.recipe import load_recipe
from zswap_replay.payload.source import GeneratedPages


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers start with the first order."""
    monkeypatch.setattr(codec_workers, "_WORTH_A_START", 0)


@pytest.fixture
def time_limit() -> Iterator[None]:
    """A test that waits for ever fails."""

    def too_long(_number: int, _frame: object) -> None:
        raise TimeoutError("the test waits for what does not come")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_a_length_is_what_the_codec_says() -> None:
    source, codec = GeneratedPages(load_recipe("default"), 7), get_codec("lz4")
    found = lengths([measure(job(), CONTENTS[:300])[0]])
    for content, (length, kind) in found.items():
        data = codec.compress(source.page(content))
        assert (0 if data is None else len(data)) == length
        assert source.class_of(content) == CLASSES[kind >> 2]
        assert {None: NORMAL, 0: ZERO_FILLED}.get(source.same_filled(content), SAME_FILLED) == kind & 3
    assert len(found) == 300


def test_of_kinds_that_no_compressor_sees_the_kind_alone_is_found() -> None:
    everything = lengths([measure(job(), CONTENTS)[0]])
    some = lengths([measure(job(kinds=(NORMAL,)), CONTENTS)[0]])
    assert {UNMEASURED} == {length for length, kind in some.values() if kind & 3}
    expected = {content: row for content, row in everything.items() if not row[1] & 3}
    assert expected == {content: row for content, row in some.items() if not row[1] & 3}
    assert everything.keys() == some.keys()


@pytest.mark.parametrize("jobs", [1, 2, 4])
@pytest.mark.usefixtures("eager")
def test_any_number_of_processes_finds_the_same(jobs: int) -> None:
    expected = lengths([measure(job(), CONTENTS)[0]])
    with CodecWorkers(jobs, pytest.fail) as workers:
        orders = [workers.order(job(), part) for part in np.array_split(CONTENTS, 7)]
        assert expected == lengths([table for order in orders for table in workers.collect(order)])
        assert CONTENTS.size == workers.spent.compress_calls
        other = workers.order(job("zstd"), CONTENTS[:10])
        assert lengths([measure(job("zstd"), CONTENTS[:10])[0]]) == lengths(workers.collect(other))


@pytest.mark.usefixtures("eager", "time_limit")
def test_what_a_dead_worker_had_in_hand_is_done_again() -> None:
    notes: list[str] = []
    with CodecWorkers(3, notes.append) as workers:
        first = workers.order(job(), CONTENTS)
        for pid in workers.pids:
            os.kill(pid, signal.SIGKILL)
        assert lengths([measure(job(), CONTENTS)[0]]) == lengths(workers.collect(first))
        assert [] == workers.pids
    assert 2 == len(notes)
    assert "the replay goes on with 1 of 2" in notes[0]
    assert "the replay goes on by itself" in notes[1]


@pytest.mark.usefixtures("eager", "time_limit")
def test_what_one_dead_worker_had_in_hand_is_done_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_workers, "_CHUNK", 16)
    notes: list[str] = []
    with CodecWorkers(3, notes.append) as workers:
        first = workers.order(job(), CONTENTS)
        os.kill(workers.pids[0], signal.SIGKILL)
        assert lengths([measure(job(), CONTENTS)[0]]) == lengths(workers.collect(first))
        assert 1 == len(workers.pids)
    assert 1 == len(notes)


@pytest.mark.usefixtures("eager")
def test_workers_end_with_their_context() -> None:
    with CodecWorkers(3, pytest.fail) as workers:
        workers.order(job(), CONTENTS)
        pids = workers.pids
        assert [True, True] == [is_alive(pid) for pid in pids]
    assert [False, False] == [is_alive(pid) for pid in pids]


def test_few_contents_are_not_worth_a_process() -> None:
    with CodecWorkers(4, pytest.fail) as workers:
        assert 1 == len(workers.collect(workers.order(job(), CONTENTS[:100])))
        assert [] == workers.pids


class Liar:
    """A codec whose pages come back wrong now and then."""

    def __init__(self) -> None:
        self.real = get_codec("lz4")
        self.calls = 0

    def compress(self, page: bytes) -> bytes | None:
        return self.real.compress(page)

    def decompress(self, data: bytes) -> bytes:
        self.calls += 1
        page = self.real.decompress(data)
        return page if self.calls % 10 else page[1:] + b"?"


def test_a_page_that_does_not_come_back_is_left_to_the_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    cases: tuple[tuple[Verify, bool], ...] = (("all", True), ("off", False))
    for verify, wrong in cases:
        monkeypatch.setattr(batch, "get_codec", lambda *_: Liar())
        table, _ = Bench(job(verify=verify)).measure(CONTENTS[:300])
        assert wrong == (table.content.size < 300)


def test_a_payload_that_cannot_be_made_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "pages").write_bytes(bytes(4096))
    here = Job(Payload("{}", 0, str(tmp_path / "pages")), "lz4", "all", ALL_KINDS, DEFAULT_RELEASE)
    ids = np.arange(2, dtype=np.uint64)
    assert [0] == measure(here, ids[:1])[0].content.tolist()
    assert [0, 1] == measure(here, ids)[0].content.tolist()  # 1 is past the end: a hash picks its page
    gone = Job(Payload("{}", 0, str(tmp_path / "gone")), "lz4", "all", ALL_KINDS, DEFAULT_RELEASE)
    assert [] == measure(gone, ids)[0].content.tolist()
