from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.memories import PAGE, Load, core, pages, process_with, write
from zswap_replay.codec.base import get_codec
from zswap_replay.codec.lengths_file import read_lengths
from zswap_replay.errors import CodecError, MemorySourceError, SettingsError
from zswap_replay.lib.length_index import NORMAL
from zswap_replay.memory import lengths
from zswap_replay.memory.files import sources_at
from zswap_replay.memory.measure import measure, parse_sample
from zswap_replay.memory.measurement import Measurement, compressor_figures, pool_pages
from zswap_replay.memory.process import process, stopped
from zswap_replay.memory.source import SOURCE_SHIFT, Source
from zswap_replay.mm.zsmalloc import ZsPool

SPECS = ("zstd", "lz4")


def measured(*sources: Source, **options: Any) -> Measurement:
    chosen: dict[str, Any] = {
        "kernel": "6.12",
        "notes": pytest.fail,
        "progress": lambda *_told: None,
    } | options
    return measure(sources, chosen.pop("compressors", SPECS), **chosen)


def of_file(path: str, **options: Any) -> Measurement:
    return measured(*sources_at(path, pytest.fail), **options)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """600 pages: more than two chunks."""
    return write(tmp_path_factory.mktemp("memory") / "image", b"".join(pages(600)))


@pytest.fixture(scope="module")
def whole(image: str) -> Measurement:
    return of_file(image)


def test_pages_are_told_apart_and_lengths_are_the_codecs(whole: Measurement) -> None:
    figures = whole.figures()
    assert (600, 100, 100, 400) == (figures.pages, figures.zero, figures.same_filled, figures.other)
    codec = get_codec("zstd", "6.12")
    expected = [len(codec.compress(page) or b"") for page in pages(600)]
    assert [expected[place] for place in range(600) if whole.kind[place] == NORMAL] == whole.normal(
        "zstd"
    ).tolist()
    zstd, lz4 = figures.compressors
    assert (300, 100, 100) == (zstd.stored, zstd.incompressible, zstd.above_limit)
    assert zstd.length_bytes == sum(length * count for length, count in zstd.histogram.items())
    assert lz4.ratio is not None
    assert zstd.ratio is not None
    assert lz4.ratio < zstd.ratio
    assert min(zstd.compress_ns or 0, zstd.decompress_ns or 0) > 0
    assert 99 == figures.duplicates
    assert (100, 1) == (whole.twins, whole.twin_groups)
    assert {3: 300, 7: 100} == {each.least: each.pages for each in figures.entropy}


def test_the_ratio_is_of_whole_pages_of_zsmalloc(whole: Measurement) -> None:
    pool = ZsPool()
    stored = [length for length in whole.normal("lz4").tolist() if length]
    for length in stored:
        pool.zpool_malloc(length)
    counts = np.bincount(stored, minlength=PAGE + 1)
    assert pool.zpool_get_total_pages() == pool_pages(counts)
    assert len(stored) / pool.zpool_get_total_pages() == whole.figures().compressors[1].ratio


def test_nothing_is_stored_of_noise_alone() -> None:
    figures = compressor_figures("lz4", np.zeros(5, np.int32))
    assert (0, 5, 5, None, None) == (
        figures.stored,
        figures.incompressible,
        figures.above_limit,
        figures.ratio,
        figures.length_ratio,
    )


