from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from tests.factories import MEMCGS, make_manifest, make_result, make_snapshot
from tests.golden import assert_golden
from zswap_replay.compare.side_by_side import Comparison, compare
from zswap_replay.report.machine import comparison_csv, comparison_json, comparison_markdown
from zswap_replay.report.terminal import comparison as report
from zswap_replay.report.terminal.style import PLAIN_WIDTH
from zswap_replay.result.result import Result

Renderer = Callable[[Comparison], str]
FORMATS: dict[str, Renderer] = {
    "txt": report.render,
    "md": comparison_markdown.render,
    "csv": comparison_csv.render,
    "json": comparison_json.render,
}


def other() -> Result:
    """A result of another release and seed, with all that a line can be."""
    end = make_snapshot(scale=3)
    zswap = {"written_back_pages": 700, "pool_limit_hit": 124, "decompress_fail": 5}
    end.zswap.update(zswap)
    end.vmstat.update({"pswpin": 271, "pgsteal_anon": 13_201})
    end.replay.update({"compressed_bytes": 4_000_000, "swap_full": 2})
    end.memcg["/web"]["zswpin"] = 0
    manifest = make_manifest("lz4", "6.8")
    settings = manifest.settings | {"max_pool_percent": 35, "seed": 7}
    versions = manifest.versions | {"liblz4": "1.10"}
    trace = manifest.trace | {"sha256": "d" * 64}
    manifest = replace(manifest, settings=settings, seed=7, versions=versions, trace=trace)
    return replace(make_result(snapshots=(make_snapshot("mid"), end)), manifest=manifest, timing=None)


def comparison(**options: Any) -> Comparison:
    results = [make_result(), other(), make_result("deflate", scale=2)]
    return compare(results, ["old", "new|1", "deflate"], **{"timing": True} | options)


@pytest.mark.parametrize("form", FORMATS)
def test_all_there_is_to_say(form: str) -> None:
    assert_golden(f"compare.{form}", FORMATS[form](comparison(memcgs=["/web"])))


@pytest.mark.parametrize("form", FORMATS)
def test_equal_results(form: str) -> None:
    equal = compare([make_result(), make_result()], ["a", "b"], timing=True)
    text = FORMATS[form](equal)
    if form in ("txt", "md"):
        assert "no difference\n" == text
    elif form == "json":
        assert json.loads(text)["equal"]
    else:
        lines = list(csv.DictReader(io.StringIO(text)))
        assert [("0.0", "")] * len(lines) == [(line["b vs a"], line["winner"]) for line in lines]


def test_equal_results_under_other_settings_name_these() -> None:
    text = report.render(compare([make_result(), make_result(kernel="6.8")], ["a", "b"], timing=False))
    assert text.startswith("settings that differ\n")
    assert text.endswith("\n\nno difference\n")


def test_what_cannot_be_compared_is_said_first() -> None:
    assert report.render(comparison()).startswith(
        "warning: not comparable: trace sha256: 5ca1ab1e5ca1 (old), dddddddddddd (new|1), 5ca1ab1e5ca1 (deflate)\n"
        "warning: not comparable: seed: 0 (old), 7 (new|1), 0 (deflate)\n"
    )


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize("count", [2, 3, 5, 9])
def test_many_results_are_laid_out_below_each_other(count: int) -> None:
    names = [f"a-result-with-a-name-{place}" for place in range(count)]
    results = [make_result(f"lz4:{place}", scale=place + 1) for place in range(count)]
    text = report.render(compare(results, names, memcgs=MEMCGS, timing=True))
    body = text[text.index("what matters") :]
    assert [] == [line for line in body.splitlines() if len(line) > PLAIN_WIDTH or line != line.rstrip()]
    for name in names[1:]:
        assert 1 == text[text.index("\n\n") :].count(f" {name} ")


def test_a_terminal_marks_the_best_too() -> None:
    file = io.StringIO()
    report.show(comparison(), Console(file=file, width=120, force_terminal=True, color_system="standard"))
    assert re.search(r"\x1b\[1;32m500 \*\x1b\[0m", file.getvalue())


def test_markdown_is_one_table_whose_rows_are_all_as_wide() -> None:
    text = comparison_markdown.render(comparison(memcgs=MEMCGS))
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert 2 == len(tables)
    for rows in tables:
        assert 1 == len({row.replace(r"\|", "").count("|") for row in rows})


def test_programs_get_exact_values() -> None:
    document = json.loads(comparison_json.render(comparison()))
    (line,) = [each for each in document["lines"] if each["counter"] == "compressed_bytes"]
    assert [4_871_331, 4_000_000, 3_247_554] == line["values"]
    assert [0.0, round(4_000_000 / 4_871_331 - 1, 6), round(-1 / 3, 6)] == line["relative"]
    assert {"seed": ["0", "7", "0"], "trace sha256": ["5ca1ab1e" * 8, "d" * 64, "5ca1ab1e" * 8]} == document[
        "not_comparable"
    ]
