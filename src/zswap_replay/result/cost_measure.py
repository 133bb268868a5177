"""A cost profile of this machine: its codecs, its page faults and, where asked, a file on its swap device, timed."""

from __future__ import annotations

import mmap
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from time import perf_counter_ns
from typing import Final

import numpy as np

from zswap_replay.codec.base import COMPRESSORS, Codec, get_codec, parse_spec
from zswap_replay.errors import CodecError, CostError
from zswap_replay.files import shown
from zswap_replay.payload.source import PageSource
from zswap_replay.result.cost_profile import CodecCost, CostProfile
from zswap_replay.units import PAGE_SIZE, format_size

_ROUNDS: Final = 5
"""Times that each page is compressed; the fastest round counts, so that what else runs does not."""
_TRIED: Final = 16
"""Contents that are looked at for each page that is wanted."""
_FAULTED_PAGES: Final = 4096
_FILE_BYTES: Final = 64 << 20
_MOST_REQUESTS: Final = 1024
_FEWEST_REQUESTS: Final = 16
_DEVICE_NS: Final = 2 * 10**9
"""Time after which a direction of a slow device was timed well enough."""

Progress = Callable[[int, int], None]


def measure(
    like: CostProfile,
    pages: Sequence[bytes],
    *,
    name: str = "measured",
    compressors: Sequence[str] = (),
    file: str | None = None,
    tbw: int | None = None,
    progress: Progress | None = None,
    notes: Callable[[str], None] | None = None,
) -> CostProfile:
    """Measure the codecs on some pages and a minor fault, and reads and writes of ``file`` where it is given.

    ``compressors`` are specs, all that can be run where there is none. What is not timed is that of ``like``: the
    device without ``file``, and then its TBW unless ``tbw`` says it. ``progress`` is told the parts done and those in
    all, ``notes`` which compressor is left out since its library is not installed.

    Raises CodecError: a compressor that was named is unknown, or its library is not installed. CostError: no file can
    be made at ``file``. OSError: it cannot be read or written.
    """
    specs = list(dict.fromkeys(parse_spec(spec) for spec in compressors)) or list(COMPRESSORS)
    parts = len(specs) + 1 + (file is not None)
    codecs: dict[str, CodecCost] = {}
    for place, spec in enumerate(specs):
        if progress is not None:
            progress(place, parts)
        try:
            codec = get_codec(spec)
        except CodecError as error:
            if compressors:
                raise
            if notes is not None:
                notes(f"left out: {error}")
            continue
        codecs[spec] = time_codec(codec, pages)
    if progress is not None:
        progress(len(specs), parts)
    sources = {part: f"not measured, as {like.name}: {text}" for part, text in like.sources.items()}
    sources["compressors"] = (
        f"measured: on this machine, {len(pages):,} pages, by the libraries of zswap-replay, their calls included"
    )
    sources["fault"] = "measured: on this machine, a minor fault that maps a new page"
    made = replace(like, name=name, compressors=codecs, fault_ns=time_fault(), where="")
    if file is not None:
        timed = time_device(file)
        sources["device"] = timed.told
        made = replace(made, read_ns=timed.read_ns, write_ns=timed.write_ns, tbw=None)
    if progress is not None:
        progress(parts, parts)
    return replace(made, sources=sources, tbw=made.tbw if tbw is None else tbw)


def compressed_pages(source: PageSource, many: int) -> list[bytes]:
    """Take the first pages of a source that are compressed: those that are not same-filled.

    Raises CostError: there is none among the first of them, as in a recipe of zero pages alone.
    """
    ids = (content for content in range(_TRIED * many) if source.same_filled(content) is None)
    pages = [source.page(content) for content in islice(ids, many)]
    if not pages:
        raise CostError(
            "recipe: found no page that is not filled with one word; expected some that are compressed"
        )
    return pages


def time_codec(codec: Codec, pages: Sequence[bytes]) -> CodecCost:
    """Measure a codec on some pages: the mean of a page, in ns, in the fastest of some rounds.

    A page that the compressor refuses counts among those compressed.
    """
    packed = [data for page in pages if (data := codec.compress(page)) is not None]
    return CodecCost(_per_item(codec.compress, pages), _per_item(codec.decompress, packed))


