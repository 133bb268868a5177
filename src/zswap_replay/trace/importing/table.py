"""Tables of any columns as rows of a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.importing.expressions import Mapped, parse_columns
from zswap_replay.trace.importing.job import Job
from zswap_replay.trace.importing.owners import path_of
from zswap_replay.trace.importing.values import BadValueError, event_names, memcg_paths, numbers_of, texts_of
from zswap_replay.trace.schema import SCHEMA, TEXT_COLUMNS
from zswap_replay.units import listed, shortened

_NUMBERS = {field.name: field.type for field in SCHEMA if field.name not in TEXT_COLUMNS}


class TableImport:
    """The columns of an input, block by block, on their way to a trace."""

    def __init__(
        self,
        job: Job,
        columns: Sequence[str],
        given: Sequence[str],
        *,
        event: str,
        step_ns: int,
        hexadecimal: Sequence[str] = (),
    ) -> None:
        """Find which columns are read. Raises SettingsError: as parse_columns does, or no column gives the pages."""
        self._job = job
        where = job.source.name
        self._mapped = parse_columns(given, columns, where)
        names = {each.name for each in self._mapped}
        known = listed([shortened(" ".join(name.split())) for name in columns])
        if "page" not in names:
            raise SettingsError(
                f"{where}: no column page; it has {known}: name one with --column page=COLUMN, "
                "or page=COLUMN>>12 for addresses"
            )
        for column in hexadecimal:
            if column not in columns:
                raise SettingsError(f"--hex {column}: {where} has no column {column!r}; it has {known}")
        self._hex = frozenset(hexadecimal)
        self._event, self._step_ns = event, step_ns
        self._has_event, self._has_memcg = "event" in names, "memcg" in names
        if job.memcg is not None and self._has_memcg:
            raise SettingsError(
                f"--memcg {job.memcg}: a column of {where} gives the memcg; expected one of the two "
                f"(--column without memcg)"
            )
        self._owner = (
            None if self._has_memcg else job.new_memcg(job.memcg or path_of(job.source.stem or "program"))
        )
        self._memcg = job.memcg or path_of(job.source.stem or "program")
        job.checks = True
        self._named: dict[str, int] = {}
        """By path, the memcgs of programs that a column names."""
        self._rows = 0

    @property
    def columns(self) -> list[str]:
        """The columns of the input that are read, each once."""
        return list(dict.fromkeys(each.column for each in self._mapped))

    def write(self, arrays: dict[str, pa.Array[Any]], line: npt.NDArray[np.int64]) -> None:
        """Write rows, whose numbers in the input are `line`. Raises TraceError: the first that cannot be one."""
        length = len(line)
        if not length:
            return
        columns: dict[str, pa.Array[Any]] = {}
        times = np.empty(0, np.uint64)
        owner: npt.NDArray[np.int32] | None = None
        bad: tuple[BadValueError, Mapped] | None = None
        for mapped in self._mapped:
            array = arrays[mapped.column]
            try:
                if mapped.name in _NUMBERS:
                    values, null = numbers_of(array, mapped, hexadecimal=mapped.column in self._hex)
                    columns[mapped.name] = _fitting(values, null, mapped.name)
                    if mapped.name == "time_ns":
                        if null is not None and null.any():
                            raise BadValueError(int(null.argmax()), "no value", "a time")
                        times = values
                elif mapped.name == "event":
                    columns["event"] = event_names(array)
                elif mapped.name == "memcg":
                    columns["memcg"], owner = self._memcgs_of(array)
                else:
                    columns[mapped.name] = texts_of(array)
            except BadValueError as error:
                if bad is None or error.row < bad[0].row:
                    bad = error, mapped
        if bad is not None:
            worst, mapped = bad
            raise TraceError(
                f"{self._job.source.name}: {self._job.unit} {line[worst.row]}, column {mapped.column}: "
                f"found {worst.found}; expected {worst.expected}"
            )
        if self._owner is not None:
            owner = np.full(length, self._owner, np.int32)
            columns["memcg"] = pa.DictionaryArray.from_arrays(
                np.zeros(length, np.int32), pa.array([self._memcg])
            )
        if "time_ns" not in columns:
            times = self._job.times(
                np.arange(self._rows, self._rows + length, dtype=np.uint64), self._step_ns
            )
        if not self._has_event:
            columns["event"] = pa.array([self._event] * length)
        columns["time_ns"] = pa.array(times)
        made = [
            columns[field.name].cast(field.type) if field.name in columns else pa.nulls(length, field.type)
            for field in SCHEMA
        ]
        self._job.write_table(pa.Table.from_arrays(made, schema=SCHEMA), times, line, owner)
        self._rows += length
        self._job.read += length

    def _memcgs_of(self, array: pa.Array[Any]) -> tuple[pa.Array[Any], npt.NDArray[np.int32] | None]:
        """Return the paths of a column of memcgs, and where it has names of programs, whose memcgs they are."""
        paths, named = memcg_paths(array)
        if not named:
            return paths, None  # the rows themselves create what is created
        numbers = [-1 if path is None else self._number(path) for path in paths.dictionary.to_pylist()]
        index = paths.indices.fill_null(len(numbers)).to_numpy(zero_copy_only=False)
        return paths, np.array([*numbers, -1], np.int32)[index]

    def _number(self, path: str) -> int:
        number = self._named.get(path)
        if number is None:
            number = self._named[path] = self._job.new_memcg(path)
        return number


def _fitting(values: npt.NDArray[np.uint64], null: npt.NDArray[np.bool_] | None, name: str) -> pa.Array[Any]:
    """Return numbers as the type of a column. Raises BadValueError: one does not fit it."""
    kind = _NUMBERS[name]
    if kind != pa.uint64():
        most = (1 << kind.bit_width) - 1
        over = values > np.uint64(most)
        if null is not None:
            over &= ~null
        if over.any():
            row = int(over.argmax())
            raise BadValueError(row, str(int(values[row])), f"a whole number from 0 to {most:,}")
    return pa.array(values, mask=null).cast(kind)
