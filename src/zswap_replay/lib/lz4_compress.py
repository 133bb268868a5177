"""LZ4 blocks of pages, byte for byte as the kernel's compressor makes them.

Models LZ4_compress_fast(), lib/lz4/lz4_compress.c, for an input of one page and room for as much: the kernel's copy is
of LZ4 1.7.3 and has not changed since v4.11. Newer liblz4 looks for a match at one place more, near the page's end.

Pages and output are given with their first byte; all else is an offset into them.
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
    OUT = 4096 + 16
    """Bytes that the output needs room for: a page, and what a rough copy writes behind it."""
    PAGE = 4096
    ROOM = 4096
    """The longest block: zswap offers a page, and what is longer is refused."""
    LAST_LITERALS = 5
    MATCH_LIMIT = 4096 - 5
    """No match goes on from here: the last 5 bytes are literals."""
    SEARCH_LIMIT = 4096 - 12
    """No match is looked for behind this place."""
    SKIP = 6
    """The search takes longer steps after each 2^6 places without a match."""
    HASH = 2654435761
    BITS = 13
    LONG = 15
    """Literals or match bytes from which on further bytes hold the length."""


def lz4_count(page: Source, at: cython.Py_ssize_t, match: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Count the equal bytes from two places on, up to where the last literals begin."""
    start: cython.Py_ssize_t = at
    differs: cython.ulonglong
    while at < MATCH_LIMIT - 7:
        differs = load64(page, match) ^ load64(page, at)
        if differs:
            return at + low_zero_bytes(differs) - start
        at += 8
        match += 8
    while at < MATCH_LIMIT and page[at] == page[match]:
        at += 1
        match += 1
    return at - start


def put_rest(out: Target, op: cython.Py_ssize_t, rest: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Write what a length has beyond the token's 15, in bytes of up to 255; return the place behind them."""
    while rest >= 255:
        out[op] = 255
        op += 1
        rest -= 255
    out[op] = rest
    return op + 1


def put_literals(
    page: Source,
    anchor: cython.Py_ssize_t,
    ip: cython.Py_ssize_t,
    out: Target,
    op: cython.Py_ssize_t,
    further: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write a token and the literals from `anchor` to `ip`, a match following; return the place behind, or 0.

    0: there is no room for them, `further` bytes of their length, and the shortest end.
    """
    count: cython.Py_ssize_t = ip - anchor
    token: cython.Py_ssize_t = op
    op += 1
    if op + count + 2 + 1 + LAST_LITERALS + further > ROOM:
        return 0
    if count >= LONG:
        out[token] = LONG << 4
        op = put_rest(out, op, count - LONG)
    else:
        out[token] = count << 4
    copy_roughly(out, op, page, anchor, count)
    return op + count


def put_match(
    out: Target,
    token: cython.Py_ssize_t,
    op: cython.Py_ssize_t,
    distance: cython.Py_ssize_t,
    code: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write a match of `code` bytes and 4 to a token that has its literals; return the place behind, or 0 as above."""
    out[op] = distance & 0xFF
    out[op + 1] = distance >> 8
    op += 2
    if op + 1 + LAST_LITERALS + (code >> 8) > ROOM:
        return 0
    if code >= LONG:
        out[token] += LONG
        return put_rest(out, op, code - LONG)
    out[token] += code
    return op


def put_last_literals(
    page: Source, anchor: cython.Py_ssize_t, out: Target, op: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Write the literals from `anchor` to the page's end; return the length of the block, 0 if it has no room."""
    count: cython.Py_ssize_t = PAGE - anchor
    if op + count + 1 + (count + 255 - LONG) // 255 > ROOM:
        return 0
    if count >= LONG:
        out[op] = LONG << 4
        op = put_rest(out, op + 1, count - LONG)
    else:
        out[op] = count << 4
        op += 1
    copy_exactly(out, op, page, anchor, count)
    return op + count


def lz4_compress_fast(page: Source, out: Target, acceleration: cython.int, table: Table) -> cython.Py_ssize_t:
    """Compress a page to a block in `out`; return its length, 1 to 4096, or 0 where the kernel refuses the page.

    `page` has 4096 bytes, `out` OUT, `table` TABLE entries of any values.
    """
    op: cython.Py_ssize_t = 0
    anchor: cython.Py_ssize_t = 0
    ip: cython.Py_ssize_t = 1
    match: cython.Py_ssize_t
    forward: cython.Py_ssize_t
    step: cython.Py_ssize_t
    tries: cython.Py_ssize_t
    token: cython.Py_ssize_t
    code: cython.Py_ssize_t
    place: cython.Py_ssize_t
    word: cython.uint
    next_word: cython.uint
    clear(table, TABLE)  # all point to the first byte, which is thus in the table
    next_word = load32(page, 1)
    while True:
        forward = ip
        step = 1
        tries = acceleration << SKIP
        while True:
            word = next_word
            place = hash32(word, HASH, BITS)
            ip = forward
            forward += step
            step = tries >> SKIP
            tries += 1
            if forward > SEARCH_LIMIT:
                return put_last_literals(page, anchor, out, op)
            match = table[place]
            next_word = load32(page, forward)
            table[place] = ip
            if load32(page, match) == word:
                break
        while ip > anchor and match > 0 and page[ip - 1] == page[match - 1]:
            ip -= 1
            match -= 1
        token = op
        op = put_literals(page, anchor, ip, out, op, (ip - anchor) // 255)
        if op == 0:
            return 0
        while True:
            code = lz4_count(page, ip + 4, match + 4)
            op = put_match(out, token, op, ip - match, code)
            if op == 0:
                return 0
            ip += 4 + code
            anchor = ip
            if ip > SEARCH_LIMIT:
                return put_last_literals(page, anchor, out, op)
            table[hash32(load32(page, ip - 2), HASH, BITS)] = ip - 2
            word = load32(page, ip)
            place = hash32(word, HASH, BITS)
            match = table[place]
            table[place] = ip
            if load32(page, match) != word:
                break
            token = op
            out[token] = 0
            op += 1
        ip += 1
        next_word = load32(page, ip)
