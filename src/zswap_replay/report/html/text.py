"""Names that come from users (memcg paths, traces) made safe for a page, a chart or a file's name."""

from __future__ import annotations

import re

_ELLIPSIS = "…"


def plain(text: str) -> str:
    """Replace every character of ``text`` that cannot be printed by its escape."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )


def short(text: str, most: int) -> str:
    """Shorten ``text`` to at most ``most`` characters; the middle is left out, as the end of a path says the most."""
    text = plain(text)
    if len(text) <= most:
        return text
    tail = (most - 1) * 2 // 3
    return text[: most - 1 - tail] + _ELLIPSIS + text[len(text) - tail :]


def slug(text: str) -> str:
    """Turn ``text`` into a part of a file's name: small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
