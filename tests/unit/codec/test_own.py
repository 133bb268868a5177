"""The compressors that are our own: their bytes against those of libraries, their limits, and what is no stream."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import random
import subprocess
import sys
from collections.abc import Callable, Iterator

import lz4.frame
import pytest

from tests.environment import interpreted
from tests.paths import ROOT
from zswap_replay.codec import first_use
from zswap_replay.codec.base import Codec, get_codec
from zswap_replay.errors import CodecError
from zswap_replay.payload.recipe import load_recipe
from zswap_replay.payload.source import GeneratedPages
from zswap_replay.units import PAGE_SIZE

OWN = ("lz4", "lz4:8", "lz4hc", "lz4hc:3", "lzo", "lzo-rle")
_LENGTHS = (1, 2, 3, 4, 5, 7, 8, 9, 18, 19, 33, 34, 255, 256, 288, 289, 1000, 2051, 2052, 3000)
SOURCE = GeneratedPages(load_recipe("default"), 3)


def pages(count: int) -> Iterator[bytes]:
    """Pages of the default recipe, in which runs of zeros, copies and noise of all lengths are strewn."""
    r = random.Random("pages")
    for number in range(count):
        page = bytearray(SOURCE.page(number) if number % 4 else r.randbytes(PAGE_SIZE))
        for _ in range(number % 40):
            length = r.choice(_LENGTHS)
            at, start = r.randrange(PAGE_SIZE - length), r.randrange(PAGE_SIZE - length)
            page[at : at + length] = r.choice(
                (bytes(length), bytes(page[start : start + length]), r.randbytes(length))
            )
        yield bytes(page)


def repeating(length: int) -> bytes:
    """A page of noise in which some bytes come again, towards the end."""
    noise = random.Random("noise").randbytes(PAGE_SIZE)
    return noise[:3000] + noise[100 : 100 + length] + noise[3000 + length :]


def digest(spec: str, count: int) -> str:
    compress = get_codec(spec).compress
    return hashlib.sha256(b"|".join(compress(page) or b"" for page in pages(count))).hexdigest()


@pytest.mark.parametrize("spec", OWN)
def test_any_page_comes_back(spec: str) -> None:
    codec = get_codec(spec)
    for page in pages(200):
        data = codec.compress(page)
        assert data is None or (len(data) <= PAGE_SIZE and page == codec.decompress(data))


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_interpreted_they_make_the_same_bytes() -> None:
    script = (
        "import sys; from tests.unit.codec.test_own import OWN, digest; print(*(digest(s, 5) for s in OWN))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=interpreted(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert [digest(spec, 5) for spec in OWN] == done.stdout.split()


@pytest.mark.parametrize("spec", ["lz4", "lz4hc"])
def test_a_block_of_a_page_is_kept_and_a_longer_one_refused(spec: str) -> None:
    lengths = [len(get_codec(spec).compress(repeating(length)) or b"") for length in range(60)]
    kept = [length for length in lengths if length]
    assert list(range(PAGE_SIZE, PAGE_SIZE - len(kept), -1)) == kept
    assert lengths == [0] * (len(lengths) - len(kept)) + kept


@pytest.mark.parametrize("spec", ["lzo", "lzo-rle"])
def test_a_stream_of_up_to_a_page_is_kept_and_a_longer_one_refused(spec: str) -> None:
    lengths = [len(get_codec(spec).compress(repeating(length)) or b"") for length in range(300)]
    kept = [length for length in lengths if length]
    assert PAGE_SIZE - 1 <= kept[0] <= PAGE_SIZE
    assert sorted(kept, reverse=True) == kept
    assert lengths == [0] * (len(lengths) - len(kept)) + kept


def test_lz4_does_not_look_where_newer_liblz4_does() -> None:
    """The kernel gives up one place earlier: of a repeat close to the page's end it finds less than liblz4 does."""
    noise = random.Random("noise").randbytes(PAGE_SIZE)
    shorter = {}
    for end in range(5, 40):
        repeat = noise[:8]
        page = bytes(1500) + repeat + noise[1508 : PAGE_SIZE - end - 8] + repeat + noise[PAGE_SIZE - end :]
        ours, theirs = get_codec("lz4").compress(page), lz4.frame.compress(page, 0)[19:-4]
        assert ours is not None
        if len(ours) != len(theirs):
            shorter[end] = len(ours) - len(theirs)
    assert {12: 5, 14: 5, 15: 4, 16: 4} == shorter


