"""The table of docs/zswap-or-zram.md: each tier on each bundled trace."""

from __future__ import annotations

import os
from pathlib import Path

from tests.conformance.documents import DOCS, assert_table
from tests.conformance.tiers import CASES, row, table

CHEAP = (("build", "0.5ws"), ("story", "none"))


def test_the_table_is_what_replays_give(tmp_path: Path) -> None:
    """Of the cheap ones: all of them take a quarter of a minute, and are made anew where ZSWAP_REPLAY_ACCEPT is 1."""
    if os.environ.get("ZSWAP_REPLAY_ACCEPT") == "1":
        assert_table("zswap-or-zram.md", "the tiers", table(tmp_path))
    page = (DOCS / "zswap-or-zram.md").read_text(encoding="utf-8")
    lines = page.partition("<!-- the tiers -->\n")[2].partition("\n<!--")[0].splitlines()[2:]
    rows = {tuple(cells[:2]): cells for line in lines if (cells := line.strip("| ").split(" | "))}
    assert list(CASES) == list(rows)
    for case in CHEAP:
        assert row(*case, tmp_path) == rows[case]
