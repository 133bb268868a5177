"""zstd by release: which library serves which kernels, and what is said where another one has to stand in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import zstandard
from backports import zstd as backports_zstd

from zswap_replay.codec import zstd as codec_zstd
from zswap_replay.codec.base import get_codec, lengths_key
from zswap_replay.codec.lengths_file import read_lengths, write_lengths
from zswap_replay.compare.comparable import Contrast, obstacles
from zswap_replay.mm.releases import RELEASES
from zswap_replay.payload.recipe import load_recipe
from zswap_replay.payload.source import GeneratedPages
from zswap_replay.replay.annotate import annotate
from zswap_replay.replay.length_memo import LengthMemo
from zswap_replay.replay.loop import replay
from zswap_replay.result.manifest import Manifest
from zswap_replay.result.result import Result
from zswap_replay.settings import Settings
from zswap_replay.sweep.grid import Option
from zswap_replay.sweep.run import sweep
from zswap_replay.trace.builder import TraceBuilder

UP_TO_6_12 = ("6.6", "patch-v4", "6.8", "6.12")
SOURCE = GeneratedPages(load_recipe("default"), 0)
PAGES = [SOURCE.page(content) for content in range(200)]


def lengths(spec: str, kernel: str) -> list[int]:
    codec = get_codec(spec, kernel)
    return [len(codec.compress(page) or b"") for page in PAGES]


def trace_in(folder: Path) -> str:
    path = folder / "trace.parquet"
    TraceBuilder().write("/a", 0, count=80).pageout("/a", 0, count=80).save(path)
    return str(path)


def stored_bytes(result: Result) -> int:
    return result.memcg["/a"]["memory.zswap.current"]


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Pretends that packages hold another zstd, or that backports.zstd is not installed."""

    def pretend(*, in_zstandard: tuple[int, int, int] | None = None, in_backports: Any = ...) -> None:
        if in_zstandard is not None:
            # what the codec looks at is the number alone: lengths stay those of the library that is here
            fake = SimpleNamespace(**{name: getattr(zstandard, name) for name in _USED})
            fake.ZSTD_VERSION = in_zstandard
            monkeypatch.setattr(codec_zstd, "zstandard", fake)
        if in_backports is None:
            monkeypatch.setitem(sys.modules, "backports.zstd", None)
            monkeypatch.delattr("backports.zstd")
        elif in_backports is not ...:
            monkeypatch.setattr(backports_zstd, "zstd_version_info", in_backports)

    return pretend


_USED = ("ZstdCompressionParameters", "ZstdCompressor", "ZstdDecompressor", "ZstdError", "__version__")


def test_each_release_has_its_way() -> None:
    assert dict.fromkeys(UP_TO_6_12, "1.5.6") == {name: RELEASES[name].zstd for name in UP_TO_6_12}
    assert "1.5.7" == RELEASES["6.18"].zstd
    assert {"zstandard": zstandard.__version__, "zstd": "1.5.6"} == get_codec("zstd", "6.12").versions()
    assert {
        "backports.zstd": version("backports.zstd"),
        "zstd_page_size": "1.5.7",
    } == get_codec("zstd", "6.18").versions()
    assert [None, None] == [get_codec("zstd", kernel).deviation() for kernel in ("6.12", "6.18")]


def test_both_ways_work_side_by_side() -> None:
    old, new = get_codec("zstd", "6.12"), get_codec("zstd", "6.18")
    differs = 0
    for page in PAGES:
        one, other = old.compress(page), new.compress(page)
        if one is not None and other is not None:
            assert page == old.decompress(other) == new.decompress(one)
            differs += len(one) != len(other)
    assert differs > 30


@pytest.mark.parametrize("level", [1, 3, 19])
def test_6_15_and_6_16_ask_the_newer_library_as_kernels_before_them_do(level: int) -> None:
    between = get_codec(f"zstd:{level}", "6.16")
    assert {"backports.zstd": version("backports.zstd"), "zstd_1_5_7": "1.5.7"} == between.versions()
    assert between.deviation() is None
    spec = f"zstd:{level}"
    old, here, new = (lengths(spec, kernel) for kernel in ("6.14", "6.15", "6.17"))
    assert max(abs(one - other) for one, other in zip(old, here, strict=True)) <= 10
    assert level == 19 or here != new  # at level 19 the size changes no length of these
    for page in PAGES:
        stored = between.compress(page)
        assert stored is None or page == between.decompress(stored)


@pytest.mark.parametrize("level", [1, 3, 19])
def test_a_known_size_is_what_the_one_call_of_the_library_gives(level: int) -> None:
    expected = [len(backports_zstd.compress(page, level)) for page in PAGES]
    assert [length if length <= 4096 else 0 for length in expected] == lengths(f"zstd:{level}", "6.18")


def test_kernels_with_equal_lengths_share_a_key() -> None:
    assert {"zstd of 1.5.6"} == {lengths_key("zstd", kernel) for kernel in UP_TO_6_12}
    assert "zstd:1 of 1.5.7" == lengths_key("zstd:1", "6.18")
    assert {"lz4:8"} == {lengths_key("lz4:8", kernel) for kernel in RELEASES}


def test_without_backports_zstandard_asks_for_the_size_of_a_page(packages: Callable[..., None]) -> None:
    packages(in_backports=None)
    codec = get_codec("zstd", "6.18")
    assert {"zstandard": zstandard.__version__, "zstd_page_size": "1.5.6"} == codec.versions()
    assert "zstd 1.5.6 in place of 1.5.7 (pip install backports.zstd)" == codec.deviation()
    assert len(codec.compress(PAGES[0]) or b"") > 0


