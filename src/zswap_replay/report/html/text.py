"""Names from outside (memcg paths, traces) as text that can stand in a page, a chart or a file's name."""

from __future__ import annotations

import re

_ELLIPSIS = "…"


def plain(text: str) -> str:
    """``text`` with every character that cannot be printed written as its escape."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )


def short(text: str, most: int) -> str:
    """``text`` in at most ``most`` characters, its middle left out: the end of a path tells the most."""
    text = plain(text)
    if len(text) <= most:
        return text
    tail = (most - 1) * 2 // 3
    return text[: most - 1 - tail] + _ELLIPSIS + text[len(text) - tail :]


def slug(text: str) -> str:
    """``text`` as a part of a file's name: letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
