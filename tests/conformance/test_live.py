"""Captures of a live kernel by each tool: their replays have that kernel's counters, all of them at every snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.captures import MINI, RECORDED, SHARED
from zswap_replay.compare.live_check import live_check

LOSSY = ("lost-events", "cut-short", "first-")
"""In the names of captures that are not whole."""

WITH_COUNTERS = sorted(
    text
    for pattern in ("*/*.txt", "*/*.txt.xz")
    for text in SHARED.glob(pattern)
    if (text.parent / (text.name.split(".")[0] + ".counters.json")).exists()
    and not text.name.endswith((".env.txt", ".counters.txt", ".profile.txt", ".buffer-stats.txt"))
)
"""Those that stand beside the repository, with the counters that were saved with each."""

WHOLE = [MINI, *(text for text in WITH_COUNTERS if not any(word in text.name for word in LOSSY))]
LOST = [
    RECORDED / "lost-events.txt.xz",
    *(text for text in WITH_COUNTERS if any(word in text.name for word in LOSSY)),
]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("text", WHOLE, ids=name_of)
def test_a_capture_replays_to_the_counters_of_its_kernel(text: Path) -> None:
    checked = live_check(text)
    assert [] == [each.as_json() for each in checked.differences]
    assert checked.holds
    assert len(checked.values) >= 20
    # a read that was seen is a read of the device where zswap had no entry, and not one more
    pswpin = checked.capture.saved[-1].vmstat["pswpin"] - checked.capture.saved[0].vmstat["pswpin"]
    assert pswpin == checked.result.counters["pswpin"]


@pytest.mark.parametrize("text", LOST, ids=name_of)
def test_a_capture_that_lost_events_says_how_many(text: Path) -> None:
    checked = live_check(text)
    assert not checked.holds
    assert {"zswpout", "zswpin", "zswpwb", "pswpout"} == {each.counter for each in checked.capture.short}
    assert all(0 < each.missing <= each.kernel for each in checked.capture.short)
