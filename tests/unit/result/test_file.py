from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.factories import make_result
from zswap_replay.errors import ResultError
from zswap_replay.result import file as report
from zswap_replay.result.file import read_results


def test_a_file_of_one_result_and_one_of_several_are_read(tmp_path: Path) -> None:
    file, results = tmp_path / "r.json", (make_result(), make_result("lz4", scale=5))
    file.write_text(report.render(results[:1], timing=True))
    assert results[:1] == read_results(str(file))
    file.write_text(report.render(results, timing=False))
    assert tuple(replace(result, timing=None) for result in results) == read_results(file)


def written(folder: Path, *keys: str | int, value: Any) -> Path:
    """A file of results in which the value at some keys is another one, or, where that is ``...``, is not there."""
    document: Any = json.loads(report.render([make_result(), make_result("lz4")], timing=True))
    inner = document
    for key in keys[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    file = folder / "r.json"
    file.write_text(json.dumps(document))
    return file


@pytest.mark.parametrize(
    ("keys", "value", "expected"),
    [
        (("runs",), [], "runs: found []; expected at least one run"),
        (("runs",), 5, "runs: found 5; expected a list"),
        (("runs", 1), "x", "runs[1]: found 'x'; expected an object"),
        (("runs", 1, "schema"), 9, "runs[1].schema: found 9; expected 1"),
        (("runs", 0, "manifest"), ..., "runs[0].manifest: found nothing; expected this key"),
        (
            ("runs", 0, "manifest", "trace", "events"),
            1.5,
            "runs[0].manifest.trace.events: found 1.5; expected a whole number",
        ),
        (
            ("runs", 0, "snapshots", 0, "zswap", "stored_pages"),
            "9",
            "runs[0].snapshots[0].zswap.stored_pages: found '9'; expected a whole number",
        ),
        (
            ("runs", 0, "snapshots", 0, "memcg", "/web", "zswpin"),
            True,
            "runs[0].snapshots[0].memcg./web.zswpin: found True; expected a whole number",
        ),
        (("runs", 1, "timing", "read"), "x", "runs[1].timing.read: found 'x'; expected a number"),
        (
            ("runs", 1, "timing", "read"),
            10**400,
            f"runs[1].timing.read: found 1{'0' * 59}...; expected a finite",
        ),
        (
            ("runs", 1, "timing", "read"),
            float("inf"),
            "runs[1].timing.read: found inf; expected a finite number",
        ),
        (
            ("runs", 0, "snapshots", 0, "zswap", "stored_pages"),
            1 << 64,
            "runs[0].snapshots[0].zswap.stored_pages: found 18446744073709551616; expected a whole number of at most",
        ),
        (
            ("runs", 1, "snapshots", 0, "label"),
            ["x" * 99],
            "runs[1].snapshots[0].label: found ['" + "x" * 58 + "...; expected a string",
        ),
    ],
)
def test_a_fault_is_named_by_file_and_key(
    keys: tuple[str | int, ...], value: Any, expected: str, tmp_path: Path
) -> None:
    file = written(tmp_path, *keys, value=value)
    with pytest.raises(ResultError, match=f"^{re.escape(f'{file}: {expected}')}"):
        read_results(file)


@pytest.mark.parametrize("data", [b"", b"compressor,value\n", b"\xff\xfe{}", b'{"schema": 1', b"[" * 100_000])
def test_a_file_that_is_no_json_is_named(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_bytes(data)
    with pytest.raises(ResultError, match=f"^{re.escape(str(file))}: found no JSON"):
        read_results(file)


def test_json_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text("[1, 2]")
    with pytest.raises(ResultError, match=r"r\.json: the document: found \[1, 2\]; expected an object"):
        read_results(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"none\.json: No such file or directory"):
        read_results(tmp_path / "none.json")
