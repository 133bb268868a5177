from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.imports import RECORDED
from tests.paths import TRACES
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace import importers
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.exporters import EXPORTERS, oraclegeneral, run
from zswap_replay.trace.generate import Synthetic, generate
from zswap_replay.trace.importers.libcachesim import ORACLE
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    path = tmp_path / "generated.parquet"
    generate("zipf", Synthetic(pages=100, events=2000, memcg="/a/b"), path)
    return path


def full(path: Path) -> Path:
    """A trace with all kinds of events, texts that want quotes, and metadata."""
    trace = TraceBuilder().memcg_create("/a,b").memcg_set("/a,b", "memory.max", "64K").param("enabled", "Y")
    trace.write("/a,b", 1, count=30, node=1, content=7).read("/other", (1 << 64) - 2).pageout("/a,b", 1)
    trace.discard("/a,b", 2).memcg_reclaim("/a,b", "4096 swappiness=10").worker("end").seen_reads()
    trace.settle().snapshot('a "label", so to say').memcg_offline("/a,b")
    trace.save(path, TraceMetadata(totalram_pages=1000, nodes=2, origin="made", recipe={"name": "x"}))
    return path


@pytest.mark.parametrize("form", ["csv", "arrow"])
def test_generate_export_import_gives_the_same_events(tmp_path: Path, generated: Path, form: str) -> None:
    for trace in (generated, full(tmp_path / "full.parquet"), TRACES / "story.parquet"):
        run(form, trace, tmp_path / "out", overwrite=True)
        importers.run(form, tmp_path / "out", tmp_path / "again.parquet", overwrite=True)
        first, again = open_trace(trace), open_trace(tmp_path / "again.parquet")
        assert first.sha256() == again.sha256()
        assert first.paths == again.paths
        if form == "arrow":
            assert again.metadata.recipe == first.metadata.recipe
            assert again.metadata.totalram_pages == first.metadata.totalram_pages
        assert first.metadata.schema == again.metadata.schema


def test_columns_of_csv(tmp_path: Path) -> None:
    found = run("csv", full(tmp_path / "full.parquet"), tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert '"time_ns","event","memcg","page","count","node","content","key","value"' == lines[0]
    assert '3000000,"write","/a,b",1,30,1,7,,' == lines[4]
    assert '11000000,"snapshot",,,,,,"a ""label"", so to say",' == lines[12]
    assert [
        "the trace's metadata (memory, nodes, recipe) are not in the output: trace export arrow keeps them"
    ] == found.notes


def test_an_arrow_file_can_be_mapped(tmp_path: Path, generated: Path) -> None:
    run("arrow", generated, tmp_path / "out.arrow")
    with pa.memory_map(str(tmp_path / "out.arrow")) as mapped:
        table = pa.ipc.open_file(mapped).read_all()
    assert 2002 == table.num_rows
    assert b"zswap_replay.schema" in table.schema.metadata


def test_requests_know_the_next_of_their_object(
    tmp_path: Path, generated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oraclegeneral, "_PIECE", 300)
    trace = (
        TraceBuilder(step_ns=300_000_000)
        .memcg_create("/a")
        .read("/a", 5, count=2)
        .write("/a", 6)
        .pageout("/a", 5)
    )
    trace.read("/b", 5).read("/a", 5)
    trace.save(tmp_path / "t.parquet")
    found = run("oraclegeneral", tmp_path / "t.parquet", tmp_path / "out")
    requests = np.fromfile(tmp_path / "out", ORACLE)
    other = (1 << 52) + 5
    assert [
        (0, 5, 4096, 5),
        (0, 6, 4096, 3),
        (0, 6, 4096, -1),
        (1, other, 4096, -1),
        (1, 5, 4096, -1),
    ] == requests.tolist()
    assert {"requests": 5, "objects": 3} == found.figures
    assert ["2 events are no accesses, and were left out"] == found.notes
    run("oraclegeneral", generated, tmp_path / "out", overwrite=True)
    requests = np.fromfile(tmp_path / "out", ORACLE)
    last: dict[int, int] = {}
    for at in range(len(requests) - 1, -1, -1):
        name = int(requests["obj_id"][at])
        assert last.get(name, -1) == requests["next"][at]
        last[name] = at + 1


def test_requests_of_libcachesim_come_back(tmp_path: Path) -> None:
    importers.run("oraclegeneral", RECORDED / "requests.oracleGeneral", tmp_path / "t.parquet")
    run("oraclegeneral", tmp_path / "t.parquet", tmp_path / "out")
    assert (RECORDED / "requests.oracleGeneral").read_bytes() == (tmp_path / "out").read_bytes()


def test_what_requests_have_no_room_for(tmp_path: Path) -> None:
    output, trace = tmp_path / "out", tmp_path / "t.parquet"
    TraceBuilder().memcg_create("/a").pageout("/a", 1).save(trace)
    with pytest.raises(TraceError, match="found no read or write"):
        run("oraclegeneral", trace, output)
    trace.unlink()
    TraceBuilder().at(10**19).read("/a", 1).save(trace)
    with pytest.raises(
        TraceError, match=r"found the time 10000000000000000000 ns; expected less than 2\^32 s"
    ):
        run("oraclegeneral", trace, output)
    trace.unlink()
    TraceBuilder().read("/a", 1).read("/b", 1 << 52).save(trace)
    with pytest.raises(TraceError, match="found 2 memcgs and the page 4503599627370496; expected"):
        run("oraclegeneral", trace, output)
    assert [trace] == list(tmp_path.iterdir())


def test_requests_for_more_pages_than_memory_holds_are_refused(tmp_path: Path) -> None:
    TraceBuilder().read("/a", 0).read("/a", 5, count=(1 << 32) - 1).save(tmp_path / "t.parquet")
    with pytest.raises(
        SettingsError, match="row 1, column count: found read of 4,294,967,295 pages; expected no"
    ):
        run("oraclegeneral", tmp_path / "t.parquet", tmp_path / "o")
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("form", EXPORTERS)
def test_outputs_that_cannot_be(tmp_path: Path, generated: Path, form: str) -> None:
    run(form, generated, tmp_path / "out")
    with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
        run(form, generated, tmp_path / "out")
    with pytest.raises(SettingsError, match="is an input of this command"):
        run(form, generated, generated, overwrite=True)
    with pytest.raises(TraceError, match="no such file"):
        run(form, tmp_path / "nowhere", tmp_path / "out", overwrite=True)
