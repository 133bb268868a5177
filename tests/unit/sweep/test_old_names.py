"""Files of sweeps in which counters are spelled as earlier versions spelled them: they are read and gone on from."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from zswap_replay.result.by_name import CounterName
from zswap_replay.sweep import file as sweep_file
from zswap_replay.sweep import run
from zswap_replay.sweep.grid import Option
from zswap_replay.sweep.journal import SUFFIX
from zswap_replay.sweep.run import sweep
from zswap_replay.trace.builder import TraceBuilder

GRID = [Option("/a:memory.zswap.max", ("4K", "max"), (4096, -1))]
PARETO = ["/a:zswpout", "/a:replay.oom"]


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "trace.parquet"
    TraceBuilder().write("/a", 0, count=40).pageout("/a", 0, count=40).save(path)
    return str(path)


def old(name: str) -> str:
    """A name as it was: ``memcg:/a:zswpout``, ``replay.memcg:/a:oom``."""
    found = CounterName.parse(name)
    return name if found is None or found.memcg is None else f"{found.group}:{found.memcg}:{found.counter}"


def spell_as_before(path: str) -> None:
    table = pq.ParquetFile(path).read()
    metadata = json.loads(table.schema.metadata[sweep_file.KEY])
    figures = [text.rpartition(":") for text in metadata["pareto"]]
    metadata["pareto"] = [f"{old(column)}:{direction}" for column, _, direction in figures]
    table = table.rename_columns([old(name) for name in table.column_names])
    pq.write_table(table.replace_schema_metadata({sweep_file.KEY: json.dumps(metadata)}), path)
    assert "memcg:/a:zswpout" in table.column_names
    assert "/a:memory.zswap.max" in table.column_names


def never(*_: object) -> None:
    raise AssertionError("a point was replayed")


def test_an_old_file_is_read_with_the_names_of_today_and_is_not_replayed_again(
    trace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = str(tmp_path / "out.parquet")
    expected = sweep(trace, GRID, jobs=1, output=output, pareto=PARETO)
    spell_as_before(output)
    found = sweep_file.read(output)
    assert (expected.columns, expected.rows, expected.pareto, expected.front) == (
        found.columns,
        found.rows,
        found.pareto,
        found.front,
    )
    monkeypatch.setattr(run, "Here", never)
    assert expected == sweep(trace, GRID, jobs=1, output=output, pareto=PARETO)


def test_a_sweep_goes_on_from_an_old_journal(
    trace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = str(tmp_path / "out.parquet")

    class Stops:
        def begin(self, *_: object) -> None: ...

        def started(self, point: int) -> None:
            if point:
                raise KeyboardInterrupt

        def ended(self, _point: int) -> None: ...

    with pytest.raises(KeyboardInterrupt):
        sweep(trace, GRID, jobs=1, output=output, watch=Stops())
    journal = Path(output + SUFFIX)
    first, *lines = (json.loads(line) for line in journal.read_text().splitlines())
    for line in lines:
        line["figures"] = {old(name): value for name, value in line["figures"].items()}
    assert any(name.startswith("memcg:/a:") for name in lines[0]["figures"])
    journal.write_text("".join(json.dumps(line) + "\n" for line in (first, *lines)))
    assert sweep(trace, GRID, jobs=1) == sweep(trace, GRID, jobs=1, output=output)
