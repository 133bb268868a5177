from __future__ import annotations

import csv
import io

from tests.factories import make_result, make_snapshot
from tests.golden import assert_golden
from zswap_replay.report.machine import counters_csv as report


def test_one_result() -> None:
    assert_golden("one.csv", report.render([make_result()], timing=True))


def test_every_snapshot_of_every_result_has_its_lines() -> None:
    snapshots = (make_snapshot("first", 1), make_snapshot())
    results = [make_result(snapshots=snapshots), make_result("lz4", snapshots=snapshots)]
    lines = list(csv.DictReader(io.StringIO(report.render(results, timing=False))))
    written_back = [line for line in lines if (line["group"], line["counter"]) == ("vmstat", "zswpwb")]
    found = [(line["compressor"], line["snapshot"], line["value"]) for line in written_back]
    assert [
        ("zstd", "first", "250"),
        ("zstd", "end", "750"),
        ("lz4", "first", "250"),
        ("lz4", "end", "750"),
    ] == found
    assert [] == [line for line in lines if line["group"] == "timing"]


def test_a_memcg_with_a_comma_and_a_quote_comes_back() -> None:
    end = make_snapshot()
    end.memcg['/a,"b"'] = end.memcg["/batch"]
    lines = csv.DictReader(io.StringIO(report.render([make_result(snapshots=(end,))], timing=False)))
    assert '/a,"b"' in {line["memcg"] for line in lines}
