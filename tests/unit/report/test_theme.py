from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pytest

from zswap_replay.report.html.charts.theme import (
    DARK,
    HEAT_STEPS,
    LIGHT,
    ROLES,
    SERIES,
    Theme,
    with_variables,
)

Place = npt.NDArray[np.float64]

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])

SIGHTS = {
    "all colours": np.eye(3),
    # Machado, Oliveira and Fernandes (2009), severity 1
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(colour: str) -> Place:
    """Linear RGB of ``#rrggbb``."""
    values = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, two: str) -> float:
    """The contrast ratio of WCAG 2."""
    dark, light = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, two))
    return (light + 0.05) / (dark + 0.05)


def seen(colour: str, sight: Place) -> Place:
    """Where a colour lies in OKLab, as somebody with that sight sees it."""
    place: Place = TO_LAB @ np.cbrt(np.clip(TO_CONES @ np.clip(sight @ linear(colour), 0, 1), 0, None))
    return place


@THEMES
def test_text_can_be_read(theme: Theme) -> None:
    texts = {(role, ground) for role in ("text", "muted", "link") for ground in ("page", "surface")}
    texts |= {("warning", "warning-surface"), ("text", "warning-surface")}
    texts |= {(f"series-{slot}", "surface") for slot in range(SERIES)}  # the names at the ends of lines
    texts |= {(f"heat-text-{step}", f"heat-{step}") for step in range(HEAT_STEPS)}
    assert [] == [pair for pair in sorted(texts) if contrast(theme[pair[0]], theme[pair[1]]) < 4.5]


@THEMES
def test_lines_can_be_seen(theme: Theme) -> None:
    assert contrast(theme["limit"], theme["surface"]) >= 3
    assert 1.1 < contrast(theme["grid"], theme["surface"]) < 2  # there, and no more


@THEMES
@pytest.mark.parametrize("sight", SIGHTS)
def test_series_can_be_told_apart(theme: Theme, sight: str) -> None:
    places = [seen(theme.series(slot), SIGHTS[sight]) for slot in range(SERIES)]
    assert min(float(np.linalg.norm(one - two)) for one, two in combinations(places[:4], 2)) > 0.1
    assert min(float(np.linalg.norm(one - two)) for one, two in combinations(places, 2)) > 0.075


@THEMES
def test_steps_of_a_heat_map_go_one_way(theme: Theme) -> None:
    away = [contrast(theme[f"heat-{step}"], theme["surface"]) for step in range(HEAT_STEPS)]
    assert sorted(away) == away
    assert all(after / before > 1.1 for before, after in pairwise(away))


def test_series_begin_again() -> None:
    assert LIGHT.series(0) == LIGHT.series(SERIES)


def test_every_role_has_a_colour_in_both_and_a_variable() -> None:
    assert LIGHT.colours.keys() == DARK.colours.keys()
    style = "; ".join(f"fill: {ROLES[role]}" for role in LIGHT.colours)
    assert "; ".join(f"fill: var(--{role})" for role in LIGHT.colours) == with_variables(style)
