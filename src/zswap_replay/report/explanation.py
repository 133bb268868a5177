"""The sentences that explain results, as text and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from zswap_replay.compare.explain import explain
from zswap_replay.result.labels import labels
from zswap_replay.result.result import Result


def as_text(results: Sequence[Result], width: int) -> str:
    """Write a line for each sentence, wrapped at ``width`` columns; where there are several results, with a heading."""
    parts = []
    for label, result in zip(labels(results), results, strict=True):
        lines = [
            textwrap.fill(
                sentence.text,
                width,
                initial_indent="- ",
                subsequent_indent="  ",
                break_long_words=False,
                break_on_hyphens=False,
            )
            for sentence in explain(result)
        ]
        parts.append("\n".join([f"{label}:", *lines] if len(results) > 1 else lines))
    return "\n\n".join(parts) + "\n"


def as_json(results: Sequence[Result]) -> str:
    """Write the list of all sentences, each with its result's label, what it is about, and its counters by name."""
    return (
        json.dumps(
            [
                {
                    "result": label,
                    "about": sentence.about,
                    "text": sentence.text,
                    "counters": dict(sentence.counters),
                }
                for label, result in zip(labels(results), results, strict=True)
                for sentence in explain(result)
            ],
            indent=2,
        )
        + "\n"
    )
