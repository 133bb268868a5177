"""The file of a sweep: Parquet, one row a point, with all that it depends on in its metadata."""

from __future__ import annotations

import json
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.errors import ResultError
from zswap_replay.inputs.parquet import UnreadableError, created, read_table, reading
from zswap_replay.inputs.spool import path_of
from zswap_replay.json_value import Value
from zswap_replay.result.by_name import respelled
from zswap_replay.result.derived import DERIVED
from zswap_replay.sweep.pareto import Figure, competes
from zswap_replay.sweep.result import SCHEMA, Cell, Sweep

KEY = b"zswap_replay.sweep"
"""The key of the file's metadata under which ``Sweep.metadata()`` stands, as JSON."""

FRONT = "pareto"
"""The column that says of each row whether it is on the Pareto front."""

MARKS = "marks"
"""The column that names what the point of a row is marked with: ``oom, swap_full``; null for nothing."""

_WARNINGS: Final = b"zswap_replay.sweep.warnings"
"""The key of the warnings of a sweep that has some, as JSON."""

_EXPECTED = "expected a file that `zswap-replay sweep` wrote"
_INT64 = 1 << 63


def write(path: Path, sweep: Sweep) -> None:
    """Write a sweep to ``path``. Raises OSError: the file cannot be written."""
    fields = [pa.field(column, _type(column, sweep)) for column in sweep.columns]
    columns: dict[str, list[Any]] = {column: [row[column] for row in sweep.rows] for column in sweep.columns}
    if sweep.pareto is not None:
        fields.append(pa.field(FRONT, pa.bool_()))
        columns[FRONT] = list(sweep.front)
    fields.append(pa.field(MARKS, pa.string()))
    columns[MARKS] = [", ".join(sweep.marks(place)) or None for place in range(len(sweep))]
    metadata: dict[bytes | str, bytes | str] = {KEY: json.dumps(sweep.metadata()).encode()}
    if sweep.warnings:
        metadata[_WARNINGS] = json.dumps(sweep.warnings).encode()
    table = pa.table(columns, schema=pa.schema(fields, metadata=metadata))
    with created(path) as stream:
        pq.write_table(table, stream, compression="zstd")


def read(path: str | PathLike[str]) -> Sweep:
    """Read a sweep that ``write`` wrote; its failures are not in the file.

    Raises ResultError: the file is no Parquet, no sweep, of another schema, has no row, or lacks a column that it
    names; the text names the file, what was found and what was expected.
    """
    name = fspath(path)
    try:
        table = read_table(path_of(name))
        with reading():
            table.validate(full=True)
    except OSError as error:
        raise ResultError(f"{name}: {error.strerror}") from None
    except UnreadableError as error:
        raise ResultError(f"{name}: found no readable Parquet ({error}); {_EXPECTED}") from None
    try:
        return _sweep(table)
    except ResultError as error:
        raise ResultError(f"{name}: {error}") from None


def _sweep(table: pa.Table) -> Sweep:
    metadata = table.schema.metadata or {}
    text = metadata.get(KEY)
    if text is None:
        raise ResultError(f"found Parquet without the metadata {KEY.decode()!r}; {_EXPECTED}")
    try:
        document = Value(json.loads(text), KEY.decode())
    except (ValueError, RecursionError) as error:
        raise ResultError(f"metadata {KEY.decode()!r}: found no JSON ({error}); {_EXPECTED}") from None
    if document["schema"].integer() != SCHEMA:
        raise document["schema"].fault(f"{SCHEMA}, which this program reads")
    axes = tuple(axis.text() for axis in document["axes"].list())
    marked = document["pareto"]
    pareto = None if marked.content is None else tuple(_figure(figure.text()) for figure in marked.list())
    named = [Figure.parse(figure).column for figure in pareto or ()]
    table = table.rename_columns([respelled(name) for name in table.column_names])
    for column in (*axes, *named, *((FRONT,) if pareto else ())):
        if column not in table.column_names:
            raise ResultError(f"found no column {column!r}, which the metadata names; {_EXPECTED}")
    if not table.num_rows:
        raise ResultError("found no point; expected at least one row")
    rows = [{name: _cell(value) for name, value in row.items()} for row in table.to_pylist()]
    allow_oom = document.get("allow_oom", False).flag()
    # a file of an earlier version may have any point on its front
    front = (
        tuple(bool(row.pop(FRONT)) and competes(row, allow_oom=allow_oom) for row in rows) if pareto else ()
    )
    for row in rows:
        row.pop(MARKS, None)  # they follow from the counters
    sweep = Sweep(
        axes=axes,
        columns=tuple(
            name for name in table.column_names if name != MARKS and not (pareto and name == FRONT)
        ),
        rows=tuple(rows),
        manifest=dict(document["manifest"].table()),
        pareto=pareto,
        front=front,
        allow_oom=allow_oom,
        warnings=_warnings(metadata.get(_WARNINGS, b"[]")),
    )
    _check_points(sweep)
    return sweep


def _warnings(text: bytes) -> tuple[str, ...]:
    try:
        return tuple(each.text() for each in Value(json.loads(text), _WARNINGS.decode()).list())
    except (ValueError, RecursionError) as error:
        raise ResultError(f"metadata {_WARNINGS.decode()!r}: found no JSON ({error}); {_EXPECTED}") from None


def _cell(value: Any) -> Cell:
    return None if value != value else value  # NaN, as pandas writes what is missing


def _check_points(sweep: Sweep) -> None:
    seen: dict[tuple[Cell, ...], int] = {}
    for place in range(len(sweep)):
        for axis, value in zip(sweep.axes, sweep.point(place), strict=True):
            if not isinstance(value, str | int | float):
                raise ResultError(f"column {axis!r}: found {value!r}; expected a setting, text or a number")
        other = seen.setdefault(sweep.point(place), place)
        if other != place:
            raise ResultError(
                f"rows {other + 1} and {place + 1}: found the same point twice; expected each once"
            )


def _figure(text: str) -> str:
    """Spell a figure of the front as today; one without a direction, as hand-made files have it, stays so."""
    column, _, direction = text.rpartition(":")
    return f"{respelled(column)}:{direction}" if direction in ("min", "max") else respelled(text)


def _type(column: str, sweep: Sweep) -> pa.DataType:
    if column in sweep.axes:
        values = [row[column] for row in sweep.rows]
        if any(isinstance(value, bool) for value in values):
            return pa.bool_()
        if any(isinstance(value, str) for value in values):
            return pa.string()
        # a seed may need the 64th bit
        wide = any(isinstance(value, int) and value >= _INT64 for value in values)
        return pa.uint64() if wide else pa.int64()
    group, _, name = column.partition(".")
    figure = DERIVED.get(name.rpartition(".")[2])
    if group == "timing" or (figure is not None and not figure.whole):
        return pa.float64()
    return pa.int64()
