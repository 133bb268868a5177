from __future__ import annotations

import pytest

from zswap_replay.codec.base import get_codec
from zswap_replay.codec.survey import ClassSurvey, survey
from zswap_replay.payload.classes import SAME_FILLED, ZERO
from zswap_replay.payload.recipe import builtin_recipes, load_recipe
from zswap_replay.payload.source import GeneratedPages

PAGES = 6000


def surveyed(recipe: str, pages: int, seed: int) -> dict[str, ClassSurvey]:
    source = GeneratedPages(load_recipe(recipe), seed)
    codecs = [get_codec(name) for name in ("lz4", "lzo-rle", "zstd")]
    return {row.name: row for row in survey(source, pages, codecs)}


@pytest.mark.parametrize("seed", [0, 1])
def test_default_compresses_as_silesia_does_in_the_kernel(seed: int) -> None:
    lz4, lzo_rle, zstd = surveyed("default", PAGES, seed)["all"].yields
    # Ten seeds of 6,000 pages spread over 1.661 to 1.676, 1.689 to 1.706 and 2.251 to 2.279.
    assert pytest.approx(1.67, abs=0.02) == lz4.pool_ratio
    assert pytest.approx(1.70, abs=0.02) == lzo_rle.pool_ratio
    assert pytest.approx(2.27, abs=0.03) == zstd.pool_ratio
    assert lz4.refused < 0.04 * PAGES


def test_default_has_the_published_share_of_same_filled_pages() -> None:
    rows = surveyed("default", PAGES, 2)
    zero, other = rows[ZERO].pages, rows[SAME_FILLED].pages
    assert 0.1 * PAGES < zero + other < 0.2 * PAGES
    shares = {share.name: share.share for share in load_recipe("default").classes}
    assert 0 < shares[SAME_FILLED] < 0.01 * (shares[ZERO] + shares[SAME_FILLED])


def test_the_recipes_are_in_their_order_of_compressibility() -> None:
    ratios = []
    for recipe in ("incompressible", "media", "desktop", "default", "server"):
        zstd = surveyed(recipe, 1500, 0)["all"].yields[2]
        # Of all pages offered, the refused ones at their full size.
        ratios.append((zstd.stored + zstd.refused) * 4096 / (zstd.pool + zstd.refused * 4096))
    assert sorted(ratios) == ratios
    assert len(builtin_recipes()) == len(ratios)
