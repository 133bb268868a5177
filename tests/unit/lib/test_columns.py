from __future__ import annotations

from pathlib import Path

import pytest

from zswap_replay.lib.columns import INT, LONGLONG, UCHAR, UINT, ULONGLONG, USHORT, Records, column, grown
from zswap_replay.lib.list_head import LIST_HEAD
from zswap_replay.machine import compiled
from zswap_replay.units import PAGE_SIZE


@pytest.mark.parametrize(
    ("code", "size"), [(INT, 4), (UINT, 4), (LONGLONG, 8), (ULONGLONG, 8), (UCHAR, 1), (USHORT, 2)], ids=str
)
def test_a_column_has_items_of_its_type(code: str, size: int) -> None:
    made = column(3, code, 7)
    assert (code, size, [7, 7, 7]) == (
        made.format.replace("l", "q").replace("L", "Q"),
        made.itemsize,
        list(made),
    )


def test_a_grown_column_keeps_its_items_and_leaves_the_old_one_alone() -> None:
    old = column(2, INT, 5)
    old[1] = -4
    new = grown(old, 4, -1)
    assert [5, -4, -1, -1] == list(new)
    assert old.format == new.format
    new[0] = 9
    assert [5, -4] == list(old)


def test_items_are_bounded_by_the_type() -> None:
    items = column(1, ULONGLONG)
    items[0] = (1 << 64) - 1
    assert (1 << 64) - 1 == items[0]
    with pytest.raises(ValueError, match="invalid value"):
        items[0] = 1 << 64


def test_structs_are_zero_and_keep_what_they_hold_when_the_column_grows() -> None:
    records = Records(3, {"lru": LIST_HEAD, "content": ULONGLONG, "node": UCHAR})
    if compiled():
        records.array["lru"]["prev"][1] = 7
    else:
        records.array[1].lru.prev = 7
    records.resize(5000)
    assert [0, 7, 0, 0] == records.values("lru.prev", 4)
    assert ([0] * 5000, [0] * 5000) == (records.values("lru.next", 5000), records.values("node", 5000))
    assert 5000 == records.size


def test_records_may_be_integers() -> None:
    records = Records(2, INT)
    records.array[1] = -4
    records.resize(4)
    assert [0, -4, 0, 0] == list(records.array)


def test_what_is_forgotten_costs_no_memory_and_what_stands_beside_it_stays() -> None:
    size = (1 << 20 if compiled() else 1 << 10) + 2
    records = Records(size, LONGLONG)
    records.array[:] = [7] * size if not compiled() else 7
    before = resident_bytes()
    records.forget(1, size - 2)
    assert (7, 7) == (records.array[0], records.array[size - 1])
    if compiled():
        assert resident_bytes() < before - (7 << 20)


def resident_bytes() -> int:
    """Return the memory that this process has, in bytes."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_SIZE
