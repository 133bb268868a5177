"""Contents of a trace get the lengths of measured memory: by address, drawn, or those of the recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.memories import PAGE, Load, core, pages, write
from zswap_replay.codec.length_table import LengthTable
from zswap_replay.codec.lengths_file import read_lengths, write_lengths, write_tables
from zswap_replay.errors import CodecError, SettingsError
from zswap_replay.memory import lengths
from zswap_replay.memory.files import sources_at
from zswap_replay.memory.measure import measure
from zswap_replay.replay.annotate_from import AnnotatedFrom, Donor, annotate_from
from zswap_replay.replay.loop import replay
from zswap_replay.settings import Settings
from zswap_replay.trace.builder import TraceBuilder

BASE = 0x7F0000
"""Number of the first page that the core has."""


def measured(folder: Path, name: str, data: bytes, *specs: str, kernel: str = "6.12") -> str:
    found = measure(
        sources_at(write(folder / f"{name}.in", data), pytest.fail),
        specs,
        kernel=kernel,
        notes=pytest.fail,
        progress=lambda *_told: None,
    )
    path = str(folder / f"{name}.lengths.parquet")
    lengths.write(path, found)
    return path


@pytest.fixture
def dump(tmp_path: Path) -> str:
    """Of 60 pages at their addresses."""
    return measured(tmp_path, "core", core([Load(BASE * PAGE, b"".join(pages(60)))]), "lz4", "zstd")


@pytest.fixture
def image(tmp_path: Path) -> str:
    """Of ten same-filled pages, so that what is drawn of it can be told."""
    return measured(tmp_path, "image", (b"\1" * PAGE) * 10, "zstd", "lz4")


@pytest.fixture
def trace(tmp_path: Path) -> str:
    """Pages of /web at addresses that the core has and at others, of a child of it, of /db and of the root."""
    builder = (
        TraceBuilder().write("/web", BASE, count=60).write("/web", BASE, count=6).write("/web", 5, count=300)
    )
    builder.write("/web/child", BASE + 2).write("/db", BASE, count=40).write("/", 1, count=20)
    builder.pageout("/web", BASE, count=60).pageout("/web", 5, count=300)
    path = str(tmp_path / "trace.parquet")
    builder.save(path)
    return path


def annotated(trace: str, output: Path, *donors: tuple[str, str], **options: Any) -> AnnotatedFrom:
    compressors = options.pop("compressors", ())
    return annotate_from(
        trace,
        output,
        [Donor(file, memcg) for file, memcg in donors],
        Settings(),
        compressors,
        notes=pytest.fail,
        **options,
    )


def test_by_address_else_drawn_and_of_a_memcg_without_a_file_by_the_recipe(
    trace: str, dump: str, image: str, tmp_path: Path
) -> None:
    target = tmp_path / "T.lengths.parquet"
    found = annotated(trace, target, (dump, "/web"), (image, "/db"))
    # of /web both versions of six pages, and the page of its child
    assert (60 + 6 + 1, 300 + 40, 20) == (found.by_address, found.drawn, found.made)
    assert (("lz4", "zstd"), "6.12", 427) == (found.compressors, found.kernel, found.contents)
    known = read_lengths(dump)
    written = {name: read_lengths(target).for_compressor(name) for name in ("lz4", "zstd")}
    # lengths under two compressors are of one page, also where it was drawn
    pairs = set(zip(*(known.for_compressor(name).length.tolist() for name in ("lz4", "zstd")), strict=True))
    both = list(zip(*(table.length.tolist() for table in written.values()), strict=True))
    assert sum(pair in pairs for pair in both) >= 60 + 6 + 1 + 300
    assert 40 <= np.count_nonzero(written["lz4"].kind == 2)


def test_pages_have_the_lengths_of_their_addresses(dump: str, tmp_path: Path) -> None:
    trace, target = str(tmp_path / "t.parquet"), tmp_path / "l.parquet"
    TraceBuilder().write("/a", BASE, count=60, content=500).save(trace)
    assert (60, 0, 0) == (lambda found: (found.by_address, found.drawn, found.made))(
        annotated(trace, target, (dump, "/"))
    )
    wanted, got = (read_lengths(file).for_compressor("zstd") for file in (dump, target))
    assert list(range(500, 560)) == got.content.tolist()
    assert wanted.length.tolist() == got.length.tolist()
    assert wanted.kind.tolist() == got.kind.tolist()


def test_equal_inputs_give_equal_bytes_and_a_replay_needs_no_codec(
    trace: str, dump: str, tmp_path: Path
) -> None:
    files = [tmp_path / "one", tmp_path / "two"]
    for file in files:
        annotated(trace, file, (dump, "/"))
    assert files[0].read_bytes() == files[1].read_bytes()
    result = replay(trace, Settings(compressor="lz4", lengths=str(files[0]), kernel="6.12"))
    table = read_lengths(files[0]).for_compressor("lz4")
    assert result.end.vmstat["zswpout"] > 0
    assert result.end.replay["compressed_bytes"] < int(table.length.sum())


def test_what_is_drawn_has_the_distribution_of_the_file(tmp_path: Path) -> None:
    trace, donor = str(tmp_path / "t.parquet"), str(tmp_path / "donor.parquet")
    TraceBuilder().write("/a", 0, count=4000).save(trace)
    write_lengths(donor, np.arange(4, dtype=np.uint64), np.array([100, 200, 300, 300], np.int32))
    annotated(trace, tmp_path / "l", (donor, "/a"), compressors=["842"])
    found = read_lengths(tmp_path / "l").for_compressor("842").length
    assert {100, 200, 300} == set(found.tolist())
    assert pytest.approx(1000, abs=110) == np.count_nonzero(found == 100)
    assert pytest.approx(2000, abs=130) == np.count_nonzero(found == 300)


def lengths_of(folder: Path, name: str, compressor: str | None) -> str:
    path = str(folder / name)
    write_lengths(
        path,
        np.arange(2, dtype=np.uint64),
        np.array([100, 200], np.int32),
        compressor=None if compressor is None else [compressor] * 2,
    )
    return path


def test_what_does_not_fit_is_refused_in_one_line(trace: str, dump: str, tmp_path: Path) -> None:
    other, bare = lengths_of(tmp_path, "deflate", "deflate"), lengths_of(tmp_path, "bare", None)
    newer = measured(tmp_path, "newer", pages(3)[2], "zstd", kernel="7.1")
    none_named = "found no compressor that each of them names; expected one, or -c for files that name none"
    no_lz4, no_page = (
        "found no lengths of lz4; expected one of deflate",
        "no page of the trace gets its lengths",
    )
    old_zstd = "found lengths of zstd as 7.1 has them; expected those of 6.12 (memory measure --kernel 6.12)"
    cases: list[tuple[type[Exception], str, list[tuple[str, str]], dict[str, Any]]] = [
        (SettingsError, "--memcg 'web': expected a path from the root", [(dump, "web")], {}),
        (SettingsError, "--memcg '/web/': expected a path", [(dump, "/web/")], {}),
        (SettingsError, "--memcg /web is given twice", [(dump, "/web"), (dump, "/web")], {}),
        (SettingsError, f"--memcg /wbe: {no_page}; its memcgs are /, /db, /web", [(dump, "/wbe")], {}),
        (CodecError, none_named, [(dump, "/web"), (other, "/db")], {}),
        (CodecError, none_named, [(bare, "/")], {}),
        (CodecError, f"{other}: {no_lz4}", [(other, "/")], {"compressors": ["lz4"]}),
        (CodecError, f"{newer}: {old_zstd}", [(newer, "/")], {"kernel": "6.12"}),
        (CodecError, "cannot be read as Parquet", [(str(tmp_path / "gone"), "/")], {}),
    ]
    for kind, said, donors, options in cases:
        with pytest.raises(kind) as caught:
            annotated(trace, tmp_path / "l", *donors, **options)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "l").exists()


def test_a_table_of_lengths_is_written_as_it_is_read(tmp_path: Path) -> None:
    table = LengthTable(
        np.array([1, 2, 9], np.uint64), np.array([0, 30, 4096], np.int32), np.array([0, 1, 2], np.uint8)
    )
    write_tables(tmp_path / "l", {"lz4": table, "842": table}, "6.12", "{}")
    known = read_lengths(tmp_path / "l")
    assert ("6.12", "{}", {"lz4", "842"}) == (known.kernel, known.about, set(known.tables))
    assert [[1, 2, 9], [0, 30, 4096], [0, 1, 2]] == [
        values.tolist()
        for values in (known.tables["842"].content, known.tables["842"].length, known.tables["842"].kind)
    ]