def test_a_sample_is_the_same_pages_each_time_and_more_of_a_larger_share(
    image: str, whole: Measurement
) -> None:
    fourth, half = (of_file(image, sample=Fraction(1, part)) for part in (4, 2))
    assert set(fourth.content.tolist()) < set(half.content.tolist()) < set(range(600))
    assert 90 < fourth.content.size < 210
    assert np.array_equal(whole.length["lz4"][half.content.astype(int)], half.length["lz4"])
    figures, all_of_it = half.figures(), whole.figures()
    assert (600, "1/2") == (figures.population, figures.sample)
    for mine, exact in zip(figures.compressors, all_of_it.compressors, strict=True):
        assert mine.ratio_error is not None
        assert mine.ratio is not None
        assert exact.ratio is not None
        assert exact.ratio_error is None
        # whole pages of so few objects are a matter of one zspage more or less of each class
        assert abs(mine.ratio - exact.ratio) < 4 * mine.ratio_error + 0.1 * exact.ratio
    error = figures.share_error(figures.zero)
    assert error is not None
    assert abs(figures.share(figures.zero) - 1 / 6) < 4 * error
    assert all_of_it.share_error(1) is None


def test_the_error_of_a_sample_is_that_of_many_samples() -> None:
    """Drawn a thousand times, ratios spread as the error of one of them says."""
    r = np.random.default_rng(1)
    population = r.choice([500, 1200, 2000, 3100], 20_000, p=[0.1, 0.3, 0.4, 0.2]).astype(np.int32)
    found, errors = [], []
    for _ in range(200):
        mine = population[r.random(population.size) < 0.1]
        figures = compressor_figures("zstd", mine, population.size / mine.size, sampled=True)
        found.append(figures.ratio)
        errors.append(figures.ratio_error)
    assert pytest.approx(float(np.std(np.array(found, float))), rel=0.15) == float(
        np.mean(np.array(errors, float))
    )


@pytest.mark.parametrize(("text", "share"), [("1/16", "1/16"), ("0.25", "1/4"), ("5%", "1/20"), ("1", "1")])
def test_samples_are_parsed(text: str, share: str) -> None:
    assert Fraction(share) == parse_sample(text)


@pytest.mark.parametrize("text", ["0", "2", "-1/2", "1/0", "many", "", "%", "1/" + "9" * 99])
def test_samples_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is not a sample: expected a share such as 1/16"):
        parse_sample(text)


def test_sources_have_contents_of_their_own(image: str, tmp_path: Path) -> None:
    dump = write(tmp_path / "core", core([Load(5 * PAGE, b"".join(pages(6)))]))
    both = measured(*sources_at(image, pytest.fail), *sources_at(dump, pytest.fail))
    assert list(range(600)) + [(1 << SOURCE_SHIFT) + place for place in range(5, 11)] == both.content.tolist()
    assert ["raw file", "core dump"] == [source.kind for source in both.figures().sources]


def test_a_file_of_lengths_says_no_more_than_lengths(image: str, whole: Measurement, tmp_path: Path) -> None:
    path = str(tmp_path / "lengths.parquet")
    lengths.write(path, whole)
    known = read_lengths(path)
    assert "6.12" == known.kernel
    table = known.for_compressor("lz4")
    assert whole.content.tolist() == table.content.tolist()
    assert whole.length["lz4"].tolist() == table.length.tolist()
    assert [1, 2, 0] == table.kind[:3].tolist()
    assert 1 == len(set(table.length[1::6].tolist()))
    again = lengths.read(path)
    for mine, told in zip(whole.figures().compressors, again.figures().compressors, strict=True):
        assert mine == told
    assert whole.figures().entropy == again.figures().entropy
    assert image not in known.about if known.about else False


def test_a_blurred_file_has_rounded_lengths_alone(whole: Measurement, tmp_path: Path) -> None:
    path = str(tmp_path / "lengths.parquet")
    lengths.write(path, whole.blurred(256))
    blurred = lengths.read(path)
    assert {0} == {length % 256 for length in blurred.length["zstd"].tolist()}
    assert np.abs(blurred.normal("zstd") - whole.normal("zstd")).max() <= 128
    assert (whole.normal("zstd") == 0).tolist() == (blurred.normal("zstd") == 0).tolist()
    assert {4096} == set(whole.blurred(4096).normal("zstd").tolist()) - {0}
    assert 256 == blurred.blur


@pytest.fixture
def child(image: str) -> Iterator[int]:
    with process_with(image) as pid:
        yield pid