def _per_item(call: Callable[[bytes], object], items: Sequence[bytes]) -> int:
    rounds = []
    for _ in range(_ROUNDS if items else 0):
        started = perf_counter_ns()
        for item in items:
            call(item)
        rounds.append(perf_counter_ns() - started)
    return round(min(rounds) / len(items)) if rounds else 0


def time_fault() -> int:
    """Measure a minor fault that maps a new page, in ns: the mean of a page, in the fastest of some rounds."""
    rounds = []
    for _ in range(_ROUNDS):
        with mmap.mmap(-1, _FAULTED_PAGES * PAGE_SIZE) as memory:
            with suppress(OSError):  # a kernel without transparent huge pages
                memory.madvise(mmap.MADV_NOHUGEPAGE)
            touched = np.frombuffer(memory, np.uint8)[::PAGE_SIZE]
            started = perf_counter_ns()
            touched[:] = 1
            rounds.append(perf_counter_ns() - started)
            del touched
    return round(min(rounds) / _FAULTED_PAGES)


@dataclass(frozen=True, slots=True)
class DeviceTimes:
    """What a read and a write of a page take, in ns, and how that was found out."""

    read_ns: int
    write_ns: int
    told: str


def time_device(path: str) -> DeviceTimes:
    """Measure reads and writes of single pages at random places of a file, one at a time, past the page cache.

    ``path`` is a folder, or a file that need not exist: a file of 64 MiB is made in the folder, or beside the file, and
    removed. No file that was there is touched.

    Raises CostError: there is no such folder, or it is no place for a file. OSError: the file cannot be written.
    """
    folder = path if os.path.isdir(path) else os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise CostError(
            f"{shown(path)}: its folder does not exist; expected a file or a folder on the device"
        )
    if os.path.exists(path) and not os.path.isdir(path) and not os.path.isfile(path):
        raise CostError(
            f"{shown(path)}: found a device or a pipe; expected a file or a folder on it, for it is written to"
        )
    with _scratch(folder) as name, _opened(name) as (descriptor, direct):
        write_ns = _per_request(descriptor, write=True, direct=direct)
        os.fsync(descriptor)
        read_ns = _per_request(descriptor, write=False, direct=direct)
    how = (
        "O_DIRECT"
        if direct
        else "without O_DIRECT, which the file system does not have: the page cache is in it"
    )
    size = format_size(_FILE_BYTES)
    return DeviceTimes(read_ns, write_ns, f"measured: 4 KiB at random places of a file of {size}, QD1, {how}")


@contextmanager
def _scratch(folder: str) -> Iterator[str]:
    """Make a file of random bytes, which no device compresses, and remove it afterwards."""
    descriptor, name = tempfile.mkstemp(prefix=".zswap-replay-cost-", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            block = random.Random(0).randbytes(1 << 20)
            for _ in range(_FILE_BYTES // len(block)):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        yield name
    finally:
        os.unlink(name)


@contextmanager
def _opened(name: str) -> Iterator[tuple[int, bool]]:
    """Open a file past the page cache where its file system can; yield its descriptor and whether it can."""
    direct = True
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_DIRECT)
    except OSError:
        direct = False
        descriptor = os.open(name, os.O_RDWR)
    try:
        yield descriptor, direct
    finally:
        os.close(descriptor)


def _per_request(descriptor: int, *, write: bool, direct: bool) -> int:
    """Return the mean time of a request, in ns, of as many as are worth the time."""
    places = random.Random(int(write))
    taken = requests = 0
    with mmap.mmap(-1, PAGE_SIZE) as page:  # at the start of a page, as O_DIRECT has it
        page[:] = places.randbytes(PAGE_SIZE)
        while requests < _FEWEST_REQUESTS or (requests < _MOST_REQUESTS and taken < _DEVICE_NS):
            at = places.randrange(_FILE_BYTES // PAGE_SIZE) * PAGE_SIZE
            if not direct:
                os.posix_fadvise(descriptor, at, PAGE_SIZE, os.POSIX_FADV_DONTNEED)
            started = perf_counter_ns()
            if write:
                os.pwritev(descriptor, [page], at)
                if not direct:
                    os.fdatasync(descriptor)
            else:
                os.preadv(descriptor, [page], at)
            taken += perf_counter_ns() - started
            requests += 1
    return round(taken / requests)
