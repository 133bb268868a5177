"""The same counters come out when the lengths are the codec's own: pages made, compressed, kept and read back.

zstd, deflate, lz4hc, lzo and lzo-rle: every case of these compressors. lz4: the cases of the default release whose
pages are of the mixes below; the other kernels and cases write such pages with lz4 again, and are left to
test_releases.py. 842 cannot be run.

Where a length was recorded page by page it is compared alone, for every compressor; so is a sample of all pages that
cases store with our own compressors. The zstd of 6.18 is that of 7.1, by
source; what is recorded of 6.18 itself, pages of one repeated word, comes out alike by the zstd of either way.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.cases import Case, load_cases
from tests.conformance.check import first_difference
from tests.conformance.gen_payloads import payload
from tests.conformance.lengths import HELD, recorded, sampled
from zswap_replay.codec.base import get_codec
from zswap_replay.mm.releases import DEFAULT_RELEASE
from zswap_replay.units import PAGE_SIZE

LZ4_MIXES = {"half", "random", "zero", "same8", "same1"}
"""The mixes of the lz4 cases that are replayed with the codec."""


def _given(case: Case) -> bool:
    """Whether the codecs that the case uses give its lengths."""
    if not case.deterministic:
        return False
    if case.compressor == "lz4":
        return case.kernel == DEFAULT_RELEASE and {part.mix for part in case.payload} <= LZ4_MIXES
    return case.compressor in HELD


CASES = [pytest.param(case, id=case.id) for case in load_cases() if _given(case)]


def write_payload(case: Case, folder: Path) -> Path:
    """The pages of a case as a payload file, content id i at its i-th page; the last one is the zero page."""
    path = folder / "payload.bin"
    with path.open("wb") as file:
        for part in case.payload:
            assert file.tell() == part.first_content * 4096
            file.writelines(payload(part.mix, part.pages, part.seed))
        file.write(bytes(4096))
    return path


@pytest.mark.parametrize("case", CASES)
def test_lengths_and_counters_are_the_kernels_with_the_codec_itself(case: Case, tmp_path: Path) -> None:
    payload_file = write_payload(case, tmp_path)
    pages = payload_file.read_bytes()
    codec = get_codec(case.compressor, case.kernel)
    known = {
        row["content"]: row["length"]
        for row in case.lengths().to_pylist()
        if row["fill"] is None and row.get("compressor") in (None, case.compressor)
    }

    given = {
        content: len(codec.compress(pages[content * 4096 : (content + 1) * 4096]) or b"") for content in known
    }
    difference = first_difference(case, case.write_trace(tmp_path), case.settings(payload_file=payload_file))

    assert known == given
    assert difference is None, f"{case.id}: {difference}"


@pytest.mark.parametrize("compressor", HELD)
def test_lengths_of_single_pages_are_the_kernels(compressor: str) -> None:
    seen = 0
    for kernel, page, length in recorded(compressor):
        found = len(get_codec(compressor, kernel).compress(page) or b"") % PAGE_SIZE
        assert length == found, f"{kernel}: page {seen}"
        seen += 1
    assert seen >= 320, (
        f"{compressor}: {seen} lengths in recorded/; expected those of a kernel, of 320 pages or more"
    )


@pytest.mark.parametrize(
    ("compressor", "pages"), [("lz4", 2500), ("lz4hc", 40), ("lzo", 200), ("lzo-rle", 40)]
)
def test_our_own_compressors_give_the_lengths_of_all_cases(compressor: str, pages: int) -> None:
    codec = get_codec(compressor)
    seen = 0
    for case, page, length in sampled(compressor):
        data = codec.compress(page)
        assert length % PAGE_SIZE == (0 if data is None else len(data) % PAGE_SIZE), f"{case}: page {seen}"
        assert data is None or page == codec.decompress(data), f"{case}: page {seen}"
        seen += 1
    assert seen >= pages


def test_the_zstd_of_older_kernels_would_be_noticed() -> None:
    older = [
        (len(get_codec("zstd", "6.12").compress(page) or b""), length)
        for kernel, page, length in recorded("zstd")
        if kernel == "7.1"
    ]
    assert 360 == len(older)
    assert (75, 75) == (sum(found % PAGE_SIZE != length for found, length in older), _most_off(older))


def _most_off(pairs: list[tuple[int, int]]) -> int:
    return max(abs(found - length) for found, length in pairs)
