"""The releases between recorded ones: the table of changes held against the recorded rows."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import pytest

from zswap_replay.mm.release_changes import (
    BETWEEN,
    CHANGES,
    MAINLINE,
    changes_between,
    is_release,
    release_of,
    version_of,
)
from zswap_replay.mm.releases import RELEASES, Release

TOLD = ("name", "summary", "recorded")
"""What says of a release what it is, and is no rule."""


def rules_of(release: Release) -> dict[str, object]:
    return {field.name: getattr(release, field.name) for field in fields(release) if field.name not in TOLD}


@pytest.mark.parametrize(("older", "newer"), [*pairwise(MAINLINE)])
def test_the_changes_between_two_recorded_releases_make_the_newer_one(older: str, newer: str) -> None:
    changed = changes_between(version_of(older), version_of(newer))
    made = replace(RELEASES[older], **{each.flag: each.value for each in changed})  # type: ignore[arg-type]  # by the fields' names
    assert rules_of(RELEASES[newer]) == rules_of(made)


def test_each_change_changes_something_and_stands_in_order() -> None:
    versions = [version_of(change.since) for change in CHANGES]
    assert sorted(versions) == versions
    now = rules_of(RELEASES[MAINLINE[0]])
    for change in CHANGES:
        assert now[change.flag] != change.value, change
        now[change.flag] = change.value


def test_a_release_between_has_each_rule_from_its_release_on() -> None:
    assert ("6.7", "6.9", "6.10", "6.11", "6.13", "6.14", "6.15", "6.16", "6.17", "6.19", "7.0") == BETWEEN
    assert "always" == release_of("6.9").exclusive_loads
    assert not release_of("6.9").pool_full_at_limit
    assert release_of("6.10").pool_full_at_limit
    assert ("own", "hierarchy") == (release_of("6.10").writeback_switch, release_of("6.11").writeback_switch)
    assert "online" == release_of("6.11").worker
    assert rules_of(RELEASES["6.12"]) == rules_of(release_of("6.13"))
    assert ["runs", "free clusters", "free clusters", "used clusters"] == [
        release_of(name).rotating_slots for name in ("6.13", "6.14", "6.17", "6.18")
    ]
    assert (True, False) == (release_of("6.14").slots_cached, release_of("6.15").slots_cached)
    assert ["1.5.6", "1.5.7, unknown size", "1.5.7"] == [
        release_of(name).zstd for name in ("6.14", "6.16", "6.17")
    ]
    assert ("zsmalloc",) == release_of("6.15").zpools
    assert not release_of("7.0").cached_slots_kept
    assert release_of("6.6") is RELEASES["6.6"]
    assert "zpool" in release_of("6.17").params
    assert "exclusive_loads" not in release_of("6.9").params


@pytest.mark.parametrize("name", ["6.20", "6.5", "99.0", "6.012", "6", "x.y", "6.9.1", ""])
def test_other_names_are_none(name: str) -> None:
    assert not is_release(name)
    with pytest.raises(KeyError):
        release_of(name)