@pytest.mark.parametrize("spec", OWN)
@pytest.mark.parametrize("size", [0, 4095, 4097])
def test_what_is_no_page_is_refused(spec: str, size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} bytes; a page has 4096"):
        get_codec(spec).compress(bytes(size))


class Liblzo2:
    """The library of LZO's author."""

    def __init__(self) -> None:
        library = ctypes.CDLL("liblzo2.so.2")
        pointer, size = ctypes.c_char_p, ctypes.POINTER(ctypes.c_size_t)
        self._compress = library.lzo1x_1_15_compress
        self._decompress = library.lzo1x_decompress_safe
        self._compress.argtypes = self._decompress.argtypes = (
            pointer,
            ctypes.c_size_t,
            pointer,
            size,
            pointer,
        )
        self._work = ctypes.create_string_buffer(1 << 18)

    def compress(self, page: bytes) -> bytes:
        return self._call(self._compress, page)

    def decompress(self, data: bytes) -> bytes:
        return self._call(self._decompress, data)

    def _call(self, function: Callable[..., int], data: bytes) -> bytes:
        out, size = ctypes.create_string_buffer(5000), ctypes.c_size_t(5000)
        assert 0 == function(data, len(data), out, ctypes.byref(size), self._work)
        return out.raw[: size.value]


@pytest.fixture(scope="module")
def liblzo2() -> Liblzo2:
    try:
        return Liblzo2()
    except OSError as error:
        pytest.skip(str(error))


def test_lzo_is_what_liblzo2_makes_and_opens(liblzo2: Liblzo2) -> None:
    codec = get_codec("lzo")
    for page in pages(300):
        theirs, ours = liblzo2.compress(page), codec.compress(page)
        assert ours == (theirs if len(theirs) <= PAGE_SIZE else None)
        if ours is not None:
            assert page == liblzo2.decompress(ours)


class Stream:
    """A stream written instruction by instruction, as the format is described, and the bytes that it stands for."""

    def __init__(self, start: bytes = b"") -> None:
        self.data = start
        self.page = b""

    def _bytes(self, code: int, most: int, rest: int) -> bytes:
        """The byte of an instruction with its length, less the least one, and what of that does not fit it."""
        if rest <= most:
            return bytes([code | rest])
        zeros, last = divmod(rest - most - 1, 255)
        return bytes([code]) + bytes(zeros) + bytes([last + 1])

    def first(self, text: bytes) -> Stream:
        self.data += bytes([17 + len(text)]) + text
        self.page += text
        return self

    def literals(self, text: bytes) -> Stream:
        self.data += self._bytes(0, 15, len(text) - 3) + text
        self.page += text
        return self

    def _copied(self, length: int, distance: int, after: bytes) -> Stream:
        for _ in range(length):
            self.page += self.page[-distance:][:1]
        self.data += after
        self.page += after
        return self

    def tiny(self, distance: int, after: bytes = b"", *, far: bool = False) -> Stream:
        """2 bytes behind 1 to 3 literals; behind a run of them 3 bytes, far away."""
        least = 2049 if far else 1
        high, low = divmod(distance - least, 4)
        self.data += bytes([low << 2 | len(after), high])
        return self._copied(3 if far else 2, distance, after)

    def short(self, length: int, distance: int, after: bytes = b"") -> Stream:
        high, low = divmod(distance - 1, 8)
        self.data += bytes([(length - 1) << 5 | low << 2 | len(after), high])
        return self._copied(length, distance, after)

    def match(self, length: int, distance: int, after: bytes = b"") -> Stream:
        self.data += self._bytes(32, 31, length - 2) + ((distance - 1) << 2 | len(after)).to_bytes(
            2, "little"
        )
        return self._copied(length, distance, after)

    def zeros(self, length: int, after: bytes = b"") -> Stream:
        high, low = divmod(length - 4, 8)
        self.data += bytes([24 | low]) + (0xFFFC | len(after)).to_bytes(2, "little") + bytes([high]) + after
        self.page += bytes(length) + after
        return self

    def end(self) -> Stream:
        self.data += b"\x11\x00\x00"
        return self


