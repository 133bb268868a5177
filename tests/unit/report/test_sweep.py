"""The renderers of a sweep, on rows made by hand."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from tests.golden import assert_golden
from tests.sweeps import make_sweep
from zswap_replay.report.machine import sweep_csv, sweep_json
from zswap_replay.report.terminal import sweep_table
from zswap_replay.sweep.result import Failure


@pytest.mark.parametrize("pareto", [False, True], ids=["plain", "front"])
def test_the_table_for_people(pareto: bool) -> None:
    assert_golden(
        f"sweep-{'front' if pareto else 'plain'}.txt", sweep_table.render(make_sweep(pareto=pareto))
    )


def test_csv_has_a_line_for_each_point() -> None:
    assert_golden("sweep.csv", sweep_csv.render(make_sweep(pareto=True)))
    plain = list(csv.DictReader(io.StringIO(sweep_csv.render(make_sweep()))))
    assert "pareto" not in plain[0]
    assert ["", "3", "4"] == [row["vmstat.swpin_zero"] for row in plain]


def test_json_is_the_metadata_and_the_rows() -> None:
    assert_golden("sweep.json", sweep_json.render(make_sweep(pareto=True)))
    document = json.loads(sweep_json.render(make_sweep(failures=(Failure("compressor=zstd", "gone", 1),))))
    assert [{**row, "marks": None} for row in make_sweep().rows] == document["rows"]
    assert None is document["pareto"]
    assert [{"point": "compressor=zstd", "error": "gone"}] == document["failures"]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_json_is_laid_out_as_the_library_does(rows: int) -> None:
    """Rows too, which are written in another way: with a newline, quotes, none and a float among their cells."""
    made = make_sweep(failures=(Failure("a\nb", 'é "c"', 1),))
    cells = ({"text": 'a,\n    "b": é', "none": None, "float": 1e-9, "flag": True, "number": 1 << 70},)
    text = sweep_json.render(replace(made, rows=cells * rows))
    assert json.dumps(json.loads(text), indent=2) + "\n" == text
