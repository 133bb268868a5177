"""Page classes: the kinds of bytes that pages hold, such as text, code, pointers or zeros.

Each class but zero and same-filled has a corpus of about 1 MiB, and its pages are slices of that (payload.slices).
Random bytes scattered over the corpus, the denser the nearer to its end, give pages their `spread`: from as
compressible as the corpus itself to hardly at all.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from zswap_replay.lib.splitmix import stream
from zswap_replay.payload.slices import CORPUS_SIZE
from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

CONTENT_VERSION: Final = 1
"""The version of the bytes of all classes, raised when any of them change; a recipe names the one it is written for."""

MAX_SPREAD: Final = PAGE_SIZE // 4
"""The most random bytes that can be scattered over a page."""


def _draw_skewed(key: int, count: int, below: int) -> npt.NDArray[np.int64]:
    """Draw `count` integers from 0 to below - 1, small ones much more often, as words occur in a language."""
    import numpy as np

    bits = stream(key, count)
    low = np.uint64(0xFFFF)
    skewed = ((bits & low) * (bits >> np.uint64(16) & low)) >> np.uint64(16)
    skewed = (skewed * (bits >> np.uint64(32) & low)) >> np.uint64(16)
    return (skewed * np.uint64(below) >> np.uint64(16)).astype(np.int64)


def _join_to_size(parts: Sequence[bytes]) -> bytes:
    return b"".join(parts)[: CORPUS_SIZE + PAGE_SIZE]


def _join_picked(parts: Sequence[bytes], picks: npt.NDArray[np.int64]) -> bytes:
    """Join the parts that are picked, as many as fill a corpus: it is made at the start of a run."""
    import numpy as np

    ends = np.cumsum(np.array([len(part) for part in parts])[picks])
    enough = int(np.searchsorted(ends, CORPUS_SIZE + PAGE_SIZE)) + 1
    return _join_to_size(list(map(parts.__getitem__, picks[:enough].tolist())))


_COMMON = (
    b"the of and to in is that it was for on are as with his they at be this from have or by one had not "
    b"but what all were when we there can an your which their said if do will each about how up out them "
    b"then page memory kernel swap compress store load reclaim pressure cgroup limit writeback folio "
    b"entry list error value name"
).split()
_SYLLABLES = (
    b"an ar be ca con de di en er es ex fi ge ha im in is ka la le lo ma men mi mo na ne no on or pa per "
    b"po pro ra re ri ro sa se si so sta ta te ti tion to tra tu un ur va ver vi wa wo"
).split()


def _text_corpus() -> bytes:
    stems = _draw_skewed(0x7E01, 3 * 3000, len(_SYLLABLES)).tolist()
    rare = [b"".join(_SYLLABLES[s] for s in stems[i : i + 2 + i % 2]) for i in range(0, len(stems), 3)]
    words = [
        word + end for word in _COMMON + rare for end in (b" ", b" ", b" ", b" ", b" ", b" ", b", ", b".\n")
    ]
    return _join_picked(words, _draw_skewed(0x7E02, 300_000, len(words)))


def _json_corpus() -> bytes:
    record = b'{"id": %d, "name": "user%d", "score": %d.%03d, "active": %s, "token": "%08x"},\n'
    flags = (b"true", b"false")
    return _join_to_size(
        [
            record % (100_000 + i, b % 1000, b >> 10 & 127, (b >> 17) % 1000, flags[b >> 28 & 1], b >> 32)
            for i, b in enumerate(stream(0x150, 16_000).tolist())
        ]
    )


def _pointers_corpus() -> bytes:
    import numpy as np

    count = (CORPUS_SIZE + PAGE_SIZE) // 8
    bits = stream(0x9012, count)
    heap = np.uint64(0x00007F3A_5C000000) + (bits >> np.uint64(40) & np.uint64(0x3FFFF0))
    # Of eight words five point into a heap of 4 MiB, one is a length or a flag, two are null.
    what = bits & np.uint64(7)
    small = bits >> np.uint64(8) & np.uint64(0xFF)
    words = np.where(what < 5, heap, np.where(what == 5, small, np.uint64(0)))
    return words.astype("<u8").tobytes()


def _integers_corpus() -> bytes:
    import numpy as np

    bits = stream(0x1275, (CORPUS_SIZE + PAGE_SIZE) // 4)
    width = np.array([3, 6, 6, 10], dtype=np.uint64)[(bits & np.uint64(3)).astype(np.int64)]
    return (bits >> np.uint64(8) & ((np.uint64(1) << width) - np.uint64(1))).astype("<u4").tobytes()


_OPCODES_HEX = (
    "488b 4889 488d 89 8b 85c0 74 75 e8 e9 0f84 0f85 4883c4 4883ec 5d c3 55 41 31c0 83f8 39 4c89 4c8b "
    "4d8b 4885c0 eb 7e 7f 0fb6 0fbe f30f1efa 66 c745 c744 ff15 4898 01 29 c1e0 83c0 83e0 a8 f6 84c0 90 "
    "31d2 be bf"
)
_OPCODES = tuple(bytes.fromhex(code) for code in _OPCODES_HEX.split())


def _code_corpus() -> bytes:
    import numpy as np

    picks = _draw_skewed(0xC0D1, 2048, len(_OPCODES)).tolist()
    operands = _draw_skewed(0xC0D2, 2048, 1 << 16).tolist()
    # After an opcode comes a register byte, two bytes, nothing, a rel32 or a displacement, by the opcode's
    # place.
    instructions = [
        _OPCODES[pick] + ((operand << pick) & 0xFFFFFF).to_bytes(4, "little")[: (1, 2, 0, 4, 1)[pick % 5]]
        for pick, operand in zip(picks, operands, strict=True)
    ]
    # Compilers repeat idioms: the same few instructions in a row, then a call to some address.
    idioms = [b"".join(instructions[i : i + 2 + i % 4]) for i in range(0, 2048, 4)]
    calls = [b"\xe8" + (call << 4).to_bytes(4, "little") for call in range(1 << 12)]
    picked = np.empty((160_000, 2), np.int64)
    picked[:, 0] = _draw_skewed(0xC0D4, 160_000, len(idioms))
    picked[:, 1] = stream(0xC0D3, 160_000) >> np.uint64(52)
    called = np.ones((160_000, 2), np.bool_)
    called[:, 1] = picked[:, 1] & 3 == 0
    picked[:, 1] += len(idioms)
    return _join_picked(idioms + calls, picked[called])


def _random_corpus() -> bytes:
    return stream(0x5EED, (CORPUS_SIZE + PAGE_SIZE) // 8).astype("<u8").tobytes()


def _counters_corpus() -> bytes:
    import numpy as np

    bits = stream(0xC047, (CORPUS_SIZE + PAGE_SIZE) // 8)
    width = np.array([1, 2, 3, 4], dtype=np.uint64)[(bits & np.uint64(3)).astype(np.int64)]
    return (bits >> np.uint64(8) & ((np.uint64(1) << width) - np.uint64(1))).astype("<u8").tobytes()


def _digits_corpus() -> bytes:
    import numpy as np

    # Sixteen symbols and no repeats: what a coder of symbols halves, and a search for matches leaves as it is.
    drawn = stream(0xD161, (CORPUS_SIZE + PAGE_SIZE) // 8).astype("<u8").view(np.uint8) & np.uint8(15)
    made: bytes = np.frombuffer(b"0123456789abcdef", np.uint8)[drawn].tobytes()
    return made


def _half_zero_corpus() -> bytes:
    # With a period of one page every slice of 4096 bytes holds 2048 zeros, wherever it begins.
    noise, half = _random_corpus(), PAGE_SIZE // 2
    return _join_to_size(
        [noise[i : i + half] + bytes(half) for i in range(0, CORPUS_SIZE + PAGE_SIZE, PAGE_SIZE)]
    )


# The makers of the plain corpora, by class.
_CORPORA: Final[dict[str, Callable[[], bytes]]] = {
    "text": _text_corpus,
    "json": _json_corpus,
    "pointers": _pointers_corpus,
    "integers": _integers_corpus,
    "code": _code_corpus,
    "half-zero": _half_zero_corpus,
    "random": _random_corpus,
    "counters": _counters_corpus,
    "digits": _digits_corpus,
}

ZERO: Final = "zero"
SAME_FILLED: Final = "same-filled"
CLASS_NAMES: Final = (ZERO, SAME_FILLED, *_CORPORA)
"""The names of the classes that a recipe may use."""
OTHER: Final = "other"
"""The class of a payload file's pages that are not same-filled."""


