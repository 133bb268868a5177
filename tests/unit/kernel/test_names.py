"""Kernels by their own names: which rules each is replayed by, and what is said of it."""

from __future__ import annotations

import pytest

from zswap_replay.kernel.names import UnknownReleaseError, resolve
from zswap_replay.mm.release_changes import BETWEEN
from zswap_replay.mm.releases import RELEASES


@pytest.mark.parametrize("name", RELEASES)
def test_a_recorded_release_is_itself_and_nothing_is_said(name: str) -> None:
    resolved = resolve(name)
    assert (name, True, "") == (resolved.name, resolved.exact, resolved.why)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("v6.12", "6.12"),
        ("6.12.117", "6.12"),
        ("6.12.117+deb12-amd64", "6.12"),
        ("6.12.48+deb13-amd64", "6.12"),
        ("6.8.0-45-generic", "6.8"),
        ("6.18.2-arch1-1", "6.18"),
        ("6.18-rc3", "6.18"),
        ("6.6.87.2-microsoft-standard-WSL2", "6.6"),
        ("6.12.0-1.23.3.2.el9uek.x86_64", "6.12"),
        ("7.1.5-200.fc44.x86_64", "7.1"),
    ],
)
def test_a_kernel_of_a_recorded_release_has_its_rules(asked: str, name: str) -> None:
    resolved = resolve(asked)
    assert (name, True) == (resolved.name, resolved.exact)
    assert resolved.why.startswith(f"{asked}: ")
    assert f"rules of {name}" in resolved.why


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("6.14", "6.14"),
        ("6.17.0-5-generic", "6.17"),
        ("v7.0", "7.0"),
        ("6.11.4-301.fc41.x86_64", "6.11"),
        ("6.1", "6.6"),
        ("5.15.0-91-generic", "6.6"),
        ("6.1.0-28-amd64", "6.6"),
        ("6.1.119-129.201.amzn2023.x86_64", "6.6"),
        ("6.5.13", "6.6"),
        ("7.3.1", "7.1"),
        ("8.0", "7.1"),
        ("5.14.0-503.el9.x86_64", "6.6"),
        ("6.12.0-55.9.1.el10_0.x86_64", "6.12"),
        ("6.4.0-150600.23.25-default", "6.6"),
    ],
)
def test_a_kernel_of_another_release_has_the_nearest_rules_and_it_is_said_why(asked: str, name: str) -> None:
    resolved = resolve(asked)
    assert (name, False) == (resolved.name, resolved.exact)
    assert resolved.why.startswith(f"{asked}: ")
    assert "\n" not in resolved.why


def test_what_is_said_of_each_kind() -> None:
    assert "6.13: rules of 6.12, of which none is known to have changed" == resolve("6.13").why
    assert (
        "6.14: rules of 6.12; changed since: rotating_slots (6.14), read in the sources"
        == resolve("6.14").why
    )
    assert (
        "6.15: rules of 6.12; changed since: rotating_slots (6.14), slots_cached (6.15), zstd (6.15), "
        "read in the sources; zpools (6.15), not read: by the date alone" == resolve("6.15").why
    )
    assert "quarters_of_memory_reclaim (6.9), read in the sources" in resolve("6.9").why
    assert "cached_slots_kept (7.0)" in resolve("7.0").why
    assert "zpool_evict" in resolve("6.1").why
    assert "no memcg limit on zswap" in resolve("5.15").why
    assert "what changed since is not known" in resolve("7.99").why
    assert "RHEL 9 has rules of later releases too" in resolve("5.14.0-503.el9.x86_64").why
    assert "RHEL 10" in resolve("6.12.0-55.9.1.el10_0.x86_64").why
    assert "SUSE" in resolve("6.4.0-150600.23.25-default").why
    assert all(name in resolve(name).why for name in BETWEEN)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("", "expected a kernel release"),
        ("6", "expected a kernel release"),
        ("six", "expected a kernel release"),
        ("6.12x", "did you mean 6.12?"),
        ("hots", "did you mean host?"),
        ("6,12", "expected a kernel release"),
        ("6.12 ", "expected a kernel release"),
        ("6.12\n", "expected a kernel release"),
        ("6.1234", "expected a kernel release"),
        ("\u0666.\u0661", "expected a kernel release"),
        ("99.1", "expected a kernel release"),
        ("6.40", "6.19 was the last of 6.x"),
        ("5.20", "5.19 was the last of 5.x"),
        ("2.6.32", "zswap came with Linux 3.11"),
        ("6.12." + "9" * 100_000, "characters"),
        ("x" * 100_000, "100,000 characters"),
    ],
)
def test_what_is_no_release_is_told_in_one_line(asked: str, told: str) -> None:
    with pytest.raises(UnknownReleaseError) as error:
        resolve(asked)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400