def every_instruction(version: int) -> Stream:
    """A page in which each instruction of the format occurs, with short and with long lengths."""
    noise = random.Random("stream").randbytes(PAGE_SIZE)
    stream = Stream(b"\x11\x01" if version else b"")
    stream.first(b"abc").tiny(3).short(3, 1, b"x").tiny(2, b"yz").short(8, 5)
    stream.literals(noise[:4]).short(4, 8, b"Z").match(33, 3, b"pqr").match(34, 1).literals(noise[:18])
    stream.match(300, 40, b"u").match(9, 2).literals(noise[100:2300]).tiny(2049, b"vw", far=True).tiny(900)
    stream.literals(noise[:400]).tiny(2999, far=True)
    if version:
        stream.zeros(4, b"1").zeros(11, b"23").zeros(300)
    return stream.match(PAGE_SIZE - len(stream.page), 2000).end()


@pytest.mark.parametrize(("spec", "version"), [("lzo", 0), ("lzo-rle", 0), ("lzo-rle", 1)])
def test_every_instruction_of_the_format_is_read(spec: str, version: int) -> None:
    stream = every_instruction(version)
    assert PAGE_SIZE == len(stream.page)
    assert stream.page == get_codec(spec).decompress(stream.data)


def test_a_stream_begins_with_literals_of_any_number() -> None:
    for count in (1, 2, 3, 4, 5, 200, 238):
        stream = Stream().first(b"a" * count)
        stream.match(PAGE_SIZE - count, 1).end()
        assert b"a" * PAGE_SIZE == get_codec("lzo").decompress(stream.data)


def fails(stream: bytes) -> None:
    with pytest.raises(CodecError, match=r"^lzo-rle: .* no LZO1X stream of a page$"):
        get_codec("lzo-rle").decompress(stream)


def test_a_stream_that_is_cut_off_is_an_error() -> None:
    for version in (0, 1):
        data = every_instruction(version).data
        for size in (*range(120), *range(len(data) - 120, len(data))):
            fails(data[:size])


@pytest.mark.parametrize(
    "stream",
    [
        every_instruction(1).data + b"\x00",
        b"\x11\x02" + every_instruction(1).data[2:],
        Stream().first(b"a").match(4094, 1).end().data,
        Stream().first(b"a").match(4096, 1).end().data,
        Stream().first(b"a").match(4095, 2).end().data,
        Stream().first(b"a").match(4094, 1, b"bb").end().data,
        Stream().first(b"abcd").zeros(2000).zeros(2051).match(41, 1).end().data,
        Stream(b"\x11\x01").first(b"abcd").zeros(2051).zeros(2051).end().data,
        Stream().first(b"abcde").short(3, 1).data + b"\x1c\x00\xfc\xff",
    ],
    ids=["more", "version", "shorter", "longer", "before", "literals", "zeros in 0", "zeros", "far"],
)
def test_what_is_no_stream_of_a_page_is_an_error(stream: bytes) -> None:
    fails(stream)


def test_spoilt_streams_are_errors_or_pages() -> None:
    codec, r = get_codec("lzo-rle"), random.Random("spoilt")
    for page in pages(60):
        data = codec.compress(page)
        for _ in range(40 if data is not None and len(data) < 3000 else 0):
            assert data is not None
            spoilt = bytearray(data)
            spoilt[r.randrange(len(spoilt))] = r.randrange(256)
            with contextlib.suppress(CodecError):
                assert PAGE_SIZE == len(codec.decompress(bytes(spoilt)))


def test_a_compressor_that_spoils_pages_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __init__(self, codec: Codec) -> None:
            self.name, self.kernel_name = codec.name, codec.kernel_name
            self.decompress = codec.decompress
            self._compress = codec.compress

        def compress(self, page: bytes) -> bytes | None:
            return self._compress(page[:-1] + b"!")

    broken = Broken(get_codec("lzo"))
    first_use.try_once(broken)  # type: ignore[arg-type]  # all that is used; lzo was tried when it was made
    monkeypatch.setattr(first_use, "_tried", set())
    with pytest.raises(CodecError, match=r"^lzo: a page does not come back as it was"):
        first_use.try_once(broken)  # type: ignore[arg-type]
