"""Rows of a trace as the replay sees them: numpy columns, with texts interned or parsed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from zswap_replay.trace.schema import Event

NO_MEMCG = -1
"""The memcg of a row that names none."""


@dataclass(frozen=True)
class Control:
    """One row that does more than touch pages: a snapshot, a memcg event or a module parameter."""

    row: int
    """Index of the row in its batch."""
    time_ns: int
    event: Event
    memcg: int
    """Id of the memcg, or NO_MEMCG for machine events."""
    key: str | None
    value: int | str | None
    """As schema.parse_knob() gives it; None for events that write nothing."""


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of a trace; every array is C-contiguous, writable, and as long as the others."""

    first_row: int
    """Number of the batch's first row in the whole trace, from 0."""
    time_ns: npt.NDArray[np.uint64]
    event: npt.NDArray[np.uint8]
    """Codes of schema.Event."""
    memcg: npt.NDArray[np.int32]
    """Ids into TraceReader.paths, or NO_MEMCG."""
    page: npt.NDArray[np.uint64]
    count: npt.NDArray[np.uint32]
    node: npt.NDArray[np.uint8]
    content: npt.NDArray[np.uint64]
    """Content ids; 0 where has_content is 0."""
    has_content: npt.NDArray[np.uint8]
    controls: list[Control] = field(default_factory=list)
    """The rows whose event is SNAPSHOT or above, in order."""

    def __len__(self) -> int:
        return len(self.time_ns)
