"""Replays by the rules of kernels that were not recorded, or that go by another name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.paths import ROOT
from zswap_replay import Result, Settings, replay
from zswap_replay.cli.main import cli
from zswap_replay.errors import ResultError
from zswap_replay.mm.release_changes import BETWEEN, release_of
from zswap_replay.mm.releases import DEFAULT_RELEASE
from zswap_replay.result.labels import kernel_title

TRACE = str(ROOT / "traces" / "story.parquet")


def of(kernel: str) -> Result:
    return replay(TRACE, kernel=kernel, max_events=1500, verify="off")


@pytest.mark.parametrize("kernel", BETWEEN)
def test_a_release_between_is_replayed_and_says_whose_rules_it_has(kernel: str) -> None:
    found = of(kernel)
    assert kernel == found.manifest.kernel
    assert found.manifest.kernel_rules.startswith(f"{kernel}: rules of ")
    assert f"kernel {found.manifest.kernel_rules}" in found.warnings
    assert not set(found.end.zswap) & release_of(kernel).absent
    assert kernel_title(found.manifest).startswith(f"{kernel} (rules of ")


def test_a_release_of_which_no_rule_changed_counts_as_the_one_before() -> None:
    assert of("6.12").counters == of("6.14").counters
    assert of("6.8").counters != of("6.9").counters


def test_a_kernel_by_another_name_is_the_recorded_one() -> None:
    found, plain = of("6.12.48+deb13-amd64"), of("6.12")
    assert plain.counters == found.counters
    assert ("6.12", "6.12.48+deb13-amd64", "") == (
        found.manifest.kernel,
        found.manifest.kernel_asked,
        found.manifest.kernel_rules,
    )
    assert plain.manifest.settings == found.manifest.settings
    assert "6.12.48+deb13-amd64 (rules of 6.12)" == kernel_title(found.manifest)
    assert not [text for text in found.warnings if "kernel" in text and "rules" in text]


def test_an_old_kernel_is_told_what_differs() -> None:
    found = of("6.1")
    assert ("6.6", "6.1") == (found.manifest.kernel, found.manifest.kernel_asked)
    assert any("zpool_evict" in text for text in found.warnings)


def test_the_default_says_whose_rules_it_has_and_how_to_take_ones_own() -> None:
    assert f"{DEFAULT_RELEASE} (6.6 patched; yours: --kernel host)" == kernel_title(
        of(DEFAULT_RELEASE).manifest
    )


def test_another_kernel_is_put_in_the_place_of_the_one_that_was_asked_for() -> None:
    asked = Settings(kernel="6.12.117")
    assert ("6.12", "6.12.117") == (asked.kernel, asked.kernel_asked)
    assert asked == replace(asked, seed=0)
    other = replace(asked, kernel="6.18")
    assert ("6.18", "") == (other.kernel, other.kernel_asked)


def test_an_expected_file_keeps_the_kernel_as_it_was_asked_for(tmp_path: Path) -> None:
    file = str(tmp_path / "expected.json")
    asked = [
        "--kernel",
        "6.14.2-arch1-1",
        "--max-events",
        "500",
        "--format",
        "json",
        "--no-timing",
        "-o",
        file,
    ]
    assert 0 == CliRunner().invoke(cli, ["run", TRACE, *asked]).exit_code
    before = Path(file).read_text(encoding="utf-8")
    assert '"kernel_asked": "6.14.2-arch1-1"' in before
    checked = CliRunner().invoke(cli, ["check", TRACE, file, "--update"])
    assert (0, before) == (checked.exit_code, Path(file).read_text(encoding="utf-8"))
    Path(file).write_text(before.replace("6.14.2-arch1-1", "no such"), encoding="utf-8")
    bad = CliRunner().invoke(cli, ["check", TRACE, file])
    assert isinstance(bad.exception, ResultError)
    assert "expected a kernel release" in str(bad.exception)


def test_a_sweep_takes_kernels_by_any_name() -> None:
    given = ["--max-events", "500", "--format", "json", "-j", "1"]
    shown = CliRunner().invoke(cli, ["sweep", TRACE, "--kernel", "6.9,v6.12.9,6.1", *given])
    assert 0 == shown.exit_code, shown.output
    assert ["6.9", "6.12", "6.6"] == json.loads(shown.stdout)["manifest"]["axes"]["kernel"]
    assert "kernel=6.1: kernel 6.1: rules of 6.6, the nearest" in shown.stderr
    twice = CliRunner().invoke(cli, ["sweep", TRACE, "--kernel", "6.12,6.12.117", *given])
    assert "--kernel 6.12.117 is given twice, since it has the rules of 6.12" in str(
        twice.exception or twice.output
    )
