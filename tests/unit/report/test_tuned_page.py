from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from zswap_replay.errors import ResultError, ZswapReplayError
from zswap_replay.report.html.pages.tuned import tuned_page
from zswap_replay.report.html.render import render
from zswap_replay.report.html.source import page_of
from zswap_replay.report.terminal import tuned
from zswap_replay.tune.result import Tuned, read

MIB = 1 << 20


def point(
    read: int, wrote: int, *, front: bool = False, meets: bool = True, **settings: str
) -> dict[str, object]:
    return {
        "settings": {name.replace("__", ":"): text for name, text in settings.items()},
        "bytes": {},
        "figures": {"derived.swap_read_bytes": read * MIB, "derived.swap_write_bytes": wrote * MIB},
        "marks": [] if meets else ["oom"],
        "meets": meets,
        "front": front,
    }


def make_tuned() -> Tuned:
    """A search of four points beside the default settings."""
    return Tuned(
        traces=[{"path": "my <trace>.parquet", "sha256": "5ca1ab1e" * 8, "events": 1234}],
        settings={"kernel": "6.12"},
        vary={"compressor": "zstd,lz4", "max_pool_percent": "5..50"},
        objectives=["derived.swap_read_bytes:min"],
        constraints=["oom==0"],
        over="worst",
        seed=0,
        points=[
            point(9, 9),
            point(3, 2, front=True, compressor="zstd", max_pool_percent="20"),
            point(0, 0, meets=False, compressor="lz4", max_pool_percent="5"),
            point(7, 1, front=True, compressor="lz4", max_pool_percent="50"),
            point(8, 8, compressor="zstd", max_pool_percent="6"),
        ],
        best=1,
        importance={"compressor": 0.25, "max_pool_percent": 0.75},
        delays={
            "delays": [1, 4, 16],
            "figures": {"derived.swap_read_bytes": [2 * MIB, 3 * MIB, 4 * MIB]},
            "met": [True, True, False],
        },
        held_out={
            "percent": 25,
            "chosen": 1,
            "figures": {"derived.swap_read_bytes": [2 * MIB, MIB]},
            "default": {"derived.swap_read_bytes": 5 * MIB},
            "better": 1,
            "points": [1, 3],
        },
        emit={"sysfs": ["echo zstd > /sys/module/zswap/parameters/compressor", "# \x1b"]},
        versions={"zswap_replay": "0.1.0"},
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tune.json"
    path.write_text(make_tuned().render(), encoding="utf-8")
    return path


def test_the_page_has_the_front_what_decides_and_each_axis(file: Path) -> None:
    page = page_of(str(file))
    charts = {chart.name: chart for chart in page.charts()}
    assert ["front", "importance", "axis-0-compressor", "axis-1-max-pool-percent"] == list(charts)
    assert "max_pool_percent 75.0 %; compressor 25.0 %" == charts["importance"].told
    # a point that kills is not the best of its compressor
    assert "best of each: zstd 3.0 MiB; lz4 7.0 MiB" == charts["axis-0-compressor"].told
    assert "3.0 MiB at 20, the best point" == charts["axis-1-max-pool-percent"].told
    tables = [table for section in page.sections for table in section.tables]
    assert ("compressor", "zstd,lz4", "zstd") in tables[0].rows
    assert ("derived.swap_read_bytes", "3.0 MiB", "9.0 MiB") in tables[1].rows
    assert ("constraints", "met", "met", "missed") in tables[3].rows
    assert ("compressor=lz4 max_pool_percent=50", "yes", "1.0 MiB") in tables[4].rows
    html = render(page)
    assert "my &lt;trace&gt;.parquet" in html
    assert "echo zstd &gt; /sys/module/zswap/parameters/compressor\n# \\x1b" in html


@pytest.mark.parametrize(("above", "told"), [(2 * MIB, "2.0 MiB"), (MIB, "as much")])
def test_the_choice_of_the_first_part_is_held_against_the_best_on_the_rest(above: int, told: str) -> None:
    made = make_tuned()
    assert made.held_out is not None
    held_out = {**made.held_out, "figures": {"derived.swap_read_bytes": [above, MIB]}}
    text = tuned.render(replace(made, held_out=held_out))
    assert f"the default settings 5.0 MiB, the best above {told}\n" in text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"schema": 1', '"schema": 9', "schema: found 9; expected 1"),
        ('"seed": 0,', "", "seed: found nothing; expected this key"),
        ('"best": 1', '"best": 0', "best: found 0; expected the place of one of 5 points"),
        ('"over": "worst",', '"over": ', "found no JSON"),
    ],
)
def test_a_file_that_is_none_of_a_search_is_told_in_one_line(
    file: Path, old: str, new: str, told: str
) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ResultError, match=told):
        page_of(str(file))


_ODD: list[object] = [None, "x", -1, 10**30, float("inf"), [], {}, True, ["a"], [[1]]]


def _places(value: Any, keys: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*keys, key)
        yield from _places(each, (*keys, key))


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_any_value_that_was_edited_is_told_in_one_line_or_shown(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    told = shown = 0
    for keys in _places(json.loads(text)):
        for odd in _ODD:
            document = json.loads(text)
            inside = document
            for key in keys[:-1]:
                inside = inside[key]
            inside[keys[-1]] = odd
            try:
                found = read("t", json.dumps(document))
            except ResultError:
                told += 1
                continue
            shown += 1
            if shown % 20 == 0:  # a page takes a while to draw
                with suppress(ZswapReplayError):
                    render(tuned_page(found))
    assert told > 500
    assert shown > 100
