"""Inputs of importers, and what comes of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from tests.paths import TRACES
from zswap_replay.trace.importers import run
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import EVENT_NAMES, Event

RECORDED = TRACES / "imports"
"""Short inputs that the real tools made; the documents say how."""

Row = tuple[int, str, str, int, int]
"""Time, event, memcg, page and pages."""


def rows(path: Path, *, creates: bool = False) -> list[Row]:
    """The rows of a trace, those that create memcgs only where they are asked for."""
    reader = open_trace(path, strict=True)
    found: list[Row] = []
    for batch in reader.batches():
        columns = zip(
            batch.time_ns.tolist(),
            batch.event.tolist(),
            batch.memcg.tolist(),
            batch.page.tolist(),
            batch.count.tolist(),
            strict=True,
        )
        found += [
            (time_ns, EVENT_NAMES[event], reader.paths[memcg], page, count)
            for time_ns, event, memcg, page, count in columns
            if creates or event != Event.MEMCG_CREATE
        ]
    return found


def imported(name: str, data: bytes | str | Path, folder: Path, **options: Any) -> tuple[Any, list[Row]]:
    """Import bytes or a file; return what the importer says, and the rows."""
    path = folder / "imported.parquet"
    source = data if isinstance(data, Path) else io.BytesIO(data.encode() if isinstance(data, str) else data)
    found = run(name, source, path, overwrite=True, **options)
    return found, rows(path)


def short(found: list[Row]) -> list[tuple[int, str, int]]:
    """Time, event and page of each row."""
    return [(time_ns, event, page) for time_ns, event, _, page, _ in found]
