"""Tables in docs/ that tests keep current: what stands between two markers is what the replay gives.

``ZSWAP_REPLAY_ACCEPT=1 pytest tests/conformance`` writes them anew; ``git diff docs`` then shows what changed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the columns after the first hold numbers."""
    lines = [heads, ["---", *("--:" for _ in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def assert_table(page: str, name: str, actual: str) -> None:
    """Compares ``actual`` with what ``page`` has between the markers of ``name``, or puts it there on request."""
    path = DOCS / page
    begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    assert found, f"{page} has no marker {begin.strip()}"
    expected, found, after = rest.partition(end)
    assert found, f"{page} has no marker {end.strip()}"
    if os.environ.get("ZSWAP_REPLAY_ACCEPT") == "1":
        path.write_text(f"{before}{begin}{actual}{end}{after}", encoding="utf-8")
        return
    assert expected == actual, f"docs/{page}: {name} differs; ZSWAP_REPLAY_ACCEPT=1 accepts the new table"
