from __future__ import annotations

import re
import subprocess
import sys

import pytest

from zswap_replay.codec.base import KNOWN_CODECS, get_codec, parse_spec
from zswap_replay.errors import CodecError


@pytest.mark.parametrize(
    ("canonical", "spec"),
    [
        ("zstd", "zstd"),
        ("zstd", "zstd:3"),
        ("zstd:1", "zstd:1"),
        ("zstd:22", "zstd:22"),
        ("lz4", "lz4:1"),
        ("lz4:8", "lz4:08"),
        ("lz4hc", "lz4hc:9"),
        ("lz4hc:12", "lz4hc:12"),
        ("deflate", "deflate:6"),
        ("deflate:9", "deflate:9"),
        ("lzo", "lzo"),
        ("lzo-rle", "lzo-rle"),
    ],
)
def test_a_spec_has_one_canonical_name(canonical: str, spec: str) -> None:
    assert canonical == parse_spec(spec)
    assert canonical == parse_spec(canonical)


@pytest.mark.parametrize(
    ("said", "spec"),
    [
        (
            "no compressor '842'; known are zstd, lz4, lz4hc, deflate, lzo, lzo-rle; any other is replayed by its "
            "lengths alone: -c 842 --lengths FILE",
            "842",
        ),
        ("no compressor ''", ""),
        ("no compressor 'ZSTD'", "ZSTD"),
        ("found 'zstd,lz4'; expected one compressor, each of several by itself", "zstd,lz4"),
        ("found 'zstd:3, lzo:1'; expected one compressor", "zstd:3, lzo:1"),
        ("zstd:0: the level of zstd is a number from 1 to 22", "zstd:0"),
        ("zstd:23: the level of zstd", "zstd:23"),
        ("zstd:: the level of zstd", "zstd:"),
        ("zstd:-1: the level of zstd", "zstd:-1"),
        ("zstd:³: the level of zstd", "zstd:³"),
        ("zstd:3:4: the level of zstd", "zstd:3:4"),
        ("lz4:0: the acceleration of lz4 is a number from 1 to 65537", "lz4:0"),
        ("lz4hc:13: the level of lz4hc is a number from 3 to 12", "lz4hc:13"),
        ("deflate:0: the level of deflate is a number from 1 to 9", "deflate:0"),
        ("lzo:1: lzo takes no level", "lzo:1"),
        ("lzo-rle:1: lzo-rle takes no level", "lzo-rle:1"),
    ],
)
def test_a_bad_spec_is_refused(said: str, spec: str) -> None:
    for function in (parse_spec, get_codec):
        with pytest.raises(CodecError, match=re.escape(said)):
            function(spec)


@pytest.mark.parametrize("spec", ["zstd", "zstd:1", "lz4", "lz4:8", "lz4hc", "deflate:9", "lzo", "lzo-rle"])
def test_a_codec_knows_its_names(spec: str) -> None:
    codec = get_codec(spec)
    assert (spec, spec.partition(":")[0]) == (codec.name, codec.kernel_name)
    assert codec.kernel_name in KNOWN_CODECS


def test_versions_name_what_decides_the_lengths() -> None:
    import lz4
    import zstandard

    assert {"zstandard": zstandard.__version__, "zstd": "1.5.6"} == get_codec("zstd").versions()
    mine = {"lz4": "lib/lz4, revision 2", "liblz4": lz4.library_version_string()}
    assert mine == get_codec("lz4").versions() == get_codec("lz4hc").versions()
    assert {"lzo": "lib/lzo, revision 1"} == get_codec("lzo").versions() == get_codec("lzo-rle").versions()
    assert ["zlib"] == list(get_codec("deflate").versions())


@pytest.mark.parametrize("name", ["ZSTD", "", "a b", "x" * 40, "-c"])
def test_what_no_kernel_calls_a_compressor_is_not_offered_by_its_lengths(name: str) -> None:
    with pytest.raises(CodecError, match=r"lzo-rle$"):
        parse_spec(name)


def test_parsing_a_spec_imports_no_library() -> None:
    script = (
        "import sys; from zswap_replay.codec.base import parse_spec; parse_spec('zstd:1'); parse_spec('lz4');"
        "print(*sorted({'zstandard', 'lz4', 'numpy', 'pyarrow', 'ctypes'} & set(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout
    assert printed == "\n"
