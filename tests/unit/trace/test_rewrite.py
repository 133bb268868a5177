from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from zswap_replay import replay
from zswap_replay.cli.trace import trace as command
from zswap_replay.errors import SettingsError, TraceError, ZswapReplayError
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.encoding import encoding_of
from zswap_replay.trace.filter import Selection, filter_trace
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.rewrite import rewrite
from zswap_replay.trace.write_trace import write_trace
from zswap_replay.trace.writer import TraceWriter, page_rows


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """300 rows with all kinds of columns; memcgs and knobs that only later rows name."""
    path = tmp_path / "small.parquet"
    rows = TraceBuilder().memcg_create("/a").read("/a", 1, count=3, node=1)
    for page in range(140):
        rows.write("/a", page, content=page).read(f"/a/{page // 50}", page)
    rows.memcg_set("/b", "memory.max", "1M").param("max_pool_percent", 5).settle().snapshot("mid")
    rows.worker("end").memcg_offline("/b")
    rows.save(path, TraceMetadata(totalram_pages=99, nodes=2, origin="by hand"))
    return path


@pytest.mark.parametrize("name", ["t.arrow", "t.parquet"])
@pytest.mark.parametrize(("rows", "codec"), [(60, None), (100, "lz4"), (1 << 20, "none")])
def test_rows_and_metadata_stay(name: str, rows: int, codec: str | None, small: Path, tmp_path: Path) -> None:
    out = tmp_path / name
    summary = rewrite(small, out, row_group_rows=rows, compression=codec)
    old, new = open_trace(small), open_trace(out)
    assert old.sha256() == new.sha256() == summary.sha256
    assert (old.metadata, old.num_rows, summary.bytes) == (new.metadata, summary.rows, out.stat().st_size)
    if name == "t.arrow":
        with pa.memory_map(str(out)) as source:
            file = pa.ipc.open_file(source)
            assert -(-old.num_rows // rows) == file.num_record_batches
            assert file.get_batch(0).num_rows == min(rows, old.num_rows)
    else:
        groups = pq.ParquetFile(out)
        assert -(-old.num_rows // rows) == groups.num_row_groups


def test_an_arrow_trace_replays_as_the_parquet_does(tmp_path: Path) -> None:
    rows = TraceBuilder(step_ns=1000).memcg_set("/a", "memory.max", 40 * 4096)
    for page in range(300):
        rows.write("/a", page % 70)
    rows.save(tmp_path / "t.parquet")
    rewrite(tmp_path / "t.parquet", tmp_path / "t.arrow", row_group_rows=100)
    was, now = (replay(tmp_path / f"t.{kind}", seed=1) for kind in ("parquet", "arrow"))
    assert was.counters["stored_pages"] > 0
    assert was.counters == now.counters


def test_a_bad_row_of_an_arrow_trace_is_named(tmp_path: Path) -> None:
    table = TraceBuilder().read("/a", 1).read("/a", 2).read("/a", 3, count=0).table()
    path = tmp_path / "t.arrow"
    with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_file(stream, table.schema) as file:
        file.write_table(table, max_chunksize=2)
    with pytest.raises(
        TraceError, match=r"t\.arrow: row group 1, row 2, column count: found 0; expected at least"
    ):
        open_trace(path).sha256()


def test_an_arrow_file_of_others_is_read(tmp_path: Path) -> None:
    plain: dict[str, list[object]] = {
        "event": ["read", "write"],
        "page": [1, 2],
        "memcg": ["/a", "/a"],
        "time_ns": [0, 1],
    }
    pa.feather.write_feather(pa.table(plain), tmp_path / "t.feather", compression="zstd")
    reader = open_trace(tmp_path / "t.feather")
    assert (2, 2) == (sum(map(len, reader.batches())), reader.page_events)


def test_damaged_arrow_is_an_error_and_no_crash(small: Path, tmp_path: Path) -> None:
    rewrite(small, tmp_path / "t.arrow", row_group_rows=100)
    whole = (tmp_path / "t.arrow").read_bytes()
    random_ = random.Random(7)
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole[: random_.choice((len(whole), random_.randrange(6, len(whole))))])
        damaged[random_.randrange(6, len(damaged))] ^= 1 << random_.randrange(8)
        (tmp_path / "d.arrow").write_bytes(damaged)
        try:
            open_trace(tmp_path / "d.arrow").sha256()
        except ZswapReplayError:
            refused += 1
    assert refused > 20


def test_what_a_file_cannot_have_is_refused(small: Path, tmp_path: Path) -> None:
    for name, more, told in (
        (
            "t.arrow",
            {"compression": "gzip"},
            "found compression gzip for an Arrow file; expected none, lz4, zstd",
        ),
        ("t.arrow", {"level": 3}, "found a compression level for an Arrow file; expected none"),
        (
            "t.pq",
            {"compression": "lz4", "level": 3},
            "found level 3 for lz4; expected none, as it has no levels",
        ),
        ("t.pq", {"compression": "zstd", "level": 23}, "found level 23 for zstd; expected 1 to 22"),
        ("t.pq", {"compression": "lzo"}, "found compression lzo; expected one of zstd, gzip"),
    ):
        with pytest.raises(SettingsError, match=told):
            rewrite(small, tmp_path / name, **more)
    assert [small] == list(tmp_path.iterdir())


def test_the_command(small: Path, tmp_path: Path) -> None:
    def call(*words: object) -> str:
        return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False).output

    out = tmp_path / "t.arrow"
    digest = open_trace(small).sha256()
    told = call("rewrite", small, "-o", out, "--row-groups", 100)
    assert f"288 rows, {out.stat().st_size:,} bytes, sha256 {digest}: {out}\n" == told
    with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
        call("rewrite", small, "-o", out)
    with pytest.raises(SettingsError, match="is an input of this command"):
        call("rewrite", out, "-f", "-o", out)
    assert "lz4" in call("rewrite", "--help")
    call("rewrite", small, "-f", "-o", out, "--compression", "lz4")
    assert digest == open_trace(out).sha256()


def test_no_more_than_a_row_group_is_in_memory(tmp_path: Path) -> None:
    """Bytes of Arrow while 20 frames of 20,000 rows, 14 MB, are written, and written anew."""
    most = 0

    def look(_done: int = 0, _total: int = 0) -> None:
        nonlocal most
        most = max(most, pa.total_allocated_bytes() - before)

    def frames() -> Iterator[dict[str, object]]:
        for first in range(0, 400_000, 20_000):
            look()
            yield {
                "time_ns": np.arange(first, first + 20_000),
                "event": "write",
                "memcg": "/a",
                "page": np.arange(20_000),
            }

    before = pa.total_allocated_bytes()
    path = tmp_path / "t.parquet"
    encoding = encoding_of(path, "lz4")
    with TraceWriter(path, row_group_rows=20_000, encoding=encoding) as writer:
        for frame in frames():
            rows = len(np.asarray(frame["time_ns"]))
            times, pages = np.asarray(frame["time_ns"]), np.asarray(frame["page"])
            writer.write(page_rows(times, np.ones(rows, np.int32), pages, "/a"))
    rewrite(path, tmp_path / "t.arrow", row_group_rows=20_000, progress=look)
    filter_trace(tmp_path / "t.arrow", tmp_path / "f.parquet", Selection.parse(pages=["0-9"]), progress=look)
    assert 200 == open_trace(tmp_path / "f.parquet").num_rows
    assert 0 < most < 6 << 20
    assert 400_000 == write_trace(frames(), tmp_path / "w.arrow")
