"""LZ4 blocks of pages by a thorough search, byte for byte as the kernel's compressor makes them.

Models LZ4_compress_HC(), lib/lz4/lz4hc_compress.c, for an input of one page and room for as much. Newer liblz4 searches
otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cython

if TYPE_CHECKING:
    from zswap_replay.lib.bytes_at import Source, Target

if not cython.compiled:
    from zswap_replay.lib.bytes_at import clear, hash32, load32
    from zswap_replay.lib.lz4_compress import (
        HASH,
        LONG,
        PAGE,
        SEARCH_LIMIT,
        lz4_count,
        put_last_literals,
        put_literals,
        put_match,
    )

    TABLE = 1 << 15
    """Entries of the hash table: the last position of a hash and 1, 0 where there is none."""
    BITS = 15
    MIN_MATCH = 4
    OPTIMAL = 18
    """The longest match whose length fits the token."""


def best_length(
    length: cython.Py_ssize_t, before: cython.Py_ssize_t, length2: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Return how long a match should be, so that its length fits its token and the next one keeps 4 bytes.

    The next one, of `length2` bytes, begins `before` bytes behind it.
    """
    return min(length, OPTIMAL, before + length2 - MIN_MATCH)


class Lz4hcState:
    """Tables of the positions of one page, and where its compression is.

    `chain` has for each position the one before with its hash, and 1. What a search finds is in `match` and `start`.
    """

    def __init__(self, level: int) -> None:
        self.attempts = 1 << (level - 1)
        self.inserted = 0
        self.match = 0
        self.start = 0
        self.anchor = 0
        self.op = 0
        if not cython.compiled:
            self.table = [0] * TABLE
            self.chain = [0] * PAGE

    def insert(self, page: Source, until: cython.Py_ssize_t) -> None:
        """Enter the positions up to one, which is left out, into the tables."""
        at: cython.Py_ssize_t = self.inserted
        place: cython.Py_ssize_t
        while at < until:
            place = hash32(load32(page, at), HASH, BITS)
            # A search that is behind the one before enters positions again; what lies ahead is not followed.
            self.chain[at] = self.table[place] if self.table[place] <= at + 1 else 0
            self.table[place] = at + 1
            at += 1
        self.inserted = until

    def best_match(self, page: Source, ip: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Find the longest match of a place, the nearest where there are several; return its length, 0: none."""
        attempts: cython.Py_ssize_t = self.attempts
        longest: cython.Py_ssize_t = 0
        length: cython.Py_ssize_t
        other: cython.Py_ssize_t
        self.insert(page, ip)
        other = self.table[hash32(load32(page, ip), HASH, BITS)]
        while other and attempts:
            attempts -= 1
            other -= 1
            if page[other + longest] == page[ip + longest] and load32(page, other) == load32(page, ip):
                length = lz4_count(page, ip + MIN_MATCH, other + MIN_MATCH) + MIN_MATCH
                if length > longest:
                    longest = length
                    self.match = other
            other = self.chain[other]
        return longest

    def wider_match(
        self, page: Source, ip: cython.Py_ssize_t, lowest: cython.Py_ssize_t, longest: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Find a match around a place that begins at `lowest` or later and is longer than `longest`; return its length.

        Return `longest` where there is none.
        """
        attempts: cython.Py_ssize_t = self.attempts
        length: cython.Py_ssize_t
        back: cython.Py_ssize_t
        other: cython.Py_ssize_t
        self.insert(page, ip)
        other = self.table[hash32(load32(page, ip), HASH, BITS)]
        while other and attempts:
            attempts -= 1
            other -= 1
            if page[lowest + longest] == page[other - (ip - lowest) + longest] and (
                load32(page, other) == load32(page, ip)
            ):
                length = lz4_count(page, ip + MIN_MATCH, other + MIN_MATCH) + MIN_MATCH
                back = 0
                while ip - back > lowest and other > back and page[ip - back - 1] == page[other - back - 1]:
                    back += 1
                length += back
                if length > longest:
                    longest = length
                    self.match = other - back
                    self.start = ip - back
            other = self.chain[other]
        return longest

    def encode(
        self,
        page: Source,
        out: Target,
        ip: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
        match: cython.Py_ssize_t,
    ) -> cython.bint:
        """Write the literals up to a place and the match there; tell whether there was room."""
        token: cython.Py_ssize_t = self.op
        op: cython.Py_ssize_t = put_literals(page, self.anchor, ip, out, token, (ip - self.anchor) >> 8)
        if op == 0:
            return False
        self.op = put_match(out, token, op, ip - match, length - MIN_MATCH)
        self.anchor = ip + length
        return self.op != 0

    def compress(self, page: Source, out: Target) -> cython.Py_ssize_t:
        """Compress a page to a block in `out`; return its length, 1 to 4096, or 0 where the kernel refuses the page.

        `page` has 4096 bytes, `out` those that lz4_compress_fast() needs.
        """
        ip: cython.Py_ssize_t = 1
        length: cython.Py_ssize_t
        clear(self.table, TABLE)
        self.inserted = 0
        self.anchor = 0
        self.op = 0
        while ip < SEARCH_LIMIT:
            length = self.best_match(page, ip)
            if length == 0:
                ip += 1
                continue
            self.start = ip
            if not self.put_matches(page, out, length):
                return 0
            ip = self.anchor
        return put_last_literals(page, self.anchor, out, self.op)

    def put_matches(self, page: Source, out: Target, length: cython.Py_ssize_t) -> cython.bint:
        """Choose between the match at `start` and those that begin inside it, and write matches until one stands alone.

        Tell whether there was room.
        """
        ip: cython.Py_ssize_t = self.start
        ref: cython.Py_ssize_t = self.match
        ip0: cython.Py_ssize_t = ip
        ref0: cython.Py_ssize_t = ref
        length0: cython.Py_ssize_t = length
        ip2: cython.Py_ssize_t = 0
        ref2: cython.Py_ssize_t = 0
        length2: cython.Py_ssize_t = 0
        ip3: cython.Py_ssize_t
        ref3: cython.Py_ssize_t
        length3: cython.Py_ssize_t
        shift: cython.Py_ssize_t
        second: cython.bint = True  # whether the second match is to be looked for, or a third
        while True:
            if second:
                length2 = length
                if ip + length < SEARCH_LIMIT:
                    length2 = self.wider_match(page, ip + length - 2, ip, length)
                if length2 == length:
                    return self.encode(page, out, ip, length, ref)
                ip2 = self.start
                ref2 = self.match
                if ip0 < ip and ip2 < ip + length0:
                    # What was passed over for the first match would have fitted before the second.
                    ip = ip0
                    ref = ref0
                    length = length0
                if ip2 - ip < 3:
                    # The first one would be too short.
                    ip = ip2
                    ref = ref2
                    length = length2
                    continue
                second = False
            if ip2 - ip < OPTIMAL:
                shift = max(best_length(length, ip2 - ip, length2) - (ip2 - ip), 0)
                ip2 += shift
                ref2 += shift
                length2 -= shift
            length3 = length2
            if ip2 + length2 < SEARCH_LIMIT:
                length3 = self.wider_match(page, ip2 + length2 - 3, ip2, length2)
            if length3 == length2:
                length = min(length, ip2 - ip)
                return self.encode(page, out, ip, length, ref) and self.encode(page, out, ip2, length2, ref2)
            ip3 = self.start
            ref3 = self.match
            if ip3 < ip + length + 3:
                # No room for the second one between the others.
                if ip3 < ip + length:
                    ip2 = ip3
                    ref2 = ref3
                    length2 = length3
                    continue
                shift = max(ip + length - ip2, 0)
                ip2 += shift
                ref2 += shift
                length2 -= shift
                if shift and length2 < MIN_MATCH:
                    ip2 = ip3
                    ref2 = ref3
                    length2 = length3
                if not self.encode(page, out, ip, length, ref):
                    return False
                ip = ip3
                ref = ref3
                length = length3
                ip0 = ip2
                ref0 = ref2
                length0 = length2
                second = True
                continue
            if ip2 < ip + length:
                if ip2 - ip < LONG:
                    length = best_length(length, ip2 - ip, length2)
                    shift = max(length - (ip2 - ip), 0)
                    ip2 += shift
                    ref2 += shift
                    length2 -= shift
                else:
                    length = ip2 - ip
            if not self.encode(page, out, ip, length, ref):
                return False
            ip = ip2
            ref = ref2
            length = length2
            ip2 = ip3
            ref2 = ref3
            length2 = length3
