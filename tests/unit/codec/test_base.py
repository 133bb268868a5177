from __future__ import annotations

import ctypes
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
    ],
)
def test_a_spec_has_one_canonical_name(canonical: str, spec: str) -> None:
    assert canonical == parse_spec(spec)
    assert canonical == parse_spec(canonical)


@pytest.mark.parametrize(
    ("said", "spec"),
    [
        ("no compressor 'snappy'; known are zstd, lz4, lz4hc, deflate, lzo", "snappy"),
        ("no compressor ''", ""),
        ("no compressor 'ZSTD'", "ZSTD"),
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
    ],
)
def test_a_bad_spec_is_refused(said: str, spec: str) -> None:
    for function in (parse_spec, get_codec):
        with pytest.raises(CodecError, match=re.escape(said)):
            function(spec)


@pytest.mark.parametrize("spec", ["zstd", "zstd:1", "lz4", "lz4:8", "lz4hc", "deflate:9"])
def test_a_codec_knows_its_names(spec: str) -> None:
    codec = get_codec(spec)
    assert (spec, spec.partition(":")[0]) == (codec.name, codec.kernel_name)
    assert codec.kernel_name in KNOWN_CODECS


def test_versions_name_package_and_library() -> None:
    import lz4
    import zstandard

    assert {"zstandard": zstandard.__version__, "zstd": "1.5.6"} == get_codec("zstd").versions()
    assert {"lz4": lz4.__version__, "liblz4": lz4.library_version_string()} == get_codec("lz4").versions()
    assert ["zlib"] == list(get_codec("deflate").versions())


def test_lzo_without_its_library_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(CodecError, match=r"^lzo needs liblzo2\.so\.2: on Debian, apt-get install liblzo2-2$"):
        get_codec("lzo")


def test_parsing_a_spec_imports_no_library() -> None:
    script = (
        "import sys; from zswap_replay.codec.base import parse_spec; parse_spec('zstd:1'); parse_spec('lz4');"
        "print(*sorted({'zstandard', 'lz4', 'numpy', 'pyarrow', 'ctypes'} & set(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout
    assert printed == "\n"
