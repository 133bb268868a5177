"""Rules of a release overridden one by one: their spelling, their names, and what they make of a release."""

from __future__ import annotations

import pytest

from tests.paths import TRACES
from zswap_replay.errors import SettingsError
from zswap_replay.kernel.names import resolve
from zswap_replay.mm.release_changes import CHANGES, is_release, release_of
from zswap_replay.mm.releases import PROPOSALS, RELEASES, RULES
from zswap_replay.mm.rules import (
    FILES,
    NAMES,
    RuleError,
    differing,
    overridden,
    parse_rule,
    spelled,
    value_in,
    values_of,
    with_rules,
)
from zswap_replay.replay.loop import replay
from zswap_replay.settings import KnobWrite, Settings

PAIRS = list(zip(RELEASES, list(RELEASES)[1:], strict=False))


@pytest.mark.parametrize(("older", "newer"), PAIRS)
def test_a_release_and_what_sets_the_next_apart_is_the_next(older: str, newer: str) -> None:
    rules = differing(RELEASES[older], RELEASES[newer])
    made = overridden("+".join((older, *rules)), release_of)
    assert [getattr(RELEASES[newer], rule) for rule in NAMES] == [getattr(made, rule) for rule in NAMES]
    assert newer == with_rules(older, rules, release_of)
    back = differing(RELEASES[newer], RELEASES[older])
    assert older == with_rules(newer, back, release_of)
    # all but what there is to show, so that the name does not become the newer one's
    counting = [rule for rule in rules if rule.partition("=")[0] != "absent"] + ["absent=6.6"]
    name = with_rules(older, counting, release_of)
    for trace, knobs in (
        ("story", ()),
        ("db", (KnobWrite("/db", "memory.max", 2 << 20), KnobWrite("/db", "memory.zswap.max", 256 << 10))),
    ):
        path = str(TRACES / f"{trace}.parquet")
        one, other = (
            replay(path, Settings(kernel=kernel, knobs=knobs, max_events=5_000, verify="off"))
            for kernel in (name, newer)
        )
        assert one.end.vmstat["zswpout"] > 0
        assert len(one.snapshots) == len(other.snapshots)
        for ours, theirs in zip(one.snapshots, other.snapshots, strict=True):
            assert theirs.replay == ours.replay
            assert theirs.replay_memcg == ours.replay_memcg
            assert theirs.nodes == ours.nodes
            for group in ("zswap", "vmstat"):
                both = [(getattr(theirs, group), getattr(ours, group))]
                assert all(had[key] == has[key] for had, has in both for key in had.keys() & has.keys())


def test_every_rule_can_be_given_every_value_that_a_release_has() -> None:
    assert {rule.name for rule in RULES} <= set(NAMES)
    for rule in NAMES:
        assert values_of(rule)
        for release in RELEASES.values():
            assert value_in(release.name, rule, release_of) in values_of(rule)
    for change in CHANGES:
        if change.flag not in FILES:
            assert spelled(change.value) in values_of(change.flag)
    for rule in NAMES:
        for value in values_of(rule):
            assert (rule, value) == parse_rule(f"{rule}={value}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("second_chance=off", "off"),
        ("second_chance=No", "off"),
        (" second_chance = 1", "on"),
        ("shrinker=disk swapins", "disk-swapins"),
        ("zstd=1.5.7, unknown size", "1.5.7-unknown-size"),
        ("params=6.6", "6.6"),
    ],
)
def test_values_are_written_in_several_ways(text: str, expected: str) -> None:
    assert expected == parse_rule(text)[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("second_chance", "expected NAME=VALUE"),
        ("second_chanc=off", "did you mean second_chance?"),
        ("second_chance=maybe", "expected second_chance=on|off"),
        ("worker=", "expected worker=lru|iter|online|candidates"),
        ("name=x", "expected one that"),
        ("params=6.9", "expected params=6.6|"),
    ],
)
def test_what_is_no_rule_is_said(text: str, expected: str) -> None:
    with pytest.raises(RuleError) as error:
        parse_rule(text)
    assert expected in str(error.value)
    if "=" in text:
        with pytest.raises(SettingsError):
            Settings(kernel=f"6.12+{text}")


def test_rules_that_mean_nothing_together_are_refused() -> None:
    with pytest.raises(SettingsError, match="mean nothing together"):
        Settings(kernel="6.12+worker=lru")
    assert not is_release("6.12+worker=lru")
    assert not is_release("6.12+second_chance=perhaps")
    assert is_release("6.12+lru_per_memcg=off+worker=lru")


def test_a_name_says_what_differs_and_no_more() -> None:
    assert "6.12" == Settings(kernel="6.12+second_chance=on").kernel
    made = Settings(kernel="6.12.9+worker=iter+second_chance=no")
    assert "6.12+second_chance=off+worker=iter" == made.kernel
    assert "6.12.9+worker=iter+second_chance=no" == made.kernel_asked
    assert made.kernel == Settings(kernel=made.kernel).kernel
    assert "6.14+second_chance=off" == Settings(kernel="6.14.0+deb-amd64+second_chance=off").kernel


def test_what_is_replayed_says_that_no_kernel_was_recorded() -> None:
    why = resolve("6.14+second_chance=off").why
    assert "no kernel was recorded with these rules: 6.14 with second_chance=off (there on)" in why
    assert "6.14: rules of 6.12" in why
    patched = resolve("6.6+lru_per_memcg=on+memcg_limit_shrinks=on+worker=iter")
    assert ("patch-v4", True) == (patched.name, patched.exact)
    assert patched.why.endswith("these are the rules of patch-v4")


def test_a_proposed_rule_is_in_no_release_and_says_who_proposes_it() -> None:
    names = [proposal.name for proposal in PROPOSALS]
    assert ["batch_writeback", "proactive_writeback", "cursor_per_memcg"] == names
    for proposal in PROPOSALS:
        assert not any(getattr(release, proposal.name) for release in RELEASES.values())
        assert f"proposed: {proposal.thread}" in resolve(f"7.1+{proposal.name}=on").why
        with pytest.raises(SettingsError, match="expected worker=candidates"):
            Settings(kernel=f"6.8+{proposal.name}=on")


def test_a_worker_in_batches_visits_fewer_memcgs_for_as_many_pages() -> None:
    path = str(TRACES / "story.parquet")
    one, batch = (
        replay(path, Settings(kernel=kernel, verify="off")).end
        for kernel in ("7.1", "7.1+batch_writeback=on")
    )
    assert batch.replay["shrink_worker_steps"] * 10 < one.replay["shrink_worker_steps"]
    assert batch.zswap["written_back_pages"] >= one.zswap["written_back_pages"]
    # at a memcg's limit one entry is looked at, as before
    assert [138, 138] == [each.replay["memcg_limit_reject"] for each in (one, batch)]
    assert batch.replay["pool_limit_reject"] < one.replay["pool_limit_reject"]
