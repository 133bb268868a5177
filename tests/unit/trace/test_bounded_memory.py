from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from zswap_replay.cli.main import cli
from zswap_replay.trace.schema import Event
from zswap_replay.trace.writer import TraceWriter, page_rows

COMMANDS = {
    "info": (),
    "validate": (),
    "filter": ("--pages", "0-9"),
    "rewrite": ("--row-groups", "20000"),
    "sample": ("--rate", "0.1"),
    "cut": ("--events", "100..200"),
}
"""Commands that read a whole trace, and what else each is given."""


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A trace, and one of twice its rows, with the same pages."""
    folder = tmp_path_factory.mktemp("traces")
    paths = []
    for rows in (140_000, 280_000):
        times = np.arange(rows)
        paths.append(folder / f"{rows}.parquet")
        with TraceWriter(paths[-1], row_group_rows=2000) as writer:
            writer.write(page_rows(times, Event.WRITE, times % 500, "/a"))
    return paths


@pytest.mark.parametrize("name", COMMANDS)
def test_memory_does_not_grow_with_the_trace(name: str, traces: list[Path], tmp_path: Path) -> None:
    written = () if name in ("info", "validate") else ("-f", "-o", str(tmp_path / "o.parquet"))

    def peak(trace: Path) -> int:
        before = pa.default_memory_pool()
        pool = pa.proxy_memory_pool(before)
        pa.set_memory_pool(pool)
        try:
            done = CliRunner().invoke(cli, ["trace", name, str(trace), *COMMANDS[name], *written])
        finally:
            pa.set_memory_pool(before)
        assert 0 == done.exit_code, done.output
        return pool.max_memory() or 0

    small, large = map(peak, traces)
    assert 0 < large < 1.3 * small
