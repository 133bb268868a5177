"""``zswap-replay kernels``: the releases, which version of each was recorded, and the rules."""

from __future__ import annotations

import re

from click.testing import CliRunner

from tests.paths import ROOT
from zswap_replay.cli.kernels import kernels
from zswap_replay.mm.releases import RELEASES, RULES

TABLE = ROOT / "tests" / "conformance" / "README.md"
"""Names the version that each folder of recorded runs comes from."""

VERSIONS = {
    "6.6": "6.6.63",
    "patch-v4": "6.6.63 with the patch",
    "6.8": "6.8.0",
    "6.12": "6.12.117",
    "6.18": "6.18.2",
}


def test_each_release_says_which_version_was_recorded() -> None:
    assert {name: release.recorded for name, release in RELEASES.items()} == VERSIONS
    rows = dict(re.findall(r"^\| `([^`]+)` \| (\S+?)[,:]? ", TABLE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name: rows[name] for name in RELEASES} == {name: VERSIONS[name].split()[0] for name in RELEASES}


def test_kernels_shows_releases_versions_and_rules() -> None:
    shown = CliRunner().invoke(kernels)
    assert 0 == shown.exit_code
    for name, release in RELEASES.items():
        default = " (default)" if name == "patch-v4" else ""
        assert (
            f"{name:<10}{release.summary}{default}\n{' ' * 10}recorded: {release.recorded}\n" in shown.output
        )
    assert all(f"\n{rule.name}: " in shown.output for rule in RULES)
