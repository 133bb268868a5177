"""OpenMetrics as others read it: Prometheus's own strict parser, and the rules that its linter has for names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.factories import make_result, make_snapshot
from tests.golden import GOLDENS
from tests.paths import ROOT
from zswap_replay.report.machine import openmetrics
from zswap_replay.result.counters import COUNTERS
from zswap_replay.result.derived import DERIVED
from zswap_replay.result.long_format import rows
from zswap_replay.result.result import Result

STORY = ROOT / "tests" / "cli" / "goldens" / "story.openmetrics"
RESERVED = ("_total", "_created", "_count", "_sum", "_bucket", "_gcount", "_gsum", "_info")
TYPES = ("counter", "gauge", "summary", "histogram", "gaugehistogram", "info", "stateset", "unknown")
ABBREVIATED = ("s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d")
BASE_UNITS = {"bytes", "seconds", "ratio"}
# What is counted where no unit is measured: the thing itself, in the plural.
THINGS = {"pages", "stores", "loads", "writebacks", "calls", "runs", "steps", "kilobytes"}


def strictly(text: str) -> dict[str, Metric]:
    """The families of a text, in which the parser found no fault; it raises ValueError for one."""
    found = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return {family.name: family for family in found}


def families(*results: Result) -> dict[str, Metric]:
    return strictly(openmetrics.render(results, timing=True))


@pytest.fixture(scope="module")
def two() -> dict[str, Metric]:
    return families(make_result(), make_result("lz4", kernel="6.18", scale=5))


@pytest.mark.parametrize("path", [STORY, GOLDENS / "two.openmetrics"], ids=lambda path: str(path.name))
def test_the_goldens_have_no_fault(path: Path) -> None:
    assert len(strictly(path.read_text(encoding="utf-8"))) > 40


def test_every_counter_is_there_with_its_type_unit_and_meaning(two: dict[str, Metric]) -> None:
    for row in rows(make_result().end):
        counter = COUNTERS[row.group][row.counter]
        family = two[openmetrics.family_name(row.group, row.counter)]
        assert (counter.kind, counter.unit, counter.meaning) == (
            family.type,
            family.unit,
            family.documentation,
        )


def test_values_are_those_of_the_result(two: dict[str, Metric]) -> None:
    found = {
        (family.name, sample.labels.get("memcg"), sample.labels.get("node")): sample.value
        for family in two.values()
        for sample in family.samples
        if sample.labels.get("compressor") == "lz4"
    }
    expected = {
        (
            openmetrics.family_name(row.group, row.counter),
            row.memcg,
            None if row.node is None else str(row.node),
        ): row.value
        for row in rows(make_result(scale=5).end)
    }
    assert expected.items() <= found.items()


def test_the_run_is_an_info_and_figures_and_timing_are_gauges(two: dict[str, Metric]) -> None:
    assert ("info", "") == (two["zswap_replay_run"].type, two["zswap_replay_run"].unit)
    (first, second) = two["zswap_replay_run"].samples
    assert ("zswap_replay_run_info", 1.0) == (first.name, first.value)
    assert ("zstd", "patch-v4", "lz4", "6.18") == tuple(
        sample.labels[name] for sample in (first, second) for name in ("compressor", "kernel")
    )
    derived = {name for name in two if name.startswith("zswap_replay_derived_")}
    assert len(DERIVED) - 1 == len(derived)  # one has no value
    assert {"gauge"} == {two[name].type for name in (*derived, "zswap_replay_timing_seconds")}


def test_a_digest_that_is_not_known_is_no_label() -> None:
    result = make_result()
    manifest = replace(result.manifest, trace={**result.manifest.trace, "sha256": None})
    (sample,) = families(replace(result, manifest=manifest))["zswap_replay_run"].samples
    assert {"compressor", "kernel", "trace", "seed", "version"} == set(sample.labels)


def test_a_result_read_back_without_timing_has_no_timing() -> None:
    untimed = replace(make_result(), timing=None)
    assert "zswap_replay_timing_seconds" not in families(untimed)


@pytest.mark.parametrize("value", [0, 10**6, 1_234_567_890_123, (1 << 53) + 1, (1 << 63) - 1])
def test_integers_are_exact(value: int) -> None:
    end = make_snapshot()
    end.zswap["written_back_pages"] = end.memcg["/web"]["memory.current"] = value
    text = openmetrics.render([make_result(snapshots=(end,))], timing=False)
    strictly(text)
    lines = [line for line in text.splitlines() if line.endswith(f" {value}")]
    assert any(line.startswith("zswap_replay_zswap_written_back_pages_total{") for line in lines)
    assert any(line.startswith("zswap_replay_memcg_memory_current_bytes{") for line in lines)


def test_no_counter_is_a_float() -> None:
    text = openmetrics.render([make_result(scale=10**9)], timing=False)
    kind = ""
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            kind = line.split()[3]
        elif kind == "counter" and not line.startswith("#"):
            assert re.fullmatch(r"\S+(?: \S+)* [0-9]+", line), line


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_labels_come_back_as_they_were(path: str) -> None:
    end = make_snapshot()
    end = replace(end, memcg={f"/{path}": end.memcg["/web"]}, replay_memcg={})
    samples = families(make_result(snapshots=(end,)))["zswap_replay_memcg_zswap_bytes"].samples
    assert [f"/{path}"] == [sample.labels["memcg"] for sample in samples]


# No two samples are the same


def test_runs_that_are_alike_are_numbered() -> None:
    found = families(make_result(), make_result("lz4"), make_result(scale=5))
    for family in found.values():
        assert {"1", "2", "3"} >= {sample.labels["run"] for sample in family.samples}
        names = [(sample.name, *sorted(sample.labels.items())) for sample in family.samples]
        assert len(names) == len(set(names))
    written = found["zswap_replay_zswap_written_back_pages"].samples
    assert [("1", 750.0), ("2", 750.0), ("3", 1250.0)] == [(s.labels["run"], s.value) for s in written]


def test_runs_that_differ_have_no_number(two: dict[str, Metric]) -> None:
    assert [] == [sample for family in two.values() for sample in family.samples if "run" in sample.labels]


# The linter's rules for names, on every counter of every release


def names() -> list[tuple[str, str, str]]:
    """Name, type and unit of every family that there can be."""
    counters = [
        (openmetrics.family_name(group, name), counter.kind, counter.unit)
        for group, table in COUNTERS.items()
        for name, counter in table.items()
    ]
    others = [(family.name, family.type, family.unit) for family in families(make_result()).values()]
    return counters + [other for other in others if other not in counters]


@pytest.mark.parametrize(("name", "kind", "unit"), names())
def test_names_keep_the_rules(name: str, kind: str, unit: str) -> None:
    words = name.split("_")
    assert re.fullmatch("[a-z][a-z0-9_]*", name)
    assert "" not in words
    assert not name.endswith(RESERVED)
    assert not set(TYPES) & set(words)
    assert not set(ABBREVIATED) & set(words)
    if kind != "info":
        assert unit in BASE_UNITS | THINGS
        assert name.endswith(f"_{unit}")
    # A base unit that is named is the unit: no "bytes" in a name that counts pages.
    assert {word for word in words if word in BASE_UNITS - {"ratio"}} <= {unit}


def test_no_name_is_that_of_a_sample_of_another() -> None:
    families_ = {name for name, _, _ in names()}
    assert [] == [name for name in families_ for suffix in RESERVED if f"{name}{suffix}" in families_]
    assert len(families_) == len(names())