def test_zstandard_with_1_5_7_serves_new_kernels_alone(packages: Callable[..., None]) -> None:
    packages(in_zstandard=(1, 5, 7), in_backports=None)
    assert "1.5.7" == get_codec("zstd", "6.18").versions()["zstd_page_size"]
    assert get_codec("zstd", "6.18").deviation() is None
    assert "zstd 1.5.7 in place of 1.5.6 (pip install zstandard==0.23.0)" == get_codec("zstd").deviation()


def test_the_package_whose_zstd_is_the_kernels_is_taken(packages: Callable[..., None]) -> None:
    packages(in_zstandard=(1, 5, 7), in_backports=(1, 6, 0))
    assert {"zstandard": zstandard.__version__, "zstd_page_size": "1.5.7"} == get_codec(
        "zstd", "6.18"
    ).versions()
    packages(in_zstandard=(1, 5, 6))
    assert (
        "zstd 1.6.0 in place of 1.5.7 (pip install backports.zstd)" == get_codec("zstd", "6.18").deviation()
    )


def test_zstds_before_1_5_6_are_as_good(packages: Callable[..., None]) -> None:
    packages(in_zstandard=(1, 5, 5))
    assert get_codec("zstd").deviation() is None
    packages(in_zstandard=(1, 5, 1))
    assert "zstd 1.5.1 in place of 1.5.6 (pip install zstandard==0.23.0)" == get_codec("zstd").deviation()


def test_a_replay_says_which_lengths_are_not_the_kernels(
    tmp_path: Path, packages: Callable[..., None]
) -> None:
    trace = trace_in(tmp_path)
    good = replay(trace, kernel="6.18")
    assert (0, ()) == (len(good.manifest.lengths), good.warnings)
    assert "lengths" not in good.manifest.as_json()
    packages(in_backports=None)

    result = replay(trace, kernel="6.18")

    why = "zstd 1.5.6 in place of 1.5.7 (pip install backports.zstd)"
    assert {"zstd": f"not the kernel's: {why}"} == result.manifest.lengths
    assert (f"zstd: lengths are not the kernel's: {why}",) == result.warnings
    assert result.manifest == Manifest.from_json(result.manifest.as_json())
    assert () == replay(trace, kernel="6.12").warnings
    assert () == replay(trace, kernel="6.18", compressor="lz4").warnings


def test_results_of_two_kernels_compare_and_those_of_two_zstds_do_not(
    tmp_path: Path, packages: Callable[..., None]
) -> None:
    trace = trace_in(tmp_path)
    old, new = (replay(trace, kernel=kernel).manifest for kernel in ("6.12", "6.18"))
    packages(in_backports=None)
    fallen_back = replay(trace, kernel="6.18").manifest

    assert () == obstacles([old, new])
    assert (Contrast("zstd_page_size", ("1.5.7", "1.5.6")),) == obstacles([new, fallen_back])


def test_a_memo_keeps_the_lengths_of_two_kernels_apart(tmp_path: Path) -> None:
    trace, memo = trace_in(tmp_path), LengthMemo()
    alone = {kernel: stored_bytes(replay(trace, kernel=kernel)) for kernel in ("6.12", "6.18")}
    assert alone["6.12"] != alone["6.18"]
    shared = {kernel: stored_bytes(replay(trace, kernel=kernel, memo=memo)) for kernel in alone}
    ahead = {kernel: stored_bytes(replay(trace, kernel=kernel, memo=memo, jobs=1)) for kernel in alone}
    assert alone == shared == ahead
    assert ["zstd of 1.5.6", "zstd of 1.5.7"] == sorted(memo.sizes())


def test_a_sweep_over_kernels_counts_what_each_one_counts(tmp_path: Path) -> None:
    trace, kernels = trace_in(tmp_path), ("6.8", "6.12", "6.18")
    alone = [stored_bytes(replay(trace, kernel=kernel)) for kernel in kernels]
    assert 3 > len(set(alone)) > 1

    found = sweep(trace, [Option("kernel", kernels, kernels)], jobs=1)

    assert alone == [row["/a:memory.zswap.current"] for row in found.rows]
    versions = found.manifest["versions"]
    assert isinstance(versions, dict)
    assert ("1.5.6", "1.5.7") == (versions["zstd"], versions["zstd_page_size"])


def test_annotated_lengths_are_those_of_the_release(tmp_path: Path) -> None:
    trace = trace_in(tmp_path)
    for kernel in ("6.12", "6.18"):
        path = tmp_path / f"lengths-{kernel}.parquet"
        annotate(trace, path, Settings(kernel=kernel), ["zstd", "lz4"])
        result = replay(trace, kernel=kernel, lengths=str(path))
        assert (stored_bytes(replay(trace, kernel=kernel)), ()) == (stored_bytes(result), result.warnings)

    path = tmp_path / "lengths-6.18.parquet"
    result = replay(trace, kernel="6.8", lengths=str(path))

    why = f"{path} was made for 6.18 (trace annotate --kernel 6.8)"
    assert {"zstd": f"not the kernel's: {why}"} == result.manifest.lengths
    assert (f"zstd: lengths are not the kernel's: {why}",) == result.warnings
    assert () == replay(trace, kernel="6.8", compressor="lz4", lengths=str(path)).warnings


def test_a_file_that_does_not_name_its_kernel_is_taken_as_it_is(tmp_path: Path) -> None:
    path, content, length = tmp_path / "l.parquet", np.arange(3, dtype=np.uint64), np.full(3, 9, np.int32)
    for kernel, said in ((None, None), ("7.99", None), ("6.6", None), ("6.18", "was made for 6.18")):
        write_lengths(path, content, length, kernel=kernel)
        known = read_lengths(path)
        assert kernel == known.kernel
        found = known.deviation("zstd", "6.12")
        assert (found is None) if said is None else (said in str(found))
        assert known.deviation("842", "6.12") is None