@lru_cache(maxsize=32)  # recipes may ask for any number of them; a source keeps references to those it uses
def corpus(name: str, least: int = 0, most: int = 0) -> bytes:
    """Return the corpus of the class `name`, CORPUS_SIZE + PAGE_SIZE bytes, of which its pages are slices.

    About `least` bytes of its first page are random ones scattered in, about `most` of its last.

    Raises KeyError: the class has no corpus (zero, same-filled), or is unknown.
    """
    plain = _plain_corpus(name)
    return _scatter_random_bytes(plain, least, most) if most else plain


@cache
def _plain_corpus(name: str) -> bytes:
    return _CORPORA[name]()


def _passed(size: int, least: int, most: int) -> npt.NDArray[np.int64]:
    """Return the places of random bytes in a corpus.

    In fixed point each byte adds its share of a random byte; one is put before the byte with which the sum passes a
    whole number. Where that is, is a root of the sum as a function of the place, found near and then corrected.
    """
    import numpy as np

    more, first = most - least, least * size

    def sum_to(place: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        found: npt.NDArray[np.int64] = first * (place + 1) + more * (place * (place + 1) // 2)
        return found

    whole = size * PAGE_SIZE
    wanted = np.arange(1, int(sum_to(np.array([size - 1]))[0]) // whole + 1) * whole
    slope = more / 2 + first
    if more:
        near = (np.sqrt(slope * slope - 2.0 * more * (first - wanted)) - slope) / more
    else:
        near = wanted / first - 1
    place = np.maximum(np.ceil(near).astype(np.int64), 0)
    while (low := sum_to(place) < wanted).any():
        place += low
    while (high := (place > 0) & (sum_to(place - 1) >= wanted)).any():
        place -= high
    found: npt.NDArray[np.int64] = place[place > 0] - 1
    return found


def _scatter_random_bytes(plain: bytes, least: int, most: int) -> bytes:
    import numpy as np

    passed = _passed(len(plain), least, most)
    noise = stream(0x57E3, passed.size)
    # Moved within its 8-byte word; otherwise even distances could hit the same byte of every word.
    where = passed ^ (noise & np.uint64(7)).astype(np.int64)
    mixed = np.frombuffer(plain, dtype=np.uint8).copy()
    mixed[where] = (noise >> np.uint64(56)).astype(np.uint8)
    return mixed.tobytes()
