"""The table of docs/rules.md: what each rule does alone on the story's trace."""

from __future__ import annotations

import os

from tests.conformance.documents import DOCS, assert_table
from tests.conformance.rule_table import Bench, cell, spelled, table
from zswap_replay.mm.releases import RELEASES

SHOWN = "6.12"


def test_the_table_is_what_replays_give() -> None:
    """Of one release: all of them take a quarter of a minute, and are made anew where ZSWAP_REPLAY_ACCEPT is 1."""
    if os.environ.get("ZSWAP_REPLAY_ACCEPT") == "1":
        assert_table("rules.md", "the rules", "\n".join(table()))
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    lines = page.partition("<!-- the rules -->\n")[2].partition("\n<!--")[0].splitlines()
    (names, _, own, *rows) = [[each.strip() for each in line.strip("|").split("|")] for line in lines]
    assert ["", *RELEASES] == names
    column = names.index(SHOWN)
    bench = Bench()
    assert spelled(bench.figures(SHOWN)) == own[column]
    assert len(rows) > 15
    for row in rows:
        rule, _, value = row[0].strip("`").partition("=")
        assert cell(bench, RELEASES[SHOWN], rule, value) == row[column], row[0]
