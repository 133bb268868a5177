from __future__ import annotations

import re

from tests.factories import make_result, make_snapshot
from tests.golden import assert_golden
from zswap_replay.report.machine import openmetrics
from zswap_replay.report.machine.openmetrics import family_name
from zswap_replay.result.counters import COUNTERS

SAMPLE = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)\{((?:[a-z0-9_]+="(?:[^"\\\n]|\\.)*",?)*)\} (\S+)')


def test_two_results() -> None:
    results = [make_result(), make_result("lz4", scale=5)]
    assert_golden("two.openmetrics", openmetrics.render(results, timing=True))


def test_family_names_are_valid_and_never_meet() -> None:
    names = [family_name(group, counter) for group, counters in COUNTERS.items() for counter in counters]
    assert len(names) == len(set(names))
    assert [] == [
        name for name in names if not re.fullmatch("[a-z_][a-z0-9_]*", name) or name.endswith("_total")
    ]


def test_samples_keep_the_rules_of_their_family() -> None:
    text = openmetrics.render([make_result(), make_result("lz4")], timing=True)
    kind = unit = family = ""
    seen: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            family, kind = line.split()[2:]
            assert family not in seen, "a family is written in one piece"
            seen.add(family)
            unit = ""
        elif line.startswith("# UNIT "):
            unit = line.split()[3]
            assert family.endswith(f"_{unit}")
        elif not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            assert family + {"counter": "_total", "gauge": "", "info": "_info"}[kind] == match[1]
    assert text.endswith("\n# EOF\n")
    assert 1 == text.count("# EOF")


def test_labels_are_escaped() -> None:
    end = make_snapshot()
    end.memcg['/a"\\\n'] = end.memcg["/batch"]
    text = openmetrics.render([make_result(snapshots=(end,))], timing=False)
    assert r'memcg="/a\"\\\n"' in text


def test_counters_that_the_kernel_lacks_are_absent() -> None:
    text = openmetrics.render([make_result()], timing=False)
    assert "zswap_replay_zswap_duplicate_entry_stores_total" in text
    assert "stored_incompressible_pages" not in text
