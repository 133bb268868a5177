"""Known lengths: a Parquet file that says how long each content is, so that no compressor need run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.codec.base import COMPRESSORS, ZRAM, lengths_key, parse_spec, split_spec
from zswap_replay.codec.length_table import LengthTable
from zswap_replay.errors import CodecError, SettingsError
from zswap_replay.files import replacing
from zswap_replay.inputs.columns import Numbers, holds_numbers, holds_texts, is_empty, texts, whole_numbers
from zswap_replay.inputs.parquet import (
    UnreadableError,
    created,
    open_local,
    pandas_index,
    read_table,
    reading,
)
from zswap_replay.inputs.spool import path_of
from zswap_replay.lib.length_index import NORMAL, SAME_FILLED, ZERO_FILLED
from zswap_replay.mm.release_changes import is_release
from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NUMBERS: Final = {"content": pa.uint64(), "length": pa.uint32(), "fill": pa.uint64()}
_OPTIONAL: Final = ("fill", "compressor", "tier")
_KERNEL: Final = b"zswap_replay.kernel"
"""In the file's metadata: the release whose lengths it holds, where it was made for one."""
_REVISIONS: Final = b"zswap_replay.revisions"
"""In the file's metadata, where it names a release: the compressors' Compressor.revision by name, in JSON."""
_MEMORY: Final = b"zswap_replay.memory"
"""In the file's metadata: what else was measured of the memory whose lengths it holds."""
_ROWS: Final = 1 << 20
"""Rows of a row group."""


@dataclass(frozen=True, slots=True)
class KnownLengths:
    """The lengths of a file, one table a compressor; a file that names none holds for any."""

    path: str
    tables: Mapping[str, LengthTable]
    """Each sorted by content; by canonical compressor name, empty where the file has no column `compressor`."""
    kernel: str | None = None
    """The release whose lengths they are; None where the file does not say."""
    about: str | None = None
    """What the file says of measured memory that it holds the lengths of, in JSON (memory.measurement); or None."""
    revisions: Mapping[str, int] = field(default_factory=dict)
    """By compressor its revision, where that is not 1."""
    header: int | None = None
    """The content that stands for the swap header: the last one of zram's, where the file has a column `tier`."""

    def deviation(self, name: str, kernel: str) -> str | None:
        """Say whose lengths of a compressor the file has, where they are not those of `kernel`.

        None where they are, or where the file does not say, or where the compressor cannot be run here.
        """
        if self.kernel is None or not is_release(self.kernel):
            return None
        try:
            wanted, found = lengths_key(name, kernel), lengths_key(name, self.kernel)
        except CodecError:
            return None
        if (
            self.header is None
            and name.startswith(ZRAM)
            and wanted != lengths_key(name.removeprefix(ZRAM), kernel)
        ):
            return f"{self.path} has zswap's lengths, and zram calls {name.removeprefix(ZRAM)} in another way"
        if wanted != found:
            return f"{self.path} was made for {self.kernel} (trace annotate --kernel {kernel})"
        row = COMPRESSORS[split_spec(name)[0]]
        if row.revision != self.revisions.get(row.name, 1):
            return (
                f"{self.path} was made by a version of zswap-replay with others "
                "(trace annotate or memory measure makes it again)"
            )
        return None

    def for_compressor(self, name: str) -> LengthTable:
        """Return the table of a compressor, by spec or, if it is none that can be run here, by its kernel name.

        Raises CodecError: the file has other compressors alone.
        """
        table = self.tables.get("", self.tables.get(_canonical(name)))
        if table is None and name.startswith(ZRAM):
            # the level is that of the device; a file without a column `tier` holds for any
            base = name.partition(":")[0]
            table = self.tables.get(base)
            if table is None and self.header is None:
                table = self.tables.get(_canonical(name.removeprefix(ZRAM)))
        if table is None:
            known = ", ".join(sorted(self.tables))
            raise CodecError(f"{self.path}: column compressor: no row for {name!r}; the file has {known}")
        return table


def is_lengths(path: str) -> bool:
    """Tell whether a file is Parquet with the columns of lengths; False where it cannot be read."""
    try:
        with open_local(path_of(path)) as source, reading():
            names = pq.read_schema(source).names
    except (OSError, SettingsError, UnreadableError):
        return False
    return {"content", "length"} <= set(names) and "event" not in names


