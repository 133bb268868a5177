from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zswap_replay.lib.columns import INT, UCHAR, ULONGLONG, column
from zswap_replay.lib.length_index import Lengths

ids = st.integers(0, (1 << 64) - 1)


def table_of(contents: list[int]) -> Lengths:
    columns = [column(len(contents), code) for code in (ULONGLONG, INT, UCHAR)]
    for index, content in enumerate(contents):
        columns[0][index], columns[1][index], columns[2][index] = content, index * 7 % 4097, index % 3
    table = Lengths()
    table.add_all(*columns)
    return table


@given(contents=st.lists(ids | st.integers(0, 50), unique=True, max_size=80), absent=ids)
def test_each_content_is_found_with_what_was_given_for_it(contents: list[int], absent: int) -> None:
    table = table_of(contents)
    for index, content in enumerate(contents):
        found = table.find(content)
        assert (content, index * 7 % 4097, index % 3) == (
            content,
            table.length_at(found),
            table.kind_at(found),
        )
    if absent not in contents:
        assert -1 == table.find(absent)


def test_a_table_of_nothing_finds_nothing() -> None:
    assert [-1, -1] == [table_of([]).find(content) for content in (0, (1 << 64) - 1)]
