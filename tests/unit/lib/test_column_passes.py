from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zswap_replay.lib.column_passes import (
    RowFacts,
    is_zero_at_nulls,
    look_up_bytes,
    look_up_ints,
    row_facts,
    zero_at_nulls,
)

ROWS = 70


def facts(**columns: Any) -> RowFacts:
    given: dict[str, Any] = {
        "time_ns": np.arange(ROWS, dtype=np.uint64),
        "event": np.zeros(ROWS, np.uint8),
        "memcg": np.zeros(ROWS, np.int32),
        "page": np.zeros(ROWS, np.uint64),
        "count": np.ones(ROWS, np.uint32),
        "node": np.zeros(ROWS, np.uint8),
        "content": np.zeros(ROWS, np.uint64),
        "has_content": np.zeros(ROWS, np.uint8),
    }
    for name, (row, value) in columns.items():
        given[name][row] = value
    return row_facts(*(column.data for column in given.values()))


def told(found: RowFacts) -> list[str]:
    return [name for name in RowFacts._fields if name != "highest_event" and getattr(found, name)]


def test_rows_of_which_none_stands_out() -> None:
    assert ["all_single", "all_on_first_node", "no_content"] == told(facts())
    assert 0 == facts().highest_event


@pytest.mark.parametrize("row", [0, 1, 40, ROWS - 1])
def test_one_row_that_stands_out_is_told(row: int) -> None:
    usual = ["all_single", "all_on_first_node", "no_content"]
    assert ["may_go_back", *usual] == told(facts(time_ns=(row, (1 << 64) - 1)))
    assert ["names_no_memcg", *usual] == told(facts(memcg=(row, -1)))
    assert ["may_end_beyond", *usual] == told(facts(page=(row, 1 << 63)))
    assert ["may_end_beyond", *usual[:2]] == told(facts(content=(row, (1 << 64) - 1)))
    assert usual[1:] == told(facts(count=(row, 0))) == told(facts(count=(row, 2)))
    assert ["all_single", "no_content"] == told(facts(node=(row, 255)))
    assert usual[:2] == told(facts(content=(row, 1))) == told(facts(has_content=(row, 1)))
    assert 255 == facts(event=(row, 255)).highest_event


def test_times_that_go_back() -> None:
    assert facts(time_ns=(40, 38)).may_go_back
    assert not facts(time_ns=(40, 39)).may_go_back


def test_no_rows() -> None:
    kinds = (np.uint64, np.uint8, np.int32, np.uint64, np.uint32, np.uint8, np.uint64, np.uint8)
    found = row_facts(*(np.empty(0, kind).data for kind in kinds))
    assert ["all_single", "all_on_first_node", "no_content"] == told(found)


def test_nulls_that_hold_what_is_not_zero() -> None:
    values, valid = np.array([7, 0, 9], np.uint64), np.array([1, 0, 1], np.uint8)
    assert is_zero_at_nulls(values.data, valid.data)
    values[1] = 1 << 63
    assert not is_zero_at_nulls(values.data, valid.data)


def test_look_up_takes_the_first_item_for_a_null() -> None:
    index = np.array([-1, 1, 0, -1], np.int32)
    out = np.empty(4, np.uint8)
    look_up_bytes(np.array([255, 4, 5], np.uint8).data, index.data, out.data)
    assert [255, 5, 4, 255] == out.tolist()
    found = np.empty(4, np.int32)
    look_up_ints(np.array([-1, 4, 70_000], np.int32).data, index.data, found.data)
    assert [-1, 70_000, 4, -1] == found.tolist()


@pytest.mark.parametrize("row", [0, 1023, 1024, 2999])
def test_a_value_at_a_null_is_found_and_cleared(row: int) -> None:
    values = np.arange(1, 3001, dtype=np.uint64)
    valid = np.ones(3000, np.uint8)
    valid[row] = 0
    assert not is_zero_at_nulls(values.data, valid.data)
    cleared = np.empty(3000, np.uint64)
    zero_at_nulls(values.data, valid.data, cleared.data)
    assert is_zero_at_nulls(cleared.data, valid.data)
    assert [row] == np.flatnonzero(cleared != values).tolist()
