"""A measurement as a file of lengths: for ``run --lengths``, ``memory fit``, ``trace annotate`` and ``report``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from zswap_replay.codec.length_table import LengthTable
from zswap_replay.codec.lengths_file import KnownLengths, read_lengths, write_tables
from zswap_replay.errors import CodecError, ResultError
from zswap_replay.json_value import Value
from zswap_replay.memory.figures import EntropyClass, SourceFigures
from zswap_replay.memory.measurement import Measurement, Times, about
from zswap_replay.mm.releases import DEFAULT_RELEASE

_T = TypeVar("_T")

ANY = "any"
"""The name of a compressor in a file that names none."""


def write(
    path: str, measurement: Measurement, *, inputs: Sequence[str] = (), overwrite: bool = False
) -> None:
    """Write a measurement to a file. Raises SettingsError, OSError as ``codec.lengths_file.write_tables`` does."""
    write_tables(
        path,
        {
            name: LengthTable(measurement.content, length, measurement.kind)
            for name, length in measurement.length.items()
        },
        measurement.kernel,
        json.dumps(about(measurement)),
        inputs=inputs,
        overwrite=overwrite,
    )


def read(path: str, name: str | None = None) -> Measurement:
    """Read a file of lengths, one that ``write`` made or any other; ``name`` is what errors call it.

    Of several compressors the contents are kept that all have; a file without any names its lengths ``any``. What such
    a file does not say, as times and entropy, is left empty.

    Raises CodecError: it is no such file, or has no content with a length.
    """
    try:
        known = read_lengths(path)
    except CodecError as error:
        raise CodecError(str(error).replace(path, name or path, 1)) from None
    path = name or path
    tables = {name or ANY: table for name, table in known.tables.items()}
    content = None
    for table in tables.values():
        content = table.content if content is None else np.intersect1d(content, table.content)
    if content is None or not content.size:
        raise CodecError(
            f"{path}: found no content that each compressor has a length of; expected one or more"
        )
    kinds, lengths = None, {}
    for name, table in tables.items():
        at = np.searchsorted(table.content, content)
        lengths[name], kinds = table.length[at], table.kind[at]
    assert kinds is not None
    bare = Measurement(known.kernel or DEFAULT_RELEASE, content, kinds, lengths)
    if known.about is None:
        return bare
    try:
        return _told(bare, Value.of(_parsed(known), "zswap_replay.memory"))
    except (ResultError, ValueError, ZeroDivisionError) as error:
        raise CodecError(f"{path}: metadata {error}") from None


def _parsed(known: KnownLengths) -> dict[str, Any]:
    try:
        found = json.loads(known.about or "{}")
    except (ValueError, RecursionError) as error:
        raise ResultError(f"zswap_replay.memory: found no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ResultError("zswap_replay.memory: found no object; expected one")
    return found


def _told(bare: Measurement, value: Value) -> Measurement:
    """Add to lengths what the file says of them. Raises ResultError, ValueError: a value that is none of its kind."""
    order = [name for name, _ in value["times"].items() if name in bare.length]
    return Measurement(
        bare.kernel,
        bare.content,
        bare.kind,
        {name: bare.length[name] for name in (*order, *(each for each in bare.length if each not in order))},
        tuple(
            SourceFigures(
                each["name"].text(), each["kind"].text(), each["pages"].integer(), each["left_out"].integers()
            )
            for each in value["sources"].list()
        ),
        Fraction(value["sample"].text()),
        value["blur"].integer(),
        {name: _times(times) for name, times in value["times"].items()},
        _or_none(value["duplicates"], Value.integer),
        value["twins"].integer(),
        value["twin_groups"].integer(),
        tuple(
            EntropyClass(
                each["least"].integer(),
                each["most"].integer(),
                each["pages"].integer(),
                {name: _or_none(ratio, Value.number) for name, ratio in each["ratios"].items()},
            )
            for each in value["entropy"].list()
        ),
    )


def _times(value: Value) -> Times:
    compress, decompress = value.list()
    return _or_none(compress, Value.number), _or_none(decompress, Value.number)


def _or_none(value: Value, read_it: Callable[[Value], _T]) -> _T | None:
    return None if value.content is None else read_it(value)
