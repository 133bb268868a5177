"""Pages from LZO1X streams, those of lzo-rle included.

Models lzo1x_decompress_safe(), lib/lzo/lzo1x_decompress_safe.c, by the format's description in
Documentation/staging/lzo.rst: bitstream versions 0 and 1, for an output of at most one page. Any bytes may be given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cython

if TYPE_CHECKING:
    from zswap_replay.lib.bytes_at import Source, Target

if not cython.compiled:
    from zswap_replay.lib.bytes_at import copy_back, copy_exactly, copy_roughly, put_zeros

    PAGE = 4096
    ROUGH = 8
    """Bytes behind a run of literals from which on it can be copied roughly."""
    OUT = 4096 + 8
    """Bytes that the output needs room for: a page, and what a rough copy writes behind it."""
    VERSION_MARK = 17
    NEWEST = 1
    """The newest version of the format that is known."""
    AFTER_LITERALS = 4
    """The state behind a run of literals; a state of 0 to 3 is the number of literals that an instruction carried."""


def behind_length(data: Source, size: cython.Py_ssize_t, ip: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Return the place behind a length of further bytes: zeros, each of which stands for 255, and another; 0: none."""
    while ip < size and data[ip] == 0:
        ip += 1
    return ip + 1 if ip < size else 0


def lzo1x_decompress_safe(data: Source, size: cython.Py_ssize_t, out: Target) -> cython.Py_ssize_t:
    """Decompress a stream of `size` bytes to `out`; return how many bytes that are, up to 4096, or -1: it is no stream.

    `out` has OUT bytes.
    """
    ip: cython.Py_ssize_t = 0
    op: cython.Py_ssize_t = 0
    state: cython.Py_ssize_t = 0
    version: cython.int = 0
    code: cython.int
    pair: cython.int
    most: cython.int
    zeros: cython.bint
    behind: cython.Py_ssize_t
    count: cython.Py_ssize_t
    distance: cython.Py_ssize_t
    if size >= 5 and data[0] == VERSION_MARK:
        version = data[1]
        ip = 2
        if version > NEWEST:
            return -1
    if size > ip and data[ip] > VERSION_MARK:
        # The first literals, without a match before them.
        count = data[ip] - VERSION_MARK
        ip += 1
        if count > size - ip:
            return -1
        copy_exactly(out, op, data, ip, count)
        ip += count
        op += count
        state = min(count, AFTER_LITERALS)
    while ip < size:
        code = data[ip]
        ip += 1
        if code < 16 and state == 0:
            count = code + 3
            if code == 0:
                behind = behind_length(data, size, ip)
                if behind == 0:
                    return -1
                count = (behind - 1 - ip) * 255 + data[behind - 1] + 15 + 3
                ip = behind
            if count > size - ip or count > PAGE - op:
                return -1
            if count + ROUGH <= size - ip:
                copy_roughly(out, op, data, ip, count)
            else:
                copy_exactly(out, op, data, ip, count)
            ip += count
            op += count
            state = AFTER_LITERALS
            continue
        if code >= 64 or code < 16:
            if ip >= size:
                return -1
            if code >= 64:
                count = (code >> 5) + 1
                distance = (data[ip] << 3) + ((code >> 2) & 7) + 1
            elif state == AFTER_LITERALS:
                count = 3
                distance = (data[ip] << 2) + (code >> 2) + 2048 + 1
            else:
                count = 2
                distance = (data[ip] << 2) + (code >> 2) + 1
            ip += 1
            state = code & 3
        else:
            most = 31 if code >= 32 else 7
            count = code & most
            # A distance that no match has says that zeros are meant, and a byte of their number follows it.
            zeros = (
                version == 1
                and 24 <= code < 32
                and size - ip >= 3
                and data[ip] >= 0xFC
                and data[ip + 1] == 0xFF
            )
            if count == 0 and not zeros:
                behind = behind_length(data, size, ip)
                if behind == 0:
                    return -1
                count = (behind - 1 - ip) * 255 + data[behind - 1] + most
                ip = behind
            if size - ip < 2:
                return -1
            pair = data[ip] | data[ip + 1] << 8
            ip += 2
            state = pair & 3
            if zeros:
                count = (data[ip] << 3 | count) + 4
                ip += 1
                distance = 0
            elif code >= 32:
                count += 2
                distance = (pair >> 2) + 1
            else:
                # Farther back than a page reaches. At 16384, with a match of 3 bytes, the stream ends.
                return op if count == 1 and (code & 8) == 0 and pair < 4 and ip == size else -1
        if count > PAGE - op or distance > op:
            return -1
        if distance:
            copy_back(out, op, distance, count)
        else:
            put_zeros(out, op, count)
        op += count
        if state:
            if state > size - ip or state > PAGE - op:
                return -1
            copy_exactly(out, op, data, ip, state)
            ip += state
            op += state
    return -1
