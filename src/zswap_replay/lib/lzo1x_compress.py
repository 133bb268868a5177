"""LZO1X streams of pages, byte for byte as the kernel's compressor makes them.

Models lzo1x_1_compress() and lzorle1x_1_compress(), lib/lzo/lzo1x_compress.c, v6.12. The format is that of
Documentation/staging/lzo.rst: lzo is bitstream version 0, lzo-rle version 1, which adds runs of zeros.

An instruction may carry 1 to 3 literals that follow it, in two bits of one of its bytes. `state` is where that byte is,
counted back from the end of the instruction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cython

if TYPE_CHECKING:
    from zswap_replay.lib.bytes_at import Source, Table, Target

if not cython.compiled:
    from zswap_replay.lib.bytes_at import (
        clear,
        copy_exactly,
        copy_roughly,
        hash32,
        load32,
        load64,
        low_zero_bytes,
    )

    TABLE = 1 << 13
    """Entries of the hash table: positions in the page, 0 where there is none."""
    OUT = 4096 + 4096 // 16 + 64 + 3 + 2 + 16
    """Bytes that the output needs room for: those of the worst page, and what a rough copy writes behind it."""
    PAGE = 4096
    SEARCH_LIMIT = 4096 - 20
    """No match and no run begins here or behind, and a long one is not counted further."""
    HASH = 0x1824429D
    BITS = 13
    FIRST = 4
    """The search begins behind this place."""
    SKIP = 5
    """The search takes longer steps after each 2^5 places without a match."""
    SHORT = 8
    """The longest match that an instruction of two bytes holds."""
    NEAR = 2048
    """The farthest one."""
    MEDIUM = 33
    """The longest match whose length needs no further bytes."""
    MARK_MEDIUM = 32
    MARK_END = 17
    VERSION = 1
    MOST_ZEROS = 2047 + 4
    CARRIED = 3
    """Literals that the instruction before them can carry; an instruction of their own counts from 4 on."""
    PLAIN = 18
    """Literals of an instruction of one byte, at most."""


def zero_run(page: Source, ip: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Count the zeros from a place on, of which the first 4 are known; at most as many as a run holds."""
    limit: cython.Py_ssize_t = min(ip + MOST_ZEROS, SEARCH_LIMIT)
    end: cython.Py_ssize_t = ip + 4
    word: cython.ulonglong
    while end + 8 <= limit:
        word = load64(page, end)
        if word:
            return end + low_zero_bytes(word) - ip
        end += 8
    while end < limit and page[end] == 0:
        end += 1
    return end - ip


def match_length(page: Source, ip: cython.Py_ssize_t, match: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Count the equal bytes of two places, of which the first 4 are known.

    Eight bytes are compared at a time; of eight that begin behind the limit of the search none is counted.
    """
    length: cython.Py_ssize_t = 4
    differs: cython.ulonglong = load64(page, ip + length) ^ load64(page, match + length)
    while differs == 0:
        length += 8
        differs = load64(page, ip + length) ^ load64(page, match + length)
        if ip + length >= SEARCH_LIMIT:
            return length
    return length + low_zero_bytes(differs)


def put_rest(out: Target, op: cython.Py_ssize_t, rest: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Write what a length, of 1 at least, has beyond its instruction; return the place behind."""
    while rest > 255:
        out[op] = 0
        op += 1
        rest -= 255
    out[op] = rest
    return op + 1


def put_literals(
    page: Source,
    start: cython.Py_ssize_t,
    count: cython.Py_ssize_t,
    out: Target,
    op: cython.Py_ssize_t,
    state: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write literals that an instruction follows; return the place behind."""
    if count <= CARRIED:
        out[op - state] |= count
    elif count <= PLAIN:
        out[op] = count - CARRIED
        op += 1
    else:
        out[op] = 0
        op = put_rest(out, op + 1, count - PLAIN)
    copy_roughly(out, op, page, start, count)
    return op + count


def put_match(
    out: Target, op: cython.Py_ssize_t, length: cython.Py_ssize_t, distance: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Write a match; return the place behind."""
    distance -= 1
    if length <= SHORT and distance < NEAR:
        out[op] = (length - 1) << 5 | (distance & 7) << 2
        out[op + 1] = distance >> 3
        return op + 2
    if length <= MEDIUM:
        out[op] = MARK_MEDIUM | (length - 2)
        op += 1
    else:
        out[op] = MARK_MEDIUM
        op = put_rest(out, op + 1, length - MEDIUM)
    out[op] = (distance << 2) & 0xFF
    out[op + 1] = distance >> 6
    return op + 2


def put_end(
    page: Source,
    start: cython.Py_ssize_t,
    out: Target,
    op: cython.Py_ssize_t,
    state: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write the literals from `start` to the page's end, and the end of the stream; return its length."""
    count: cython.Py_ssize_t = PAGE - start
    if count:
        if count <= CARRIED:
            out[op - state] |= count
        elif count <= PLAIN:
            out[op] = count - CARRIED
            op += 1
        else:
            out[op] = 0
            op = put_rest(out, op + 1, count - PLAIN)
        copy_exactly(out, op, page, start, count)
        op += count
    out[op] = MARK_END
    out[op + 1] = 0
    out[op + 2] = 0
    return op + 3


def lzo1x_1_compress(page: Source, out: Target, runs: cython.bint, table: Table) -> cython.Py_ssize_t:
    """Compress a page to a stream in `out`, with `runs` of zeros or without; return its length, also above 4096.

    `page` has 4096 bytes, `out` OUT, `table` TABLE entries of any values.
    """
    anchor: cython.Py_ssize_t = 0
    ip: cython.Py_ssize_t = FIRST + 1
    state: cython.Py_ssize_t = 0
    op: cython.Py_ssize_t = 0
    place: cython.Py_ssize_t
    match: cython.Py_ssize_t
    length: cython.Py_ssize_t
    word: cython.uint
    clear(table, TABLE)
    if runs:
        out[0] = MARK_END
        out[1] = VERSION
        op = 2
    while ip < SEARCH_LIMIT:
        word = load32(page, ip)
        if word == 0 and runs:
            length = zero_run(page, ip)
            if ip > anchor:
                op = put_literals(page, anchor, ip - anchor, out, op, state)
            # A match of a distance that no match has, with the length's lowest bits; then the others.
            out[op] = 0x18 | ((length - 4) & 7)
            out[op + 1] = 0xFC
            out[op + 2] = 0xFF
            out[op + 3] = (length - 4) >> 3
            op += 4
            state = 3
        else:
            place = hash32(word, HASH, BITS)
            match = table[place]
            table[place] = ip
            if load32(page, match) != word:
                ip += 1 + ((ip - anchor) >> SKIP)
                continue
            if ip > anchor:
                op = put_literals(page, anchor, ip - anchor, out, op, state)
            length = match_length(page, ip, match)
            op = put_match(out, op, length, ip - match)
            state = 2
        ip += length
        anchor = ip
    return put_end(page, anchor, out, op, state)
