"""Golden files: the exact text of an output, kept beside the tests.

A change that is meant is accepted with ``ZSWAP_REPLAY_ACCEPT=1 pytest tests/unit``, which writes the files
anew; ``git diff tests/unit/goldens`` then shows what changed.
"""

from __future__ import annotations

import os
from pathlib import Path

GOLDENS = Path(__file__).parent / "unit" / "goldens"


def assert_golden(name: str, actual: str, goldens: Path = GOLDENS) -> None:
    """Compares ``actual`` with the golden file ``name``, or writes it where ZSWAP_REPLAY_ACCEPT is 1."""
    golden = goldens / name
    if os.environ.get("ZSWAP_REPLAY_ACCEPT") == "1":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(actual, encoding="utf-8")
    expected = golden.read_text(encoding="utf-8")
    assert expected == actual, f"{golden.name} differs; ZSWAP_REPLAY_ACCEPT=1 accepts the new output"
