"""The table of docs/tune.md: what the search finds on each bundled trace, beside the default settings."""

from __future__ import annotations

import os
from pathlib import Path

from tests.conformance.documents import DOCS, assert_table
from tests.unit.tune.bundled import CASES, HEADS, row

CHEAP = ("build, 8M", "db", "story")


def test_the_table_is_what_is_found(tmp_path: Path) -> None:
    """Of the cheap ones: all of them take ten seconds, and are made anew where ZSWAP_REPLAY_ACCEPT is 1."""
    if os.environ.get("ZSWAP_REPLAY_ACCEPT") == "1":
        lines = [HEADS, ("---", "---", "--:", "--:", "--:", "---"), *(row(case, tmp_path) for case in CASES)]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        assert_table("tune.md", "the answers", text)
    page = (DOCS / "tune.md").read_text(encoding="utf-8")
    shown = page.partition("<!-- the answers -->\n")[2].partition("\n<!--")[0].splitlines()[2:]
    rows = {cells[0]: tuple(cells) for line in shown if (cells := line.strip("| ").split(" | "))}
    assert list(CASES) == list(rows)
    for case in CHEAP:
        assert row(case, tmp_path) == rows[case]
