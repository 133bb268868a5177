"""All that is wrong with a trace, not only the first thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from zswap_replay.trace.reader import ColumnsError, Problem, TraceReader


@dataclass
class Problems:
    """What was found wrong with a trace, or that nothing was."""

    problems: list[Problem] = field(default_factory=list)
    """The first ones, in the order of the rows."""
    cut_off: bool = False
    """Whether there are more."""
    rows: int = 0
    """Rows of the trace; 0 where its columns do not fit."""
    page_events: int = 0
    """Rows of those that are page events."""
    sha256: str | None = None
    """The digest of a trace that is good."""
    xxh3: str | None = None
    """The fast digest of a trace that is good."""

    def as_json(self) -> dict[str, Any]:
        """Return the problems as JSON."""
        return {
            "rows": self.rows,
            "good": not self.problems,
            "sha256": self.sha256,
            "xxh3": self.xxh3,
            "problems": [asdict(problem) for problem in self.problems],
            "cut_off": self.cut_off,
        }


def problems(
    opened: Callable[[], TraceReader], limit: int, progress: Callable[[int, int], None] | None = None
) -> Problems:
    """Open and read a whole trace and return at most `limit` of its problems.

    ``progress`` is told the rows read and the rows in all. Where columns do not fit, the rows are not read.

    Raises TraceError: there is nothing that could be read as a trace.
    """
    try:
        reader = opened()
    except ColumnsError as error:
        return Problems(error.problems[:limit], len(error.problems) > limit)
    found = list(islice(reader.problems(progress), limit + 1))
    more, digest = len(found) > limit, reader.digest
    if digest is None:
        return Problems(found[:limit], more, reader.num_rows, reader.page_events)
    return Problems(found, more, reader.num_rows, reader.page_events, digest.sha256, digest.xxh3)
