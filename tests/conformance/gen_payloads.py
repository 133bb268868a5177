"""The pages of the cases: the generator that filled the memory of the recorded machines.

``python -m tests.conformance.gen_payloads MIX NPAGES SEED OUT.bin`` writes a payload as a file. Page i of a payload
depends on (MIX, SEED, i) alone. What each kind holds says page(). A mix is a kind, a list ``kind:weight,kind:weight``,
``each:kind,kind`` which takes kinds in turn, or one of the names in MIXES.

Every call of the random generator, and their order, is part of the cases: lengths were recorded for these bytes.
"""

from __future__ import annotations

import random
import struct
import sys
from functools import cache
from pathlib import Path

PAGE_SIZE = 4096
_TEXT = (
    "the of and to in is that it was for on are as with his they at be this from have or by one had not "
    "but what all were when we there can an your which their said if do will each about how up out them then "
    "page memory kernel swap compress store load reclaim pressure cgroup limit writeback folio entry list"
)
WORDS = _TEXT.split()
MIXES = {
    "all": "each:text,json,ptr,ints,half,same8,same1,rnd1,rnd2,rnd4,rnd6,rnd8,rnd10,rnd12,rnd14,rnd15,near,random",
    "typical": "zero:10,same8:5,text:25,json:15,ptr:15,ints:10,half:10,rnd12:5,random:5",
    "comp": "text:3,json:2,ptr:3,ints:2,half:2,rnd6:2,rnd10:2",
}


def page(kind: str, r: random.Random) -> bytes:
    """One page of a kind.

    zero: zero bytes. same8, same1: one word, one byte, repeated. text: words of English. json: records with changing
    numbers. ptr: 512 kernel pointers near each other. ints: 1024 small integers. half: 2048 random bytes, 2048 zeros.
    rndN: N/16 of the page random, in runs of 64 bytes, the rest zero. near: random with a few short repeats, which
    compresses to little less than a page. edge: random with one repeat of 40 to 240 bytes, around zbud's longest
    object. random: random bytes.

    Raises ValueError: no such kind.
    """
    if kind == "zero":
        return bytes(PAGE_SIZE)
    if kind == "same8":
        return (r.getrandbits(64) | 1).to_bytes(8, "little") * (PAGE_SIZE // 8)
    if kind == "same1":
        return bytes([r.randrange(1, 256)]) * PAGE_SIZE
    if kind == "text":
        return _text(r)
    if kind == "json":
        return _json(r)
    if kind == "ptr":
        base = 0xFFFF888000000000 + (r.getrandbits(30) & ~0xFFF)
        return b"".join(struct.pack("<Q", base + (r.randrange(1 << 14) & ~0x7)) for _ in range(512))
    if kind == "ints":
        return b"".join(struct.pack("<I", r.randrange(1 << r.choice((3, 6, 10)))) for _ in range(1024))
    if kind == "half":
        return r.randbytes(PAGE_SIZE // 2) + bytes(PAGE_SIZE // 2)
    if kind.startswith("rnd"):
        runs = [run < int(kind[3:]) * 4 for run in range(64)]
        r.shuffle(runs)
        return b"".join(r.randbytes(64) if filled else bytes(64) for filled in runs)
    if kind == "near":
        data = bytearray(r.randbytes(PAGE_SIZE))
        for _ in range(r.randrange(1, 9)):
            size = r.randrange(6, 24)
            source, target = r.randrange(0, 1500), r.randrange(1600, PAGE_SIZE - 64)
            data[target : target + size] = data[source : source + size]
        return bytes(data)
    if kind == "edge":
        data = bytearray(r.randbytes(PAGE_SIZE))
        size = r.randrange(40, 240)
        data[2000 : 2000 + size] = data[100 : 100 + size]
        return bytes(data)
    if kind == "random":
        return r.randbytes(PAGE_SIZE)
    raise ValueError(f"no kind of page {kind!r}")


def _text(r: random.Random) -> bytes:
    words: list[str] = []
    size = 0
    while size < PAGE_SIZE:
        words.append(r.choice(WORDS) + ("\n" if r.random() < 0.08 else " "))
        size += len(words[-1])
    return "".join(words).encode()[:PAGE_SIZE]


def _json(r: random.Random) -> bytes:
    records: list[str] = []
    size, number = 0, r.randrange(100000)
    while size < PAGE_SIZE:
        user, score = r.randrange(1000), r.random() * 100
        active = r.choice(["true", "false"])
        records.append(
            f'{{"id": {number}, "name": "user{user}", "score": {score:.3f}, "active": {active}}},\n'
        )
        size += len(records[-1])
        number += 1
    return "".join(records).encode()[:PAGE_SIZE]


@cache
def payload(mix: str, pages: int, seed: int) -> tuple[bytes, ...]:
    """The first pages of a payload. Raises ValueError: a kind that there is not."""
    return tuple(numbered(mix, seed, number) for number in range(pages))


def numbered(mix: str, seed: int, number: int) -> bytes:
    """One page of a payload, by its number. Raises ValueError: a kind that there is not."""
    spec = MIXES.get(mix, mix)
    r = random.Random(f"{spec}/{seed}/{number}")
    if spec.startswith("each:"):
        kinds = spec[5:].split(",")
        kind = kinds[number % len(kinds)]
    elif ":" in spec:
        weighted = [part.split(":") for part in spec.split(",")]
        kind = r.choices([name for name, _ in weighted], [int(weight) for _, weight in weighted])[0]
    else:
        kind = spec
    return page(kind, r)


if __name__ == "__main__":
    Path(sys.argv[4]).write_bytes(b"".join(payload(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
