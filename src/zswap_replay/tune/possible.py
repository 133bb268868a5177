"""What a trace itself bounds, whatever is set: a constraint beyond it is refused before the first replay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from zswap_replay.errors import SettingsError
from zswap_replay.files import shown
from zswap_replay.trace.reader import TraceReader
from zswap_replay.trace.schema import Event
from zswap_replay.tune.goals import Constraint

_FIXED: Final = "replay.accesses"
"""What every replay counts alike."""
_AT_MOST: Final = ("vmstat.pgmajfault", "replay.first_touches")
"""What an access counts at most once."""


def check_possible(
    trace: str, reader: TraceReader, constraints: Sequence[Constraint], *, whole: bool
) -> None:
    """Refuse a trace that names no page, and constraints that its accesses rule out under any settings.

    ``reader`` may have its rows in memory. ``whole`` says that the replay is of all rows, so that its accesses are
    those of the trace. Raises SettingsError. TraceError: a bad row.
    """
    if not _names_pages(reader):
        raise SettingsError(
            f"{shown(trace)}: found no access of a page, so that no setting changes a figure; expected some"
        )
    bounded = [each for each in constraints if each.column in (_FIXED, *_AT_MOST)]
    if not bounded or not whole:
        return
    accesses = _accesses(reader)
    for each in bounded:
        fixed = each.column == _FIXED
        least = accesses if fixed else 0
        if not _can_be_met(each, least, accesses):
            told = (
                f"{accesses:,} under any settings"
                if fixed
                else f"at most {accesses:,}, the accesses of {shown(trace)}"
            )
            raise SettingsError(f"--subject-to {each.text!r}: nothing can meet it: {each.column} is {told}")


def _can_be_met(constraint: Constraint, least: int, most: int) -> bool:
    """Tell whether a whole number between two meets a constraint."""
    tried = {
        least,
        most,
        *(number for near in (-1, 0, 1) if least <= (number := int(constraint.bound) + near) <= most),
    }
    return any(constraint.missed_by(number) == 0 for number in tried)


def _names_pages(reader: TraceReader) -> bool:
    return any((batch.event <= Event.DISCARD).any() for batch in reader.again().batches())


def _accesses(reader: TraceReader) -> int:
    found = 0
    for batch in reader.again().batches():
        found += int(
            batch.count[(batch.event == Event.READ) | (batch.event == Event.WRITE)].sum(dtype=np.uint64)
        )
    return found
