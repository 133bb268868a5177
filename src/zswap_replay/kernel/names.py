"""Any kernel by its own name: ``6.14``, ``v6.12``, ``6.8.0-45-generic``; which rules it is replayed by, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from zswap_replay.errors import SettingsError
from zswap_replay.mm import rules
from zswap_replay.mm.release_changes import (
    LAST_MINOR,
    MAINLINE,
    Version,
    changes_between,
    is_between,
    recorded_before,
    release_of,
    told,
    version_of,
)
from zswap_replay.mm.releases import PROPOSALS, RELEASES
from zswap_replay.units import quoted

HOST: Final = "host"
"""Stands for the kernel that runs here."""

EXPECTED: Final = (
    f"one of {', '.join(RELEASES)}, any other version (6.14, 6.12.117, 6.8.0-45-generic), or {HOST}"
)

_NAME = re.compile(
    r"v?(?P<major>\d{1,3})\.(?P<minor>\d{1,3})(?P<rest>(?:[.+~_-][0-9A-Za-z.+~_-]{0,64})?)", re.ASCII
)
_SUBLEVEL = re.compile(r"\.\d+", re.ASCII)
_CANDIDATE = re.compile(r"[.-]?rc\d+", re.ASCII)
_FIRST: Final = (3, 11)
"""The first release with zswap."""

_RED_HAT = re.compile(r"\.el(?P<major>\d+)(?:[._]|$)", re.ASCII)
_SUSE = re.compile(r"-150\d{3}\.|-160000\.", re.ASCII)

_OLD: Final[tuple[tuple[Version, str], ...]] = (
    (
        (5, 19),
        "zswap.max and zswpin, zswpout in memory.stat came with 5.19, so that no memcg limit on zswap and no charge of "
        "compressed pages exists; up to 6.1 zsmalloc has no writeback, so that a full pool of it refuses; zbud and "
        "z3fold keep an LRU of their own",
    ),
    (
        (6, 2),
        "up to 6.1 zsmalloc has no writeback, so that a full pool of it refuses and writes nothing back; zbud and "
        "z3fold keep an LRU of their own (zpool_evict) and write back whole pages of theirs",
    ),
    (
        (6, 5),
        "up to 6.4 each allocator keeps an LRU of its own (zpool_evict), and zbud, z3fold and zsmalloc write back "
        "whole pages of theirs; the LRU of zswap's pool came with 6.5",
    ),
    ((6, 6), "its pool has the LRU of 6.6; what else changed was not read"),
)
"""What sets releases before 6.6 apart from it, by the release in which that ended."""


class UnknownReleaseError(SettingsError):
    """A text that names no kernel release; its message says what was expected, and not where the text came from."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The rules by which a kernel is replayed."""

    asked: str
    """The name as it was given."""
    name: str
    """The release whose rules they are, which ``release_of()`` knows."""
    exact: bool
    """Whether these rules were recorded from that release; else ``why`` says where they come from."""
    why: str
    """How the kernel and the rules belong together, in one line; empty where it is a recorded release by its name."""
    backports: bool = False
    """Whether its maker is known to take over rules of later releases, so that the number alone tells little."""


@cache
def resolve(asked: str) -> Resolved:
    """Find the rules of a kernel by its name: a recorded release, a version, or what ``uname -r`` prints.

    Raises UnknownReleaseError: no release has such a name.
    """
    if asked in RELEASES:
        return Resolved(asked, asked, exact=True, why="")
    base, overridden = rules.split(asked)
    if overridden:
        return _with_rules(asked, resolve(base), overridden)
    match = _NAME.fullmatch(asked)
    if match is None:
        raise UnknownReleaseError(_fault(asked))
    version = int(match["major"]), int(match["minor"])
    _check_exists(asked, version)
    name, exact, why = _nearest(version)
    backports = _backports(match["rest"])
    if backports:
        exact, why = False, f"{why}; {backports}" if why else backports
    if not exact:
        return Resolved(asked, name, exact=False, why=f"{asked}: {why}", backports=bool(backports))
    return Resolved(asked, name, exact=True, why=f"{asked}: {_exactly(name, version, match['rest'])}")