def read_lengths(path: str | Path) -> KnownLengths:
    """Read the lengths of a Parquet file with columns content, length, and optionally fill, compressor and tier.

    Numbers and texts may be of any type that a trace's may be of. Raises CodecError, one line with the file, the
    column and the row (counted from 0): not Parquet, a column that is missing, unknown or of a type that holds
    neither, a null, a length over 4096, or one content with two lengths.
    """
    where = str(path)
    try:
        table = read_table(path, ["compressor", "tier"])
    except OSError as error:
        raise CodecError(f"{where}: cannot be read as Parquet: {error.strerror}") from None
    except UnreadableError as error:
        raise CodecError(f"{where}: cannot be read as Parquet: {error}") from None
    _check_columns(where, table.schema)
    content = _numbers(where, table, "content").values
    length = _numbers(where, table, "length").values
    of_zram = _of_zram(where, table)
    has_zram = bool(of_zram.any())
    if has_zram:  # it keeps what is too long as it is, whatever its length
        length = np.where(of_zram & (length <= 2 * PAGE_SIZE), np.minimum(length, PAGE_SIZE), length)
    too_long = np.flatnonzero(length > PAGE_SIZE)
    if too_long.size:
        row = int(too_long[0])
        raise CodecError(
            f"{where}: row {row}, column length: {length[row]} is more than a page, {PAGE_SIZE} bytes"
        )
    kind = np.full(content.size, NORMAL, np.uint8)
    if _has(table, "fill"):
        fill = _numbers(where, table, "fill")
        kind[...] = np.where(fill.values == 0, ZERO_FILLED, SAME_FILLED)
        if fill.valid is not None:
            kind[~fill.valid] = NORMAL
    codes, names = _compressors(where, table)
    tables = {}
    for code, name in enumerate(names):
        for tier, among in (("", ~of_zram), (ZRAM, of_zram)):
            rows = np.flatnonzero((codes == code) & among)
            if rows.size or not (tier or has_zram):
                tables[f"{tier}{name}"] = _sorted(where, rows, *_taken(rows, content, length, kind))
    told = table.schema.metadata or {}
    made_for, about = (
        told[key].decode(errors="replace") if key in told else None for key in (_KERNEL, _MEMORY)
    )
    header = int(content[of_zram].max()) if has_zram else None
    return KnownLengths(where, tables, made_for, about, _revisions(told.get(_REVISIONS)), header)


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
        table = table.replace_schema_metadata(_made_for(kernel))
    with replacing(path, regular=True) as file, created(file) as stream:
        pq.write_table(table, stream, compression="zstd")


def write_tables(
    path: str | Path,
    tables: Mapping[str, LengthTable],
    kernel: str,
    about: str | None = None,
    *,
    inputs: Sequence[str] = (),
    overwrite: bool = True,
) -> None:
    """Write a file of the lengths of some compressors, a row group at a time, that `read_lengths` takes.

    Of a same-filled page it says whether the word is 0; any other is written as 1. `kernel` names the release whose
    lengths they are, `about` is kept beside them. The file appears complete or not at all.

    Raises OSError: it cannot be written. SettingsError: it may not be, or is no regular file.
    """
    types = {**_NUMBERS, "compressor": pa.dictionary(pa.int8(), pa.string())}
    metadata = _made_for(kernel) | ({_MEMORY: about.encode()} if about is not None else {})
    schema = pa.schema(list(types.items()), metadata)  # type: ignore[arg-type]  # its keys are bytes
    names = pa.array(list(tables), pa.string())
    with (
        replacing(path, inputs=inputs, overwrite=overwrite, regular=True) as file,
        created(file) as stream,
        pq.ParquetWriter(stream, schema, compression="zstd") as writer,
    ):
        for number, table in enumerate(tables.values()):
            for first in range(0, table.content.size, _ROWS):
                kind = table.kind[first : first + _ROWS]
                fill = pa.array((kind == SAME_FILLED).astype(np.uint64), pa.uint64(), mask=kind == NORMAL)
                codes: Any = pa.array(np.full(kind.size, number, np.int8))
                columns: list[pa.Array[Any]] = [
                    pa.array(table.content[first : first + _ROWS], pa.uint64()),
                    pa.array(table.length[first : first + _ROWS].astype(np.uint32), pa.uint32()),
                    fill,
                    pa.DictionaryArray.from_arrays(codes, names),
                ]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=_ROWS)


def _made_for(kernel: str) -> dict[bytes, bytes]:
    """Return what a file says of the lengths of a release that this version finds."""
    revisions = {name: row.revision for name, row in COMPRESSORS.items() if row.revision > 1}
    return {_KERNEL: kernel.encode(), _REVISIONS: json.dumps(revisions).encode()}