def memory_of(pid: int) -> list[tuple[int, bytes]]:
    """The anonymous mappings of a process as a core has them: address and bytes, by maps and mem alone."""
    found = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            parts = line.split()
            if parts[4] == "0" and parts[-1] not in ("[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]"):
                start, end = (int(each, 16) for each in parts[0].split("-"))
                memory.seek(start)
                found.append((start, memory.read(end - start)))
    return found


def test_a_process_its_core_and_its_image_have_the_same_figures(child: int, tmp_path: Path) -> None:
    with stopped(child, pytest.fail):
        live = measured(process(child))
        mappings = memory_of(child)
    assert "(python" in live.figures().sources[0].name
    dump = of_file(write(tmp_path / "core", core([Load(start, data) for start, data in mappings])))
    image = of_file(write(tmp_path / "image", b"".join(data for _, data in mappings)))
    figures = [each.figures() for each in (live, dump, image)]
    assert 1 == len({(each.same_filled, each.other, each.duplicates) for each in figures})
    for name in range(2):
        one, two, three = (each.compressors[name] for each in figures)
        assert one.stored > 300
        assert one.ratio == two.ratio == three.ratio
        assert one.histogram == two.histogram == three.histogram
    # what the process never wrote to is zero in a dump, and no page of its own
    never = set(dump.content.tolist()) - set(live.content.tolist())
    assert 64 <= len(never) == figures[1].zero - figures[0].zero
    at = np.searchsorted(dump.content, live.content)
    assert np.array_equal(dump.length["lz4"][at], live.length["lz4"])


def test_a_process_that_ends_is_measured_as_far_as_it_went(child: int) -> None:
    def kill(*_told: object) -> None:
        os.kill(child, signal.SIGKILL)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)

    found = measured(process(child), progress=kill)
    (source,) = found.figures().sources
    assert 256 == found.content.size
    assert f"process {child} (python" in source.incomplete
    assert "has ended before all of its memory was measured" in source.incomplete


def test_a_process_that_is_gone_before_it_is_measured_has_no_page(child: int) -> None:
    source = process(child)
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    with pytest.raises(MemorySourceError, match="has ended before all of its memory was measured"):
        measured(source)
    with pytest.raises(MemorySourceError, match="found no memory of its own"):
        process(child)


def test_a_process_goes_on_however_the_measurement_ends(child: int) -> None:
    def state() -> str:
        return Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0]

    def interrupted() -> None:
        with stopped(child, pytest.fail):
            assert "T" == state()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "T" != state()
    os.kill(child, signal.SIGSTOP)
    told: list[str] = []
    while state() != "T":
        pass
    with stopped(child, told.append):
        pass
    assert "T" == state()
    assert [f"process {child} is stopped already, and stays so"] == told
    with pytest.raises(MemorySourceError, match="is this one"), stopped(os.getpid(), pytest.fail):
        pass


def test_a_process_goes_on_when_the_one_that_stopped_it_is_killed(child: int) -> None:
    script = (
        "import os, sys; from zswap_replay.memory.process import stopped\n"
        f"with stopped({child}, print): os.kill(os.getpid(), 9)"
    )
    assert -9 == subprocess.run([sys.executable, "-c", script], check=False, timeout=30).returncode
    end = time.monotonic() + 10
    while Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0] == "T":
        assert time.monotonic() < end


def test_maps_that_cannot_be_read_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, *_mode: object) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(
        MemorySourceError, match="process 1: /proc/1/maps cannot be read: Permission denied; exp"
    ):
        process(1)


def test_no_such_process() -> None:
    with pytest.raises(MemorySourceError, match="process 4194305: found none of that id"):
        process((1 << 22) + 1)


def test_a_compressor_that_there_is_not() -> None:
    with pytest.raises(CodecError, match="no compressor 'snappy'"):
        measured(compressors=("snappy",))
