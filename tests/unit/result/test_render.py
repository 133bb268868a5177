from __future__ import annotations

import json

from tests.factories import make_result
from tests.golden import assert_golden
from zswap_replay.result import file as report


def test_one_result() -> None:
    assert_golden("one.json", report.render([make_result(warnings=("the pool was full",))], timing=True))


def test_several_results_are_runs_of_the_same_shape() -> None:
    results = [make_result(), make_result("lz4", scale=5)]
    document = json.loads(report.render(results, timing=False))
    assert ["schema", "runs"] == list(document)
    assert [json.loads(report.render([result], timing=False)) for result in results] == document["runs"]


def test_without_timing_nothing_of_the_wall_clock_is_left() -> None:
    assert "timing" in json.loads(report.render([make_result()], timing=True))
    assert "timing" not in json.loads(report.render([make_result()], timing=False))


def test_integers_beyond_a_float_stay_exact() -> None:
    result = make_result()
    result.end.vmstat["pswpin"] = (1 << 62) + 1
    text = report.render([result], timing=False)
    assert f'"pswpin": {(1 << 62) + 1}' in text
    assert text.endswith("}\n")
