from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zswap_replay.trace.batch import Batch, Control
from zswap_replay.trace.column_digest import ColumnDigest
from zswap_replay.trace.schema import Event

ROWS = 40_000


def batch(**columns: Any) -> Batch:
    page = np.arange(ROWS, dtype=np.uint64)
    given = {
        "time_ns": page * np.uint64(1000),
        "event": np.zeros(ROWS, np.uint8),
        "memcg": np.ones(ROWS, np.int32),
        "page": page,
        "count": np.ones(ROWS, np.uint32),
        "node": np.zeros(ROWS, np.uint8),
        "content": np.zeros(ROWS, np.uint64),
        "has_content": np.zeros(ROWS, np.uint8),
    }
    return Batch(first_row=0, **{**given, **columns})


def digest(whole: Batch, *ends: int) -> str:
    found = ColumnDigest()
    for start, stop in zip((0, *ends), (*ends, len(whole)), strict=True):
        found.update(whole.part(start, stop))
    return found.hexdigest(["/", "/a"])


def with_one(column: str, row: int, value: int) -> Batch:
    values = getattr(batch(), column).copy()
    values[row] = value
    return batch(**{column: values})


@pytest.mark.parametrize("row", [0, 20_000, ROWS - 1])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("time_ns", 5),
        ("event", 1),
        ("memcg", 0),
        ("page", 7_000_000),
        ("count", 2),
        ("node", 1),
        ("content", 1),
        ("has_content", 1),
    ],
)
def test_one_value_makes_another_digest_wherever_batches_end(column: str, row: int, value: int) -> None:
    changed = with_one(column, row, value)
    assert digest(batch()) != digest(changed)
    assert digest(changed) == digest(changed, 1, 3, 19_999, 20_001) == digest(changed, ROWS - 1)


def test_labels_and_paths_count() -> None:
    def labelled(label: str) -> Batch:
        return replace(batch(), controls=[Control(3, 3000, Event.SNAPSHOT, -1, label, None)])

    plain = ColumnDigest()
    plain.update(batch())
    found = {digest(batch()), digest(labelled("a")), digest(labelled("b")), plain.hexdigest(["/", "/b"])}
    assert 4 == len(found)
    assert digest(labelled("a")) == digest(labelled("a"), 3) == digest(labelled("a"), 4)
    assert ColumnDigest().hexdigest(["/"]) == ColumnDigest().hexdigest(["/"])
