"""A file of all lengths serves every replay of its trace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from zswap_replay.codec.base import get_codec
from zswap_replay.errors import CodecError, SettingsError
from zswap_replay.payload.recipe import load_recipe
from zswap_replay.payload.source import GeneratedPages
from zswap_replay.replay.annotate import annotate
from zswap_replay.settings import Settings
from zswap_replay.trace.builder import TraceBuilder

LZ4 = Settings(compressor="lz4")


def story(tmp_path: Path) -> str:
    builder = TraceBuilder().write("/a", 0, count=200).write("/a", 3, count=50).read("/b", 9, count=40)
    builder.discard("/a", 0, count=10).read("/a", 0, count=20).write("/b", 0, content=77).settle()
    path = tmp_path / "story.parquet"
    builder.save(path)
    return str(path)


def test_the_file_has_what_the_codec_says_and_which_word_fills_a_page(tmp_path: Path) -> None:
    target = tmp_path / "lengths.parquet"
    found = annotate(story(tmp_path), target, LZ4, ["lz4", "zstd:3", "zstd"])
    rows = pq.read_table(target).to_pylist()
    assert (2, 2 * found.contents) == (found.compressors, len(rows))
    # versions 0 and 1 of pages of /a that were written once or twice, pages of /b, and one that the trace names;
    # of the ten pages that were freed and touched again, version 0
    assert 200 + 50 + 40 + 1 + 10 == found.contents
    source = GeneratedPages(load_recipe("default"), 0)
    codecs = {name: get_codec(name) for name in ("lz4", "zstd")}
    for row in rows:
        data = codecs[row["compressor"]].compress(source.page(row["content"]))
        assert (0 if data is None else len(data), source.same_filled(row["content"])) == (
            row["length"],
            row["fill"],
        )
    assert any(row["fill"] is not None for row in rows)


def test_any_number_of_jobs_writes_the_same_bytes(tmp_path: Path) -> None:
    trace, files = story(tmp_path), [tmp_path / "one", tmp_path / "two"]
    for jobs, target in enumerate(files, 1):
        annotate(trace, target, LZ4, ["lz4", "zstd"], jobs=jobs)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_what_cannot_be_annotated_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "lengths.parquet"
    with pytest.raises(CodecError, match="no compressor 'lzma'"):
        annotate(story(tmp_path), target, LZ4, ["lzma"])
    trace = str(tmp_path / "story.parquet")
    annotate(trace, target, LZ4, ["lz4"])
    with pytest.raises(SettingsError, match="nothing to annotate"):
        annotate(trace, tmp_path / "again", replace(LZ4, lengths=str(target)), ["lz4"])
    assert not (tmp_path / "again").exists()


def test_pages_that_were_never_touched_are_passed_over(tmp_path: Path) -> None:
    """Contents that are told by a pageout are those of pages that are there."""
    trace = (
        TraceBuilder().write("/a", 1 << 31, content=5).row(event="discard", memcg="/a", page=9, count=1 << 30)
    )
    trace.row(event="pageout", memcg="/a", page=(1 << 31) - 6, count=(1 << 32) - 1, content=10).save(
        tmp_path / "t"
    )
    annotate(str(tmp_path / "t"), tmp_path / "lengths", LZ4, ["lz4"])
    assert {5, 16} == set(pq.read_table(tmp_path / "lengths").column("content").to_pylist())
