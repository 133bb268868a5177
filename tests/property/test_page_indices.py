"""Pages that were looked up once have the indices that every replay of the trace gives them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench import FULL
from tests.pressure import pressed, quick, save, tight
from tests.rows import kept_rows
from tests.strategies import Row
from zswap_replay.lib.page_table import NR_RETURNED
from zswap_replay.machine.events import Events
from zswap_replay.replay import loop
from zswap_replay.replay.controls import ignore
from zswap_replay.replay.loop import Replay, replay
from zswap_replay.result.file import render
from zswap_replay.trace import shared_rows
from zswap_replay.trace.events import Event
from zswap_replay.trace.reader import TraceReader, open_trace

kernels = st.sampled_from(["6.6", "patch-v4", "6.12", "7.1"])


def scattered(rows: list[Row], every: int) -> list[Row]:
    """The rows with pages in several blocks, all but every few of them of one page alone, and none of very many."""
    return [
        row | {"page": row["page"] * 5, "count": min(row["count"], 8) if number % every == 0 else 1}
        if "page" in row
        else row
        for number, row in enumerate(rows)
    ]


def run(reader: TraceReader, path: str, kernel: str, **more: Any) -> tuple[Replay, str]:
    running = Replay(reader, path, tight(kernel, **more), ignore)
    return running, render([running.result(0, None, lambda *_: None)], timing=False)


@quick
@given(
    rows=pressed(deaths=False),
    every=st.integers(1, 9),
    kernel=kernels,
    percent=st.integers(1, 30),
    batch_rows=st.sampled_from([16, 1000]),
)
def test_a_page_has_the_index_that_was_found_for_it(
    rows: list[Row], every: int, kernel: str, percent: int, batch_rows: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = save(folder, scattered(rows, every))
        reader = kept_rows(path, batch_rows)
        machine = run(reader.again(), path, kernel, max_pool_percent=percent)[0].machine
        for batch in reader.batches():
            assert batch.page_index is not None
            single = (batch.event <= Event.DISCARD) & (batch.count == 1)
            assert (batch.page_index[~single] == -1).all()
            for row in np.flatnonzero(single).tolist():
                memcg = machine.memcg_of(int(batch.memcg[row]))
                there = machine.pages.find(memcg, int(batch.page[row])) - NR_RETURNED
                assert batch.page_index[row] in ({there} if batch.event[row] <= Event.WRITE else {there, -1})


@quick
@given(rows=pressed(), every=st.integers(1, 9), kernel=kernels)
def test_rows_that_are_kept_are_replayed_as_those_of_the_file(
    rows: list[Row], every: int, kernel: str
) -> None:
    """With memcgs that are removed, too, behind which no page has a number."""
    with tempfile.TemporaryDirectory() as folder:
        path = save(folder, scattered(rows, every))
        expected = json.loads(run(open_trace(path), path, kernel)[1])
        reader = kept_rows(path)
        assert expected == json.loads(run(reader, path, kernel)[1])
        numbered = True
        for batch in reader.batches():
            numbered &= all(control.event is not Event.MEMCG_OFFLINE for control in batch.controls)
            assert numbered == (batch.page_index is not None)


def page_event(event: str, page: int, memcg: str = "/a") -> Row:
    row = {"time_ns": 0, "event": event, "memcg": memcg, "page": page, "count": 1}
    return row | {"content": FULL + page % 64} if event == "write" else row


def test_behind_a_memcg_that_was_removed_no_page_has_a_number() -> None:
    rows = [*(page_event("read", 8 * number) for number in range(15)), page_event("read", 0, "/b")]
    rows += [{"time_ns": 0, "event": "memcg_offline", "memcg": "/b"}]
    rows += [page_event("read", 8 * number) for number in range(31)]
    with tempfile.TemporaryDirectory() as folder:
        batches = list(kept_rows(save(folder, rows)).batches())
    assert [True, False, False] == [batch.page_index is not None for batch in batches]


def test_who_replays_kept_rows_does_not_look_their_pages_up(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []

    def noted(*columns: Any, **more: Any) -> Events:
        taken.append(more["page_index"] is not None)
        return Events(*columns, **more)

    monkeypatch.setattr(loop, "Events", noted)
    with tempfile.TemporaryDirectory() as folder:
        path = save(folder, [page_event("write", number) for number in range(20)])
        run(kept_rows(path), path, "6.12")
    assert [True, True] == taken


def test_a_replay_that_goes_on_from_a_checkpoint_has_the_indices_of_the_one_that_wrote_it(
    tmp_path: Path,
) -> None:
    rows = [page_event(event, page) for event in ("write", "discard") for page in range(8)]
    rows += [
        page_event("write", 8),
        page_event("write", 16),
        page_event("pageout", 8),
        page_event("read", 24),
    ]
    rows += [page_event("pageout", 16), page_event("write", 8), page_event("read", 16)]
    path, checkpoint = save(str(tmp_path), rows), str(tmp_path / "checkpoint")
    expected = render([replay(path, tight("6.12"))], timing=False)
    replay(path, tight("6.12", max_events=18), checkpoint=checkpoint)
    reader = kept_rows(path)
    assert all(batch.page_index is not None for batch in reader.batches())
    found = replay(path, tight("6.12"), resume=checkpoint, reader=reader)
    assert expected == render([found], timing=False)


@pytest.mark.parametrize(("more", "numbered"), [(0, True), (1, False), (1 << 40, False)])
@pytest.mark.parametrize("event", ["read", "discard"])
def test_pages_are_numbered_while_that_takes_little_memory(event: str, more: int, numbered: bool) -> None:
    """Up to 4,096 groups of 32 pages in a short trace; of a discard no page is numbered."""
    count = min((4096 << 5) + more, (1 << 32) - 1)
    rows = [page_event(event, 0) | {"count": count}, page_event("read", 3)]
    with tempfile.TemporaryDirectory() as folder:
        (batch,) = kept_rows(save(folder, rows)).batches()
    assert (numbered or event == "discard") == (batch.page_index is not None)


@pytest.mark.parametrize("error", [OSError(12, "Cannot allocate memory"), MemoryError()])
def test_rows_are_kept_where_memory_is_too_short_to_number_their_pages(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(shared_rows, "_numbered", fail)
    with tempfile.TemporaryDirectory() as folder:
        reader = kept_rows(save(folder, [page_event("read", page) for page in range(20)]))
        assert reader.shared_path()
    assert [None, None] == [batch.page_index for batch in reader.batches()]


def test_a_batch_of_part_of_the_rows_has_part_of_the_indices() -> None:
    rows: list[Row] = [
        {"time_ns": page, "event": "write", "memcg": "/a", "page": page, "count": 1} for page in range(9)
    ]
    with tempfile.TemporaryDirectory() as folder:
        (batch,) = kept_rows(save(folder, rows)).batches()
    assert batch.page_index is not None
    part = batch.part(3, 6)
    assert part.page_index is not None
    assert part.page_index.tolist() == batch.page_index[3:6].tolist() == [3, 4, 5]
