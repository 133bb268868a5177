"""Passes over the columns of a batch of rows, each column once and without a copy, where numpy would need several.

They run without the interpreter's lock, beside the threads that need it.
"""

from typing import NamedTuple

import cython

from zswap_replay.lib.columns import Column


def look_up_bytes(table: Column, index: Column, out: Column) -> None:
    """Write ``table[index + 1]`` to ``out``: -1 is a null. An index outside the table is not looked for."""
    row: cython.Py_ssize_t
    with cython.nogil:
        for row in range(len(index)):
            out[row] = table[index[row] + 1]


def look_up_ints(table: Column, index: Column, out: Column) -> None:
    """Write ``table[index + 1]`` to ``out``, as look_up_bytes() does."""
    row: cython.Py_ssize_t
    with cython.nogil:
        for row in range(len(index)):
            out[row] = table[index[row] + 1]


def is_zero_at_nulls(values: Column, valid: Column) -> bool:
    """Tell whether every value is 0 where ``valid`` is, which is 1 elsewhere."""
    found: cython.ulonglong = 0
    held: cython.ulonglong
    row: cython.Py_ssize_t
    start: cython.Py_ssize_t
    rows: cython.Py_ssize_t = len(values)
    with cython.nogil:
        for start in range(0, rows, 1024):
            for row in range(start, min(start + 1024, rows)):
                held = valid[row]
                found |= values[row] & (held - 1)
            if found:
                break
    return found == 0


def zero_at_nulls(values: Column, valid: Column, out: Column) -> None:
    """Write the values to ``out``, and 0 where ``valid`` is 0, which is 1 elsewhere."""
    held: cython.ulonglong
    row: cython.Py_ssize_t
    with cython.nogil:
        for row in range(len(values)):
            held = valid[row]
            out[row] = values[row] & (0 - held)


class RowFacts(NamedTuple):
    """What one pass over the columns of rows finds: where nothing stands out, no row needs a closer look.

    They hold for any part of the rows as well, of which fewer may stand out.
    """

    may_go_back: bool
    """Whether a time may be before the one above it: so it is, or one is from 2^63 on."""
    highest_event: int
    """The highest code of an event; 0 where there are no rows."""
    names_no_memcg: bool
    """Whether a memcg is negative."""
    may_end_beyond: bool
    """Whether a page or content is from 2^63 on, so that a run may end beyond 2^64."""
    all_single: bool
    """Whether every count is 1."""
    all_on_first_node: bool
    """Whether every node is 0."""
    no_content: bool
    """Whether no row says what its page holds, and every content is 0."""


def row_facts(
    time_ns: Column,
    event: Column,
    memcg: Column,
    page: Column,
    count: Column,
    node: Column,
    content: Column,
    has_content: Column,
) -> RowFacts:
    """Look once at the columns of some rows."""
    row: cython.Py_ssize_t
    times: cython.ulonglong = 0
    highest: cython.uchar = 0
    signs: cython.int = 0
    pages: cython.ulonglong = 0
    contents: cython.ulonglong = 0
    others: cython.uint = 0
    nodes: cython.uchar = 0
    held: cython.uchar = 0
    # Sums of bits take no branch, and several rows go through one instruction.
    with cython.nogil:
        if len(time_ns):
            times = time_ns[0]
        for row in range(1, len(time_ns)):
            times |= time_ns[row] | (time_ns[row] - time_ns[row - 1])
        for row in range(len(event)):
            highest = event[row] if event[row] > highest else highest
        for row in range(len(memcg)):
            signs |= memcg[row]
        for row in range(len(count)):
            others |= count[row] ^ 1
        for row in range(len(node)):
            nodes |= node[row]
        for row in range(len(has_content)):
            held |= has_content[row]
        for row in range(len(content)):
            contents |= content[row]
        for row in range(len(page)):
            pages |= page[row]
    return RowFacts(
        may_go_back=times >> 63 != 0,
        highest_event=highest,
        names_no_memcg=signs < 0,
        may_end_beyond=(pages | contents) >> 63 != 0,
        all_single=others == 0,
        all_on_first_node=nodes == 0,
        no_content=held == 0 and contents == 0,
    )
