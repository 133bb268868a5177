"""``zswap-replay kernels``: the releases, which version of each was recorded, and the rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.hosts import NEW, make_host
from tests.paths import ROOT
from zswap_replay.cli.kernels import kernels
from zswap_replay.mm.release_changes import BETWEEN
from zswap_replay.mm.releases import DEFAULT_RELEASE, RELEASES, RULES
from zswap_replay.replay import host

TABLE = ROOT / "tests" / "conformance" / "README.md"
"""Names the version that each folder of recorded runs comes from."""


def test_each_release_says_which_version_was_recorded() -> None:
    rows = dict(re.findall(r"^\| `([^`]+)` \| (\S+?)[,:]? ", TABLE.read_text(encoding="utf-8"), re.MULTILINE))
    versions = {name: release.recorded.split()[0] for name, release in RELEASES.items()}
    assert versions == {name: rows.get(name) for name in RELEASES}


def kernels_of(*arguments: str) -> str:
    shown = CliRunner().invoke(kernels, arguments)
    assert 0 == shown.exit_code, shown.output
    return shown.output


def test_kernels_is_one_screen_of_all_releases() -> None:
    shown = kernels_of()
    assert shown.count("\n") <= 24
    assert max(map(len, shown.splitlines())) <= 100
    for name, release in RELEASES.items():
        assert re.search(rf"^{re.escape(name)} +{release.recorded.split()[0]} ", shown, re.MULTILINE)
    assert not [
        name for name in BETWEEN if not re.search(rf"^(.*, )?{re.escape(name)}\b", shown, re.MULTILINE)
    ]
    assert f"{DEFAULT_RELEASE} is the default" in shown


def test_rules_are_listed_with_their_values() -> None:
    shown = kernels_of("--rules")
    assert all(f"\n{rule.name}: " in shown for rule in RULES)
    assert "pool_full_at_limit" in shown
    assert "6.6 no   patch-v4 no   6.8 no   6.12 yes" in shown


def test_between_lists_what_changed_with_function_and_release() -> None:
    shown = " ".join(kernels_of("--between", "6.12", "7.1").split())
    assert "6.18 a page that does not compress is stored as it is, where writeback is allowed" in shown
    assert "[stores_incompressible; zswap_compress()]" in shown
    assert "6.15 a freed swap slot is given back at once [slots_cached; mm/swap_slots.c, removed]" in shown
    assert "second chance" not in shown
    assert "rotated" not in shown
    assert kernels_of("--between", "7.1", "6.12.117") == kernels_of("--between", "6.12", "7.1")
    assert "6.12 to 6.13: no rule is known to have changed\n" == kernels_of("--between", "6.13", "6.12.4")
    assert "no -> yes" in kernels_of("--between", "6.6", "patch-v4")


def test_a_name_is_told_what_it_follows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "6.12.117-generic: rules of 6.12 (recorded: 6.12.117)\n6.6: recorded: 6.6.63\n" == kernels_of(
        "6.12.117-generic", "6.6"
    )
    monkeypatch.setattr(host, "ROOT", make_host(tmp_path, "6.14.2-arch1-1", NEW))
    assert kernels_of("host").startswith("host: 6.14.2-arch1-1: rules of 6.12; changed since: rotating")


def test_one_thing_is_asked_at_a_time() -> None:
    assert 2 == CliRunner().invoke(kernels, ["6.6", "--rules"]).exit_code
    found = CliRunner().invoke(kernels, ["6.40"])
    assert 2 == found.exit_code
    assert "6.19 was the last of 6.x" in found.output
