from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.gen_payloads import payload
from tests.memories import SAME, ZERO, write
from zswap_replay.codec.base import get_codec
from zswap_replay.codec.survey import survey
from zswap_replay.errors import CodecError
from zswap_replay.lib.length_index import ZERO_FILLED
from zswap_replay.memory.files import sources_at
from zswap_replay.memory.fit import fit
from zswap_replay.memory.fitted import MOST_OFF, Fitted, as_json, as_toml
from zswap_replay.memory.least_squares import nonnegative
from zswap_replay.memory.measure import measure
from zswap_replay.memory.measurement import Measurement
from zswap_replay.memory.parts import candidates, narrower
from zswap_replay.payload.classes import CLASS_NAMES
from zswap_replay.payload.recipe import ClassShare, Recipe, load_recipe
from zswap_replay.payload.source import GeneratedPages

SPECS = ("lz4", "zstd")


def fitted_to(measured: Measurement, parts: int = 10) -> Fitted:
    return fit(measured, "mine", parts=parts, notes=pytest.fail, progress=lambda *_told: None)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    """Of the pages whose lengths were recorded one by one: each kind in turn, and zero and same-filled ones."""
    pages = [*payload("all", 288, 1), *payload("typical", 100, 3), ZERO, ZERO, SAME]
    path = write(tmp_path_factory.mktemp("fit") / "pages", b"".join(pages))
    return measure(
        sources_at(path, pytest.fail), SPECS, kernel="6.12", notes=pytest.fail, progress=lambda *_told: None
    )


@pytest.fixture(scope="module")
def fitted(measured: Measurement) -> Fitted:
    return fitted_to(measured)


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_a_recipe_meets_the_ratios_of_recorded_pages(measured: Measurement, fitted: Fitted) -> None:
    assert len(fitted.recipe.classes) <= 12
    for near in fitted.nearness:
        assert near.distance < 0.15
        assert near.difference is not None
        assert abs(near.difference) < MOST_OFF
    pages = 6000
    codecs = [get_codec(name, "6.12") for name in SPECS]
    every = survey(GeneratedPages(fitted.recipe, 9), pages, codecs)[-1]
    for found, near in zip(every.yields, fitted.nearness, strict=True):
        assert pytest.approx(near.measured, rel=2 * MOST_OFF) == found.pool_ratio
    normal = measured.normal("lz4")
    share = normal.size / measured.content.size
    refused = np.count_nonzero(normal == 0) / measured.content.size
    assert pytest.approx(share, abs=0.02) == (every.yields[0].stored + every.yields[0].refused) / pages
    assert pytest.approx(refused, abs=0.03) == every.yields[0].refused / pages


def test_a_recipe_is_a_file_of_a_few_lines(fitted: Fitted, tmp_path: Path) -> None:
    text = as_toml(fitted)
    assert fitted.recipe == load_recipe(write(tmp_path / "mine.toml", text.encode()))
    assert len(text.splitlines()) < 50
    assert "# lz4: Kolmogorov-Smirnov distance 0." in text
    told = as_json(fitted)
    assert Recipe.from_json(told["recipe"]) == fitted.recipe
    assert {"ks_distance", "ratio_measured", "ratio_fitted", "ratio_difference"} == set(
        told["compressors"]["zstd"]
    )


def test_a_name_is_spelled_so_that_it_is_read_again(fitted: Fitted) -> None:
    for name in ('a "b" \\ c', "tab\tand\nline", "schön"):
        recipe = Recipe(name, fitted.recipe.classes)
        assert name == tomllib.loads(as_toml(Fitted(recipe, 1, ())))["name"]


def test_of_zero_pages_alone_the_recipe_is_zero_pages() -> None:
    measured = Measurement(
        "6.12",
        np.arange(3, dtype=np.uint64),
        np.full(3, ZERO_FILLED, np.uint8),
        {"lz4": np.full(3, 20, np.int32)},
    )
    found = fitted_to(measured)
    assert (ClassShare("zero", 1.0),) == found.recipe.classes
    assert [None] == [near.difference for near in found.nearness]


def test_a_compressor_that_cannot_be_run_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Measurement(
        "6.12",
        np.arange(3, dtype=np.uint64),
        np.full(3, ZERO_FILLED, np.uint8),
        {name: np.full(3, 20, np.int32) for name in ("842", "lz4")},
    )
    told: list[str] = []
    found = fit(measured, "x", notes=told.append, progress=lambda *_told: None)
    assert ["lz4"] == [near.compressor for near in found.nearness]
    assert told[0].startswith("842 is not fitted: no compressor '842'")
    del measured.length["lz4"]
    with pytest.raises(CodecError, match="842 is not fitted: no compressor '842'"):
        fitted_to(measured)


def test_candidates_are_parts_of_every_class_that_has_bytes() -> None:
    found = candidates()
    assert len(found) == len(set(found))
    assert set(CLASS_NAMES) - {"zero", "same-filled"} == {part.name for part in found}
    part = ClassShare("text", 1.0, (0, 64), (1024, 1280))
    fine = narrower(part)
    assert part in fine
    assert 25 == len(set(fine))
    assert all(0 <= each.spread[0] <= each.spread[1] <= 64 for each in fine)
    assert [ClassShare("random", 1.0)] == narrower(ClassShare("random", 1.0))


def test_weights_are_those_of_the_nearest_mixture() -> None:
    r = np.random.default_rng(3)
    columns = r.random((40, 12))
    weights = np.where(r.random(12) < 0.5, r.random(12), 0.0)
    assert np.allclose(weights, nonnegative(columns, columns @ weights), atol=1e-6)
    wanted = r.random(40) - 0.5
    found = nonnegative(columns, wanted)
    slope = columns.T @ (wanted - columns @ found)
    assert (found >= 0).all()
    assert (slope < 1e-6).all()
    assert np.abs(slope[found > 0]).max(initial=0.0) < 1e-6
    assert [0.0] == nonnegative(np.ones((3, 1)), -np.ones(3)).tolist()


def test_ten_pages_are_fitted_with_a_part_of_the_work(tmp_path: Path) -> None:
    path = write(tmp_path / "pages", b"".join(payload("all", 10, 1)))
    few = measure(
        sources_at(path, pytest.fail), SPECS, kernel="6.12", notes=pytest.fail, progress=lambda *_told: None
    )
    told: list[int] = []
    found = fit(few, "ten", parts=24, notes=pytest.fail, progress=lambda made, *_told: told.append(made))
    assert max(told) < 4500  # of many pages there are 22,000
    assert len(found.recipe.classes) <= 12
    for near in found.nearness:
        assert near.difference is not None
        assert abs(near.difference) < 3 * MOST_OFF
