"""Known lengths: a Parquet file that says how long each content is, so that no compressor need run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.codec.base import lengths_key, parse_spec
from zswap_replay.codec.length_table import LengthTable
from zswap_replay.errors import CodecError
from zswap_replay.files import replacing
from zswap_replay.lib.length_index import NORMAL, SAME_FILLED, ZERO_FILLED
from zswap_replay.mm.releases import RELEASES
from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TYPES: Final = {"content": pa.uint64(), "length": pa.uint32(), "fill": pa.uint64()}
_OPTIONAL: Final = ("fill", "compressor")
_KERNEL: Final = b"zswap_replay.kernel"
"""In the file's metadata: the release whose lengths it holds, where it was made for one."""


@dataclass(frozen=True, slots=True)
class KnownLengths:
    """The lengths of a file, one table a compressor; a file that names none holds for any."""

    path: str
    tables: Mapping[str, LengthTable]
    """Each sorted by content; by canonical compressor name, empty where the file has no column `compressor`."""
    kernel: str | None = None
    """The release whose lengths they are; None where the file does not say."""

    def deviation(self, name: str, kernel: str) -> str | None:
        """Say whose lengths of a compressor the file has, where they are not those of `kernel`.

        None where they are, or where the file does not say, or where the compressor cannot be run here.
        """
        if self.kernel not in RELEASES:
            return None
        try:
            wanted, found = lengths_key(name, kernel), lengths_key(name, self.kernel)
        except CodecError:
            return None
        return (
            None
            if wanted == found
            else f"{self.path} was made for {self.kernel} (trace annotate --kernel {kernel})"
        )

    def for_compressor(self, name: str) -> LengthTable:
        """Return the table of a compressor, by spec or, if it is none that can be run here, by its kernel name.

        Raises CodecError: the file has other compressors alone.
        """
        table = self.tables.get("", self.tables.get(_canonical(name)))
        if table is None:
            known = ", ".join(sorted(self.tables))
            raise CodecError(f"{self.path}: column compressor: no row for {name!r}; the file has {known}")
        return table


def read_lengths(path: str | Path) -> KnownLengths:
    """Read the lengths of a Parquet file with columns content, length, and optionally fill and compressor.

    Raises CodecError, one line with the file, the column and the row (counted from 0): not Parquet, a column
    that is missing, unknown or of another type, a null, a length over 4096, or one content with two lengths.
    """
    where = str(path)
    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise CodecError(f"{where}: cannot be read as Parquet: {error}") from error
    _check_columns(where, table.schema)
    content = _numbers(where, table, "content")
    length = _numbers(where, table, "length")
    too_long = np.flatnonzero(length > PAGE_SIZE)
    if too_long.size:
        row = int(too_long[0])
        raise CodecError(
            f"{where}: row {row}, column length: {length[row]} is more than a page, {PAGE_SIZE} bytes"
        )
    kind = np.full(content.size, NORMAL, np.uint8)
    if "fill" in table.column_names:
        fill = table.column("fill")
        zero = fill.fill_null(pa.scalar(1, pa.uint64())).to_numpy() == 0
        kind[fill.is_valid().to_numpy()] = SAME_FILLED
        kind[zero] = ZERO_FILLED
    codes, names = _compressors(where, table)
    tables = {}
    for code, name in enumerate(names):
        rows = np.flatnonzero(codes == code)
        tables[name] = _sorted(where, rows, content[rows], length[rows].astype(np.int32), kind[rows])
    made_for = (table.schema.metadata or {}).get(_KERNEL)
    return KnownLengths(where, tables, made_for.decode(errors="replace") if made_for is not None else None)


