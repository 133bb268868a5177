"""The trace format, schemas 1 and 2: its columns, and the names that ``events`` defines for what they hold."""

from __future__ import annotations

import pyarrow as pa

from zswap_replay.trace.events import (
    EVENT_CODES,
    EVENT_NAMES,
    MEMCG_KNOBS,
    PARAMS,
    RECLAIM_KEY,
    ROOT,
    ROOT_KNOBS,
    SECOND_SCHEMA,
    Event,
    knobs,
    parent_path,
    parse_knob,
    path_fault,
    with_ancestors,
)

__all__ = [
    "EVENT_CODES",
    "EVENT_NAMES",
    "FOREIGN_PREFIX",
    "MEMCG_KNOBS",
    "PARAMS",
    "RECLAIM_KEY",
    "REQUIRED_COLUMNS",
    "ROOT",
    "ROOT_KNOBS",
    "SCHEMA",
    "SCHEMA_VERSIONS",
    "SECOND_SCHEMA",
    "TEXT_COLUMNS",
    "Event",
    "knobs",
    "parent_path",
    "parse_knob",
    "path_fault",
    "with_ancestors",
]

SCHEMA_VERSIONS = (1, 2)
"""The values of the metadata key ``zswap_replay.schema`` that this package reads.

It writes 2 where a trace has an event of SECOND_SCHEMA, else 1.
"""

_TEXT = pa.dictionary(pa.int32(), pa.string())

SCHEMA = pa.schema(
    [
        pa.field("time_ns", pa.uint64(), nullable=False),
        pa.field("event", _TEXT, nullable=False),
        pa.field("memcg", _TEXT),
        pa.field("page", pa.uint64()),
        pa.field("count", pa.uint32()),
        pa.field("node", pa.uint8()),
        pa.field("content", pa.uint64()),
        pa.field("key", _TEXT),
        pa.field("value", pa.string()),
    ]
)
"""The Arrow schema that the writer writes. The reader also takes columns in any order, and plain strings."""

REQUIRED_COLUMNS = ("time_ns", "event")
TEXT_COLUMNS = ("event", "memcg", "key", "value")
FOREIGN_PREFIX = "x_"
"""How names of other programs' columns begin; the reader ignores them."""
