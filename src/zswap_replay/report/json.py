"""Results as JSON, for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from zswap_replay.result import SCHEMA, Result


def render(results: Sequence[Result], *, timing: bool) -> str:
    """One object for one result; for several, an object whose ``runs`` holds one such object each."""
    runs = [result.as_json(timing=timing) for result in results]
    document = runs[0] if len(runs) == 1 else {"schema": SCHEMA, "runs": runs}
    return json.dumps(document, indent=2) + "\n"