def write_lengths(
    path: str | Path,
    content: npt.NDArray[np.uint64],
    length: npt.NDArray[np.int32] | npt.NDArray[np.uint32],
    fill: Sequence[int | None] | None = None,
    compressor: Sequence[str] | None = None,
    kernel: str | None = None,
) -> None:
    """Write a file that `read_lengths` takes, with columns of equal size.

    `fill` and `compressor` may be left out; `kernel` names the release whose lengths they are. The file appears
    complete or not at all.

    Raises OSError: it cannot be written. SettingsError: there is no regular file of that name.
    """
    columns: dict[str, pa.Array[Any]] = {
        "content": pa.array(content, pa.uint64()),
        "length": pa.array(length, pa.uint32()),
    }
    if fill is not None:
        columns["fill"] = pa.array(fill, pa.uint64())
    if compressor is not None:
        columns["compressor"] = pa.array(compressor, pa.string()).dictionary_encode()
    table = pa.table(columns)
    if kernel is not None:
        table = table.replace_schema_metadata({_KERNEL: kernel.encode()})
    with replacing(path, regular=True) as file:
        pq.write_table(table, file, compression="zstd")


def _canonical(name: str) -> str:
    try:
        return parse_spec(name)
    except CodecError:
        return name  # lengths may come from a compressor that only the kernel has: lzo-rle, 842


def _check_columns(where: str, schema: pa.Schema) -> None:
    for name in schema.names:
        if name not in _TYPES and name not in _OPTIONAL:
            raise CodecError(
                f"{where}: unknown column {name}; known are content, length, fill and compressor"
            )
    for name, wanted in _TYPES.items():
        if name not in schema.names:
            if name in _OPTIONAL:
                continue
            raise CodecError(f"{where}: column {name} is missing")
        found = schema.field(name).type
        if found != wanted:
            raise CodecError(f"{where}: column {name} is {found}, expected {wanted}")


def _numbers(where: str, table: pa.Table, name: str) -> npt.NDArray[np.uint64]:
    column = table.column(name)
    _check_nulls(where, column, name)
    numbers: npt.NDArray[np.uint64] = column.to_numpy().astype(np.uint64)
    return numbers


def _check_nulls(where: str, column: pa.ChunkedArray[Any], name: str) -> None:
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy()))
        raise CodecError(f"{where}: row {row}, column {name}: null")


def _compressors(where: str, table: pa.Table) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return for every row an index into the canonical names that follow."""
    if "compressor" not in table.column_names or not table.num_rows:
        return np.zeros(table.num_rows, np.int64), [""]
    column = table.column("compressor")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise CodecError(f"{where}: column compressor is {column.type}, expected string")
    _check_nulls(where, column, "compressor")
    encoded = column.combine_chunks().dictionary_encode()
    canonical = [_canonical(str(name)) for name in encoded.dictionary.to_pylist()]
    names = sorted(set(canonical))
    # "zstd" and "zstd:3" are one compressor.
    merged = np.array([names.index(name) for name in canonical], np.int64)
    return merged[encoded.indices.to_numpy()], names


def _sorted(
    where: str,
    rows: npt.NDArray[np.int64],
    content: npt.NDArray[np.uint64],
    length: npt.NDArray[np.int32],
    kind: npt.NDArray[np.uint8],
) -> LengthTable:
    """Sort rows by content, and make equal ones one; `rows` are their places in the file."""
    if (content[1:] < content[:-1]).any():
        order = np.argsort(content, kind="stable")
        content, length, kind, rows = content[order], length[order], kind[order], rows[order]
    again = np.flatnonzero(content[1:] == content[:-1]) + 1
    differs = again[(length[again] != length[again - 1]) | (kind[again] != kind[again - 1])]
    if differs.size:
        at = int(differs[0])
        column, values = ("length", length) if length[at] != length[at - 1] else ("fill", kind)
        raise CodecError(
            f"{where}: row {rows[at]}, column {column}: content {content[at]} differs from row {rows[at - 1]}"
            + (f", {values[at]} against {values[at - 1]}" if column == "length" else "")
        )
    if not again.size:
        return LengthTable(content, length, kind)
    keep = np.ones(content.size, np.bool_)
    keep[again] = False
    return LengthTable(content[keep], length[keep], kind[keep])