def _revisions(text: bytes | None) -> dict[str, int]:
    """Read what a file says of its compressors; nothing where it is not what this program writes."""
    try:
        found = json.loads(text) if text is not None else {}
    except (ValueError, RecursionError):
        return {}
    return {str(name): number for name, number in found.items()} if isinstance(found, dict) else {}


def _canonical(name: str) -> str:
    try:
        return parse_spec(name)
    except CodecError:
        return name  # lengths may come from a compressor that only the kernel has: 842


def _check_columns(where: str, schema: pa.Schema) -> None:
    others = pandas_index(schema)
    for name in schema.names:
        if name not in _NUMBERS and name not in _OPTIONAL and name not in others:
            raise CodecError(
                f"{where}: unknown column {name}; known are content, length, fill, compressor and tier"
            )
        if schema.names.count(name) > 1:
            raise CodecError(f"{where}: column {name} is there twice")
    for name in (*_NUMBERS, "compressor", "tier"):
        if name not in schema.names:
            if name in _OPTIONAL:
                continue
            raise CodecError(f"{where}: column {name} is missing")
        found = schema.field(name).type
        if is_empty(found) and name in _OPTIONAL:
            continue
        if not (holds_texts(found) if name in ("compressor", "tier") else holds_numbers(found)):
            wanted = str(_NUMBERS.get(name, "string"))
            raise CodecError(f"{where}: column {name} is {found}, expected {wanted}")


def _has(table: pa.Table, name: str) -> bool:
    return name in table.column_names and not is_empty(table.schema.field(name).type)


def _numbers(where: str, table: pa.Table, name: str) -> Numbers:
    """Read a column of numbers. Raises CodecError: one that does not fit, or a null where there has to be one."""
    numbers = whole_numbers(_in_one(table.column(name)))
    if numbers.valid is not None and name not in _OPTIONAL:
        _check_nulls(where, numbers.valid, name)
    if numbers.unfit is not None:
        row = int(numbers.unfit.argmax())
        raise CodecError(
            f"{where}: row {row}, column {name}: {numbers.spelled(row)} is no whole number from 0 to 2^64 - 1"
        )
    return numbers


def _in_one(column: pa.ChunkedArray[Any]) -> pa.Array[Any]:
    chunk: Any = column.chunk(0) if column.num_chunks == 1 else column.unify_dictionaries().combine_chunks()
    return cast("pa.Array[Any]", chunk)


def _check_nulls(where: str, valid: npt.NDArray[np.bool_], name: str) -> None:
    if not valid.all():
        raise CodecError(f"{where}: row {int(valid.argmin())}, column {name}: null")


def _taken(
    rows: npt.NDArray[np.int64],
    content: npt.NDArray[np.uint64],
    length: npt.NDArray[np.uint64],
    kind: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Take some rows of the columns; where they are all, as in most files, without a copy."""
    if rows.size < content.size:
        content, length, kind = content[rows], length[rows], kind[rows]
    return content, length.astype(np.int32), kind


def _of_zram(where: str, table: pa.Table) -> npt.NDArray[np.bool_]:
    """Return which rows are of zram; without a column `tier` none."""
    if not _has(table, "tier") or not table.num_rows:
        return np.zeros(table.num_rows, np.bool_)
    column = texts(_in_one(table.column("tier")))
    if column.unfit is not None:
        row, found, expected = column.unfit
        raise CodecError(f"{where}: row {row}, column tier: found {found}; expected {expected}")
    _check_nulls(where, column.index >= 0, "tier")
    for at, name in enumerate(column.values):
        rows = np.flatnonzero(column.index == at)
        if name not in ("zram", "zswap") and rows.size:
            raise CodecError(f"{where}: row {rows[0]}, column tier: found {name!r}; expected zram or zswap")
    return np.array([name == "zram" for name in column.values], np.bool_)[column.index]


def _compressors(where: str, table: pa.Table) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return for every row an index into the canonical names that follow."""
    if not _has(table, "compressor") or not table.num_rows:
        return np.zeros(table.num_rows, np.int64), [""]
    column = texts(_in_one(table.column("compressor")))
    if column.unfit is not None:
        row, found, expected = column.unfit
        raise CodecError(f"{where}: row {row}, column compressor: found {found}; expected {expected}")
    _check_nulls(where, column.index >= 0, "compressor")
    used = set(np.unique(column.index).tolist())  # a dictionary may hold more than its column
    canonical = [_canonical(name) if at in used else "" for at, name in enumerate(column.values)]
    names = sorted({canonical[at] for at in used})
    # "zstd" and "zstd:3" are one compressor.
    merged = np.array([names.index(name) if name in names else 0 for name in canonical], np.int64)
    return merged[column.index], names


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
