"""Traces from any table of comma-separated values, and from what ``trace export csv`` writes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.importing.job import Common, Imported, Job, Progress, importing
from zswap_replay.trace.importing.lines import Block, blocks
from zswap_replay.trace.importing.source import Where
from zswap_replay.trace.importing.table import TableImport

_DELIMITERS = (",", "\t", ";", "|")
_RAGGED = re.compile(r"Row #(\d+): Expected \d+ columns, got (\d+)")
_NUMBER = re.compile(r"[0-9.]*")
_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "}


def import_csv(
    lines: Where,
    output: str | os.PathLike[str],
    *,
    column: Sequence[str] = (),
    hex: Sequence[str] = (),  # noqa: A002  # the name of the option
    event: str = "read",
    step_ns: int = 1000,
    delimiter: str | None = None,
    no_header: bool = False,
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    names: Callable[[Sequence[str]], Sequence[str]] | None = None,
    by_number: bool = False,
    made: str = "csv",
) -> Imported:
    """Turn a table of text into the trace `output`.

    `column` says which columns of a trace those of the input are, as parse_columns() reads it; without any they have
    the names of a trace's own columns. Columns of addresses in hexadecimal digits without 0x are named in `hex`.
    Where no column gives them, events are `event` and times `step_ns` apart. Without a header (`no_header`) the
    columns are 1, 2 and so on; they are where `by_number` is set too. `names` makes `column` of the header where
    there is one. The `delimiter` is, where it is not given, what the first line has of comma, tab, semicolon and bar.

    Raises TraceError: a line that cannot be read, or no access at all; SettingsError: columns or an output that
    cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(lines, common, made) as job:
        text = _Text(job, delimiter, no_header, by_number)
        table: TableImport | None = None
        for block in blocks(job.source):
            block = text.without_header(block)
            if table is None and text.columns:
                if names is not None:
                    column = names(text.columns)
                table = TableImport(job, text.columns, column, event=event, step_ns=step_ns, hexadecimal=hex)
                text.wanted = table.columns
            if table is None or not block.data:
                continue
            arrays, count = text.parse(block)
            table.write(arrays, np.arange(block.first, block.first + count, dtype=np.int64))
            job.tell()
        job.read += text.lines - job.read
        return job.finish("a table with a line for each event")


class _Text:
    """The lines of a table: its header, and its columns block by block."""

    def __init__(self, job: Job, delimiter: str | None, no_header: bool, by_number: bool) -> None:
        if delimiter is not None:
            delimiter = _NAMED.get(delimiter, delimiter)
            if len(delimiter) != 1 or not delimiter.isascii():
                raise SettingsError(f"--delimiter {delimiter!r}: expected one character, or tab")
        self._job = job
        self._delimiter = delimiter
        self._header = not no_header
        self._by_number = by_number or no_header
        self.columns: list[str] = []
        self.wanted: list[str] = []
        self.lines = 0

    def without_header(self, block: Block) -> Block:
        """Take the header from the first block; return what follows it."""
        self.lines = block.first + block.data.count(b"\n") - 1
        if self.columns:
            return block
        if not block.data.strip():
            return Block(b"", block.first)
        head, _, rest = block.data.partition(b"\n")
        line = head.decode("utf-8", "replace")
        if "\0" in line or "�" in line:
            raise self._job.fault(block.first, head, "a line of text")
        if self._delimiter is None:
            self._delimiter = max(_DELIMITERS, key=line.count)
        found = self._row(head)
        if self._by_number:
            self.columns = [str(number) for number in range(1, len(found) + 1)]
            return block if not self._header else Block(rest, block.first + 1, block.unfinished)
        self.columns = [name.strip().lstrip("#").strip() for name in found]
        if all(_NUMBER.fullmatch(name) for name in self.columns):
            raise self._job.fault(
                block.first, head, "names of columns (--no-header: the first line is a row)"
            )
        if len(set(self.columns)) < len(self.columns):
            twice = next(name for name in self.columns if self.columns.count(name) > 1)
            raise self._job.fault(block.first, twice, "columns of different names")
        return Block(rest, block.first + 1, block.unfinished)

    def _row(self, line: bytes) -> list[str]:
        try:
            read = self._read(line + b"\n")
        except pa.ArrowInvalid:
            raise self._job.fault(1, line, "a line of columns") from None
        return [str(column[0].as_py() or "") for column in read.columns]

    def parse(self, block: Block) -> tuple[dict[str, pa.Array[Any]], int]:
        """Return the columns that are wanted, as texts. Raises TraceError: a line with more or fewer columns."""
        data = block.data
        if len(self.columns) > 1:
            # lines without anything at the end, which some programs write
            data = data.rstrip(b"\n") + b"\n"
            if data == b"\n":
                return {}, 0
        try:
            read = self._read(data)
        except pa.ArrowInvalid as error:
            if block.unfinished:
                self._job.cut_off = True
                return {}, 0
            ragged = _RAGGED.search(str(error))
            if ragged is not None:
                raise TraceError(
                    f"{self._job.source.name}: line {block.first + int(ragged[1]) - 1}: found {ragged[2]} columns; "
                    f"expected {len(self.columns)}"
                ) from None
            for number, line in enumerate(block.lines(), block.first):
                try:
                    line.decode()
                except UnicodeDecodeError:
                    raise self._job.fault(number, line, "text in UTF-8") from None
            why = " ".join(str(error).split())[:200]
            raise TraceError(f"{self._job.source.name}: from line {block.first} on: {why}") from None
        return dict(zip(read.schema.names, read.columns, strict=True)), read.num_rows

    def _read(self, data: bytes) -> pa.RecordBatch:
        names = self.columns
        reading: Any = pacsv.read_csv  # takes Arrow's files too, of which the stubs do not know
        table = reading(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(
                use_threads=False,
                column_names=names or None,
                autogenerate_column_names=not names,
                block_size=max(len(data) + 1, 1 << 12),
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=self._delimiter or _DELIMITERS[0], ignore_empty_lines=False
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.string() for name in self.wanted or names},
                include_columns=self.wanted or None,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                check_utf8=True,
            ),
        )
        whole: pa.RecordBatch = table.combine_chunks().to_batches()[0]
        return whole
