"""Reads the Parquet files that ``zswap-replay sweep`` writes: a row for each point, an axis for each setting varied."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING

from zswap_replay.errors import ResultError
from zswap_replay.json_value import Value

if TYPE_CHECKING:
    import pyarrow as pa

Cell = str | int | float | bool | None

METADATA = b"zswap_replay.sweep"
"""Key of the file's metadata, a JSON object with ``schema``, ``axes``, ``pareto`` and ``manifest``."""
SCHEMA = 1
FRONT = "pareto"
"""Column that is true for the points of the front."""

_MAGIC = b"PAR1"
_EXPECTED = "expected a file that `zswap-replay sweep` wrote"


@dataclass(frozen=True, slots=True)
class Sweep:
    """The points of a sweep in grid order: by column, a value for each point."""

    axes: tuple[str, ...]
    pareto: tuple[tuple[str, bool], ...]
    """The columns that the front was marked by, and whether more is better; none where no front is marked."""
    manifest: Mapping[str, object]
    columns: Mapping[str, Sequence[Cell]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def point(self, place: int) -> tuple[Cell, ...]:
        """The values of the axes at a point."""
        return tuple(self.columns[axis][place] for axis in self.axes)


def is_parquet(path: str | PathLike[str]) -> bool:
    """Whether a file begins as Parquet files do; a pipe does not, and nothing is read from it. Raises OSError."""
    if os.path.exists(path) and not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_sweep(path: str | PathLike[str]) -> Sweep:
    """The sweep of a file.

    Raises ResultError: the file is no Parquet, no sweep, of another schema, has no point, or lacks a column that it
    names; the text names the file, what was found and what was expected.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = fspath(path)
    try:
        table = pq.ParquetFile(name).read()
    except OSError as error:
        raise ResultError(f"{name}: {error.strerror or _first_line(error)}") from None
    except pa.ArrowException as error:
        raise ResultError(f"{name}: found no readable Parquet ({_first_line(error)}); {_EXPECTED}") from None
    try:
        return _sweep(table)
    except ResultError as error:
        raise ResultError(f"{name}: {error}") from None


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]


def _direction(figure: str) -> tuple[str, bool]:
    """Column and direction of ``derived.writeback_bytes:min``."""
    column, _colon, direction = figure.rpartition(":")
    return (column, direction == "max") if direction in ("min", "max") else (figure, False)


def _sweep(table: pa.Table) -> Sweep:
    text = (table.schema.metadata or {}).get(METADATA)
    if text is None:
        raise ResultError(f"found Parquet without the metadata {METADATA.decode()!r}; {_EXPECTED}")
    try:
        document = Value(json.loads(text), METADATA.decode())
    except ValueError as error:
        raise ResultError(f"metadata {METADATA.decode()!r}: found no JSON ({error}); {_EXPECTED}") from None
    if document["schema"].integer() != SCHEMA:
        raise document["schema"].fault(f"{SCHEMA}, which this program reads")
    axes = tuple(axis.text() for axis in document["axes"].list())
    front = document["pareto"]
    pareto = () if front.content is None else tuple(_direction(figure.text()) for figure in front.list())
    for column in (*axes, *(column for column, _more in pareto), *((FRONT,) if pareto else ())):
        if column not in table.column_names:
            raise ResultError(f"found no column {column!r}, which the metadata names; {_EXPECTED}")
    if not table.num_rows:
        raise ResultError("found no point; expected at least one row")
    columns: dict[str, Sequence[Cell]] = {
        column: [None if value != value else value for value in table.column(column).to_pylist()]
        for column in table.column_names
    }
    for axis in axes:
        for value in columns[axis]:
            if not isinstance(value, str | int | float):
                raise ResultError(f"column {axis!r}: found {value!r}; expected a setting, text or a number")
    sweep = Sweep(axes, pareto, dict(document["manifest"].table()), columns)
    seen: dict[tuple[Cell, ...], int] = {}
    for place in range(len(sweep)):
        other = seen.setdefault(sweep.point(place), place)
        if other != place:
            raise ResultError(
                f"rows {other + 1} and {place + 1}: found the same point twice; expected each once"
            )
    return sweep
