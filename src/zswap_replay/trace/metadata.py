"""The file-level metadata of a trace, which hold for every row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.schema import SCHEMA_VERSIONS
from zswap_replay.units import PAGE_SIZE, parse_rate, quoted, whole

_PREFIX = "zswap_replay."


@dataclass(frozen=True)
class TraceMetadata:
    """The metadata of a trace: bytes of a page, pages of memory, NUMA nodes, origin, payload recipe and schema.

    Of a sample, the share of the pages that it has; of the end of a trace that was cut, the rows of its prologue.
    """

    page_size: int = PAGE_SIZE
    totalram_pages: int | None = None
    nodes: int | None = None
    origin: str | None = None
    recipe: dict[str, Any] | None = None
    schema: int = 1
    sample_rate: Fraction | None = None
    prologue_rows: int | None = None

    def encode(self) -> dict[bytes, bytes]:
        """Return the metadata as the key-value pairs of a Parquet file."""
        values = {"schema": str(self.schema), "page_size": str(self.page_size)}
        if self.totalram_pages is not None:
            values["totalram_pages"] = str(self.totalram_pages)
        if self.nodes is not None:
            values["nodes"] = str(self.nodes)
        if self.origin is not None:
            values["origin"] = self.origin
        if self.recipe is not None:
            values["recipe"] = json.dumps(self.recipe, sort_keys=True)
        if self.sample_rate is not None:
            values["sample_rate"] = str(self.sample_rate)
        if self.prologue_rows is not None:
            values["prologue_rows"] = str(self.prologue_rows)
        return {(_PREFIX + key).encode(): value.encode() for key, value in values.items()}


def decode_metadata(file: str, raw: Mapping[bytes, bytes] | None) -> TraceMetadata:
    """Decode the key-value pairs `raw` of the Parquet file `file`; keys of other programs are ignored.

    Raises TraceError: a value that its key cannot have, or a schema that is not known.
    """
    texts: dict[str, str] = {}
    for name, value in (raw or {}).items():
        if name.startswith(_PREFIX.encode()):
            texts[name.decode(errors="replace")[len(_PREFIX) :]] = value.decode(errors="replace")

    def fault(key: str, expected: str) -> TraceError:
        return TraceError(f"{file}: metadata {_PREFIX}{key}: found {quoted(texts[key])}; expected {expected}")

    def number(key: str, expected: str, highest: int) -> int | None:
        if key not in texts:
            return None
        text = texts[key]
        if not (text.isascii() and text.isdigit()) or not 1 <= whole(text) <= highest:
            raise fault(key, expected)
        return int(text)

    def rate() -> Fraction | None:
        if "sample_rate" not in texts:
            return None
        try:
            return parse_rate(texts["sample_rate"])
        except SettingsError:
            raise fault("sample_rate", "a share of the pages, such as 1/10") from None

    if texts.get("schema", "1") not in map(str, SCHEMA_VERSIONS):
        raise fault("schema", " or ".join(map(str, SCHEMA_VERSIONS)))
    if texts.get("page_size", str(PAGE_SIZE)) != str(PAGE_SIZE):
        raise fault("page_size", str(PAGE_SIZE))
    recipe = None
    if "recipe" in texts:
        try:
            recipe = json.loads(texts["recipe"])
        except (ValueError, RecursionError) as error:
            raise fault("recipe", f"JSON ({error})") from None
        if not isinstance(recipe, dict):
            raise fault("recipe", "a JSON object")
    return TraceMetadata(
        schema=int(texts.get("schema", "1")),
        totalram_pages=number("totalram_pages", "a number of pages above 0", (1 << 52) - 1),
        nodes=number("nodes", "a number of NUMA nodes from 1 to 256", 256),
        origin=texts.get("origin"),
        recipe=recipe,
        sample_rate=rate(),
        prologue_rows=number("prologue_rows", "a number of rows", (1 << 62) - 1),
    )


def joined_metadata(known: TraceMetadata, found: TraceMetadata, name: str) -> TraceMetadata:
    """Add the metadata of the next file of a folder. Raises TraceError: they differ from those of the files before."""
    for key in ("totalram_pages", "nodes", "recipe"):
        old, new = getattr(known, key), getattr(found, key)
        if new is not None and old is None:
            known = replace(known, **{key: new})
        elif new is not None and new != old:
            raise TraceError(
                f"{name}: metadata zswap_replay.{key}: found {new}; expected {old}, as in the files before"
            )
    if known.sample_rate != found.sample_rate:
        raise TraceError(
            f"{name}: metadata zswap_replay.sample_rate: found {found.sample_rate or 'none'}; "
            f"expected {known.sample_rate or 'none'}, as in the files before"
        )
    return replace(known, schema=max(known.schema, found.schema))
