"""The colours of charts and page, by role: for a light and a dark background, and as CSS variables.

Charts name roles and never a colour, so that one drawing follows the reader's light or dark setting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SERIES = 8
"""Number of colours that tell series apart; further series repeat them."""

HEAT_STEPS = 9
"""Number of colours of a heat map, from least to most."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A colour (``#rrggbb`` or a CSS value) for each role."""

    colours: dict[str, str]

    def __getitem__(self, role: str) -> str:
        return self.colours[role]

    def series(self, place: int) -> str:
        """Return the colour of the series at ``place``, counted from 0."""
        return self.colours[f"series-{place % SERIES}"]


def _theme(base: dict[str, str], series: str, heat: str, dark_text_to: int, texts: tuple[str, str]) -> Theme:
    steps = {f"heat-{place}": colour for place, colour in enumerate(heat.split())}
    on_steps = {f"heat-text-{place}": texts[place >= dark_text_to] for place in range(HEAT_STEPS)}
    hues = {f"series-{place}": colour for place, colour in enumerate(series.split())}
    return Theme(base | hues | steps | on_steps)


LIGHT = _theme(
    {
        "page": "#f6f7f9",
        "surface": "#ffffff",
        "text": "#1c2430",
        "muted": "#586374",
        "grid": "#e4e8ee",
        "border": "#dde2e9",
        "limit": "#7a8494",
        "link": "#1b62b5",
        "warning": "#8a4b00",
        "warning-surface": "#fff6e5",
    },
    "#1f6fc0 #bf5408 #163f2b #8f1273 #3c1fae #92688d #6e4e26 #46154e",
    "#edf4fb #d3e4f5 #b4d1ed #8fb9e2 #669dd3 #3876b5 #2767a8 #16508a #0b3a69",
    5,
    ("#1c2430", "#ffffff"),
)
"""Colours on a light background."""

DARK = _theme(
    {
        "page": "#0f1318",
        "surface": "#171c23",
        "text": "#e8ecf2",
        "muted": "#a3afbf",
        "grid": "#2a323d",
        "border": "#2b333f",
        "limit": "#8b97a8",
        "link": "#7ab8ff",
        "warning": "#f5c06a",
        "warning-surface": "#2a2213",
    },
    "#62aef5 #f4975a #88fca3 #cc5aa5 #f3c2f1 #9a8458 #9bbc97 #976ff3",
    "#1b2836 #1f364d #234666 #285980 #2f6f9f #4188bd #62a5d6 #8fc4ea #c3e2f8",
    5,
    ("#e8ecf2", "#0f1318"),
)
"""Colours on a dark background."""

_ROLES = tuple(LIGHT.colours)
_STANDS_FOR = re.compile(r"#fe01([0-9a-f]{2})")

ROLES = Theme({role: f"#fe01{place:02x}" for place, role in enumerate(_ROLES)})
"""Colours that stand for roles in a drawing, for ``with_variables`` to replace."""


def with_variables(style: str) -> str:
    """Replace each colour of ``ROLES`` in a CSS declaration by the variable of its role."""
    return _STANDS_FOR.sub(lambda found: f"var(--{_ROLES[int(found[1], 16)]})", style)


def variables(theme: Theme) -> Iterator[tuple[str, str]]:
    """Yield the CSS variables of a theme and their values."""
    return ((f"--{role}", colour) for role, colour in theme.colours.items())