def _with_rules(asked: str, base: Resolved, overridden: tuple[str, ...]) -> Resolved:
    """Find the rules of a kernel of which some are overridden. Raises UnknownReleaseError: a rule that is none."""
    try:
        name = rules.with_rules(base.name, overridden, release_of)
    except rules.RuleError as error:
        raise UnknownReleaseError(f"{quoted(asked)}: {error}") from None
    changed = rules.split(name)[1]
    if not changed:
        same = name == base.name
        return (
            replace(base, asked=asked)
            if same
            else Resolved(asked, name, exact=True, why=f"{asked}: these are the rules of {name}")
        )
    was = ", ".join(f"{rule} ({_there(rule.partition('=')[0], base.name)})" for rule in changed)
    why = f"{asked}: no kernel was recorded with these rules: {base.name} with {was}"
    return Resolved(
        asked,
        name,
        exact=False,
        why=why if base.exact else f"{why}; {base.why}",
        backports=base.backports,
    )


def _there(rule: str, base: str) -> str:
    """Say what a rule is in a release that it is overridden in."""
    thread = next((each.thread for each in PROPOSALS if each.name == rule), "")
    return f"proposed: {thread}" if thread else f"there {rules.value_in(base, rule, release_of)}"


def rules_of(name: str) -> str:
    """Say whose rules a release's are, for a heading: as its own were recorded, or from where they come."""
    release = release_of(name)
    if release.recorded:
        return f"recorded: {release.recorded}"
    if rules.split(name)[1]:
        return resolve(name).why
    _, _, why = _nearest(version_of(name))
    return why


def _exactly(name: str, version: Version, rest: str) -> str:
    if ".".join(map(str, version)) != name:
        return f"rules of {name}"
    recorded = RELEASES[name].recorded
    if _CANDIDATE.match(rest):
        return f"a candidate of {name}: rules of {name} (recorded: {recorded})"
    return f"rules of {name} (recorded: {recorded})"


def _nearest(version: Version) -> tuple[str, bool, str]:
    """Return the release whose rules a version has or comes nearest to, whether they are its own, and why."""
    name = f"{version[0]}.{version[1]}"
    if name in RELEASES:
        return name, True, ""
    if is_between(version):
        base = recorded_before(version)
        changed = changes_between(version_of(base), version)
        if not changed:
            return name, False, f"rules of {base}, of which none is known to have changed"
        return name, False, f"rules of {base}; changed since: {told(changed)}"
    if version < version_of(MAINLINE[0]):
        oldest = MAINLINE[0]
        differs = next(text for before, text in _OLD if version < before)
        return oldest, False, f"rules of {oldest}, the nearest that is modelled; {differs}"
    newest = MAINLINE[-1]
    return newest, False, f"rules of {newest}, the nearest that is modelled; what changed since is not known"


def _check_exists(asked: str, version: Version) -> None:
    major, minor = version
    last = LAST_MINOR.get(major)
    if last is not None and minor > last:
        raise UnknownReleaseError(
            f"{quoted(asked)}: there is no such release, {major}.{last} was the last of {major}.x; expected {EXPECTED}"
        )
    if version < _FIRST:
        raise UnknownReleaseError(f"{quoted(asked)}: zswap came with Linux 3.11; expected {EXPECTED}")
    if major > version_of(MAINLINE[-1])[0] + 2:
        raise UnknownReleaseError(_fault(asked))


def _backports(rest: str) -> str:
    """Say whose kernel it is, where a suffix tells of a maker who takes over rules of later releases."""
    red_hat = _RED_HAT.search(rest)
    if red_hat:
        return (
            f"RHEL {red_hat['major']} has rules of later releases too, which were not read: --kernel {HOST} on it "
            "tells by the parameters which ones, or name a release"
        )
    if _SUSE.search(rest):
        return "SUSE has rules of later releases too, which were not read"
    return ""


def _fault(asked: str) -> str:
    import difflib

    near = difflib.get_close_matches(asked, [*RELEASES, HOST], n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"{quoted(asked)}: expected a kernel release: {EXPECTED}{meant}"
