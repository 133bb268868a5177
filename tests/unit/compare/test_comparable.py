from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.factories import make_manifest
from zswap_replay.compare.comparable import Contrast, differing_settings, obstacles
from zswap_replay.result.manifest import Manifest

CODECS = {"zstandard": "0.23.0", "zstd": "1.5.6"}


def manifest(**changes: Any) -> Manifest:
    made = make_manifest()
    return replace(made, versions=made.versions | CODECS | changes.pop("versions", {}), **changes)


def with_trace(**changes: Any) -> Manifest:
    return manifest(trace=manifest().trace | changes)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (with_trace(sha256="d" * 64), [Contrast("trace sha256", ("5ca1ab1e" * 8, "d" * 64))]),
        (
            with_trace(sha256=None),
            [
                Contrast("trace sha256", ("5ca1ab1e" * 8, "not read to its end")),
                Contrast("trace events", ("-", "1234567")),
            ],
        ),
        (manifest(seed=7), [Contrast("seed", ("0", "7"))]),
        (manifest(inputs={"lengths": "ab"}), [Contrast("lengths sha256", ("-", "ab"))]),
        (
            manifest(recipe={"name": "mine", "version": 1, "classes": {"text": {"share": 0.5}}}),
            [
                Contrast("recipe name", ("default", "mine")),
                Contrast("recipe classes.text.share", ("-", "0.5")),
            ],
        ),
        (manifest(recipe={"name": "default", "version": 2}), [Contrast("recipe version", ("1", "2"))]),
        (
            manifest(versions={"zstandard": "0.25.0", "zstd": "1.5.7"}),
            [Contrast("zstandard", ("0.23.0", "0.25.0")), Contrast("zstd", ("1.5.6", "1.5.7"))],
        ),
    ],
    ids=["trace", "cut", "seed", "lengths", "recipe", "recipe version", "codec"],
)
def test_an_obstacle_is_named_with_both_values(other: Manifest, expected: list[Contrast]) -> None:
    assert expected == list(obstacles([manifest(), other]))


def test_the_fast_digest_counts_where_not_all_have_the_slow_one() -> None:
    fast, other = with_trace(sha256=None, xxh3="ab" * 16), with_trace(sha256=None, xxh3="cd" * 16)
    both = with_trace(xxh3="ab" * 16)
    assert () == obstacles([fast, fast, both])
    assert (Contrast("trace xxh3", ("ab" * 16, "cd" * 16, "ab" * 16)),) == obstacles([fast, other, both])
    assert () == obstacles([manifest(), both])
    assert "trace sha256" == obstacles([manifest(), fast])[0].what


def test_traces_that_were_cut_are_told_apart_by_their_events() -> None:
    cut, shorter = with_trace(sha256=None), with_trace(sha256=None, events=5)
    assert () == obstacles([cut, cut])
    assert (Contrast("trace events", ("1234567", "5")),) == obstacles([cut, shorter])


@pytest.mark.parametrize(
    "other",
    [
        manifest(versions={"python": "3.14.0", "numpy": "3", "pyarrow": "99", "zswap_replay": "9.0"}),
        manifest(versions={"lz4": "4.4.5"}),
        with_trace(path="elsewhere.parquet"),
        manifest(settings=manifest().settings | {"max_pool_percent": 35}),
        manifest(kernel="6.12", interval_ns=5, strict=True),
    ],
    ids=["around", "another codec", "path", "setting", "kernel"],
)
def test_what_decides_no_counter_or_is_a_setting_is_no_obstacle(other: Manifest) -> None:
    assert () == obstacles([manifest(), other])


def test_settings_that_differ_have_the_value_of_each() -> None:
    settings = manifest().settings
    others = [
        settings | {"max_pool_percent": 35, "seed": 9, "recipe": "mine.toml"},
        settings | {"set": [], "enabled": False, "nodes": None},
        settings | {"fixed": ["enabled", "zpool"]},
    ]
    found = differing_settings([manifest(), *(manifest(settings=each) for each in others)])
    assert [
        Contrast("enabled", ("true", "true", "false", "true")),
        Contrast("max_pool_percent", ("20", "35", "20", "20")),
        Contrast("nodes", ("1", "1", "-", "1")),
        Contrast("set", (*["/web:memory.zswap.max=8388608"] * 2, "-", "/web:memory.zswap.max=8388608")),
        Contrast("fixed", ("-", "-", "-", "enabled zpool")),
    ] == list(found)
