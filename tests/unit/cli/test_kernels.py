"""``zswap-replay kernels``: the releases, which version of each was recorded, and the rules."""

from __future__ import annotations

import re

from click.testing import CliRunner

from tests.paths import ROOT
from zswap_replay.cli.kernels import kernels
from zswap_replay.mm.releases import RELEASES, RULES

TABLE = ROOT / "tests" / "conformance" / "README.md"
"""Names the version that each folder of recorded runs comes from."""


def test_each_release_says_which_version_was_recorded() -> None:
    rows = dict(re.findall(r"^\| `([^`]+)` \| (\S+?)[,:]? ", TABLE.read_text(encoding="utf-8"), re.MULTILINE))
    versions = {name: release.recorded.split()[0] for name, release in RELEASES.items()}
    assert versions == {name: rows.get(name) for name in RELEASES}


def test_kernels_shows_releases_versions_and_rules() -> None:
    shown = CliRunner().invoke(kernels)
    assert 0 == shown.exit_code
    for name, release in RELEASES.items():
        default = " (default)" if name == "patch-v4" else ""
        assert (
            f"{name:<10}{release.summary}{default}\n{' ' * 10}recorded: {release.recorded}\n" in shown.output
        )
    assert all(f"\n{rule.name}: " in shown.output for rule in RULES)
