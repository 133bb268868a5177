"""Whether memory holds what a trace is about to touch: told before an access of many pages begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from zswap_replay.errors import SettingsError
from zswap_replay.lib.host_memory import available_memory
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.info import PagesSeen
from zswap_replay.trace.schema import EVENT_NAMES, Event

WIDE: Final = 1 << 20
"""Pages of an access from which on it is looked at beforehand."""

PAGE_BYTES: Final = 54
"""Memory that a page takes which was touched: its struct, its flags, and its places in the table and on a list."""

MOST_PAGES: Final = 1 << 30
"""Pages that the page table has numbers for."""


def check_room(
    trace: str, batch: Batch, rows: int, held: Callable[[], int], page_bytes: int = PAGE_BYTES
) -> None:
    """Check that memory holds the pages which the wide accesses among the first ``rows`` rows of a batch name.

    ``held`` counts the pages that are held already; each takes ``page_bytes``.

    Raises SettingsError: it does not; nothing was touched yet.
    """
    if batch.facts.all_single:
        return
    count = batch.count[:rows]
    if int(count.max()) < WIDE:
        return
    wide = np.flatnonzero((count >= WIDE) & (batch.event[:rows] <= Event.WRITE))
    if not wide.size:
        return
    known = held()
    most = min(MOST_PAGES, known + available_memory() // page_bytes)
    if _pages(batch, wide) <= most:
        return
    fits, fails = 0, len(wide)  # the number of wide rows that fit, and one that does not
    while fails - fits > 1:
        middle = (fits + fails) // 2
        fits, fails = (middle, fails) if _pages(batch, wide[:middle]) <= most else (fits, middle)
    row = int(wide[fails - 1])
    raise SettingsError(
        f"{trace}: row {batch.first_row + row}, column count: found {EVENT_NAMES[batch.event[row]]} of {count[row]:,} "
        f"pages; expected no more than memory holds, {most:,} pages, {known:,} of them touched already"
    )


def _pages(batch: Batch, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> int:
    """Count the distinct pages that some rows name."""
    seen: dict[int, PagesSeen] = {}
    for memcg in np.unique(batch.memcg[rows]).tolist():
        own = rows[batch.memcg[rows] == memcg]
        first = batch.page[own]
        seen.setdefault(memcg, PagesSeen()).add(first, first + (batch.count[own] - np.uint32(1)))
    return sum(each.count for each in seen.values())
