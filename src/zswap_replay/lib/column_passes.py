"""Passes over the columns of a batch of rows, each column once and without a copy, where numpy would need several.

They run without the interpreter's lock, beside the threads that need it.
"""

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


class RowFacts:
    """What one pass over the columns of a batch finds: where nothing stands out, no row needs a closer look."""

    def __init__(self) -> None:
        self.may_go_back = False
        """Whether a time may be before the one above it: so it is, or one is from 2^63 on."""
        self.highest_event = 0
        self.names_no_memcg = False
        """Whether a memcg is negative."""
        self.may_end_beyond = False
        """Whether a page or content is from 2^63 on, so that a run may end beyond 2^64."""
        self.all_single = True
        """Whether every count is 1."""
        self.all_on_first_node = True
        """Whether every node is 0."""

    def find(
        self,
        last_time: cython.ulonglong,
        time_ns: Column,
        event: Column,
        memcg: Column,
        page: Column,
        count: Column,
        node: Column,
        content: Column,
    ) -> None:
        """Look at columns of one length, the time before whose first row is ``last_time``."""
        rows: cython.Py_ssize_t = len(time_ns)
        row: cython.Py_ssize_t
        bits: cython.ulonglong = last_time
        highest: cython.uchar = 0
        signs: cython.int = 0
        others: cython.uint = 0
        nodes: cython.uchar = 0
        # Sums of bits take no branch, and several rows go through one instruction.
        with cython.nogil:
            if rows:
                bits |= time_ns[0] | (time_ns[0] - last_time)
            for row in range(1, rows):
                bits |= time_ns[row] | (time_ns[row] - time_ns[row - 1])
            self.may_go_back = bits >> 63 != 0
            for row in range(rows):
                highest = event[row] if event[row] > highest else highest
            self.highest_event = highest
            for row in range(rows):
                signs |= memcg[row]
            self.names_no_memcg = signs < 0
            bits = 0
            for row in range(rows):
                bits |= page[row] | content[row]
            self.may_end_beyond = bits >> 63 != 0
            for row in range(rows):
                others |= count[row] ^ 1
            self.all_single = others == 0
            for row in range(rows):
                nodes |= node[row]
            self.all_on_first_node = nodes == 0
