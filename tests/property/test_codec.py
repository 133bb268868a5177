from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswap_replay.codec.base import get_codec, parse_spec
from zswap_replay.codec.lengths_file import read_lengths, write_lengths
from zswap_replay.units import PAGE_SIZE

SPECS = ("zstd", "zstd:1", "lz4", "lz4:8", "lz4hc", "deflate")
CODECS = {spec: get_codec(spec) for spec in SPECS}


@st.composite
def pages(draw: st.DrawFn) -> bytes:
    """Pages between one repeated piece and noise: pieces of all lengths, some of them repeated."""
    pieces = draw(st.lists(st.tuples(st.binary(min_size=1, max_size=64), st.integers(1, 200)), min_size=1))
    noise = draw(st.randoms(use_true_random=False)).randbytes(draw(st.integers(0, PAGE_SIZE)))
    page = (noise + b"".join(piece * times for piece, times in pieces))[:PAGE_SIZE]
    return page + bytes(PAGE_SIZE - len(page))


@pytest.mark.parametrize("spec", SPECS)
@given(page=pages())
def test_a_page_comes_back_or_is_refused(spec: str, page: bytes) -> None:
    codec = CODECS[spec]
    data = codec.compress(page)
    if data is not None:
        assert 1 <= len(data) <= PAGE_SIZE
        assert page == codec.decompress(data)


@given(st.sampled_from(["zstd", "lz4", "lz4hc", "deflate"]), st.integers(3, 9))
def test_the_canonical_spec_names_the_same_compressor(name: str, level: int) -> None:
    canonical = parse_spec(f"{name}:{level}")
    assert canonical == parse_spec(canonical) == get_codec(f"{name}:{level}").name
    assert canonical in (name, f"{name}:{level}")


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["lz4", "zstd", "842"]), st.integers(0, (1 << 64) - 1)),
        st.tuples(st.integers(0, PAGE_SIZE), st.none() | st.integers(0, (1 << 64) - 1)),
        min_size=1,
        max_size=40,
    )
)
def test_lengths_come_back_from_a_file(known: dict[tuple[str, int], tuple[int, int | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lengths.parquet")
        write_lengths(
            path,
            np.array([content for _, content in known], np.uint64),
            np.array([length for length, _ in known.values()], np.int32),
            [fill for _, fill in known.values()],
            [compressor for compressor, _ in known],
        )
        read = read_lengths(path)
    found = {
        (compressor, content): (length, kind)
        for compressor, table in read.tables.items()
        for content, length, kind in zip(
            table.content.tolist(), table.length.tolist(), table.kind.tolist(), strict=True
        )
    }
    expected = {
        key: (length, 0 if fill is None else 1 if fill == 0 else 2) for key, (length, fill) in known.items()
    }
    assert expected == found
