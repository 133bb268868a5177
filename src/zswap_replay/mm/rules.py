"""Single rules of a release overridden: a kernel that nobody has built, replayed by the rules that are named.

Such a release has a name of its own, ``6.12+second_chance=off+worker=online``: that of the release, and each rule that
is not as there. A release that has all the rules of a recorded one has the recorded one's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from zswap_replay.mm.releases import PROACTIVE_BYTES, RELEASES, Release

AND: Final = "+"
"""What stands between a release and the rules in a name, and between rules."""

FILES: Final = ("zpools", "params", "reclaim_keys", "absent")
"""The fields that list what there is: their value is given as the release that has it, ``zpools=6.6``."""

_ABOUT: Final = ("name", "summary", "recorded")
_BETWEEN: Final[Mapping[str, tuple[str, ...]]] = {
    "zstd": ("1.5.7, unknown size",),
    "rotating_slots": ("free clusters",),
}
"""Values that only releases between recorded ones have."""
_SWITCH: Final = {
    "on": True,
    "off": False,
    "yes": True,
    "no": False,
    "y": True,
    "n": False,
    "true": True,
    "false": False,
    "1": True,
    "0": False,
}
_ONE_LRU: Final = "lru_per_memcg=off with worker=lru"
_MANY_LRUS: Final = "lru_per_memcg=on with another worker"
_SPELLING: Final = re.compile(r"[ ,]+")

NAMES: Final = tuple(each.name for each in fields(Release) if each.name not in _ABOUT)
"""The rules that can be overridden, in the order of ``Release``."""


class RuleError(ValueError):
    """A rule that cannot be set, or not to that; the text says what was expected."""


Lookup = Callable[[str], Release]
"""What finds a release by its name; raises KeyError."""


def values_of(rule: str) -> tuple[str, ...]:
    """List what a rule can be set to, as it is written: ``on`` and ``off``, or the words that releases have for it."""
    if rule in FILES:
        return tuple(RELEASES)
    found = [getattr(release, rule) for release in RELEASES.values()]
    if isinstance(found[0], bool):
        return "on", "off"
    return tuple(dict.fromkeys(map(spelled, (*found, *_BETWEEN.get(rule, ())))))


def spelled(value: object) -> str:
    """Spell the value of a rule as it is given: ``on``, ``disk-swapins``."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return _SPELLING.sub("-", str(value))


def parse_rule(text: str) -> tuple[str, str]:
    """Read ``NAME=VALUE``: a rule and its value, as ``values_of()`` spells it.

    Raises RuleError: the text is of another form, no rule has that name, or the rule has no such value.
    """
    name, equals, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if not equals:
        raise RuleError(f"rule {text!r}: expected NAME=VALUE, as second_chance=off")
    if name not in NAMES:
        import difflib

        near = difflib.get_close_matches(name, NAMES, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise RuleError(f"rule {name!r}: expected one that `kernels --rules` lists{meant}")
    known = values_of(name)
    given = _SPELLING.sub("-", value)
    if known == ("on", "off") and given.lower() in _SWITCH:
        return name, spelled(_SWITCH[given.lower()])
    if given not in known:
        raise RuleError(f"rule {name}={value}: expected {name}={'|'.join(known)}")
    return name, given


def split(name: str) -> tuple[str, tuple[str, ...]]:
    """Take the rules, each ``NAME=VALUE``, off the name of a kernel; what a kernel's own name has behind a + stays."""
    base, *rest = name.split(AND)
    while rest and "=" not in rest[0]:
        base = f"{base}{AND}{rest.pop(0)}"
    return base, tuple(rest)


def with_rules(name: str, rules: Iterable[str], lookup: Lookup) -> str:
    """Name a release with some rules overridden, each ``NAME=VALUE``; the last one of a name counts.

    Where these are all rules of a recorded release, that is its name.

    Raises RuleError: a rule that is none, or that means nothing beside another. KeyError: no release has that name.
    """
    base, own = split(name)
    release = lookup(base)
    given = dict(parse_rule(rule) for rule in (*own, *rules))
    changed = [
        f"{rule}={given[rule]}"
        for rule in NAMES
        if rule in given and _value(rule, given[rule], lookup) != getattr(release, rule)
    ]
    named = AND.join((base, *changed))
    found = overridden(named, lookup)
    return next((each for each, recorded in RELEASES.items() if not differing(found, recorded)), named)


def value_in(name: str, rule: str, lookup: Lookup) -> str:
    """Spell the value that a rule has in a release, with or without rules overridden."""
    for own in split(name)[1]:
        if own.partition("=")[0] == rule:
            return own.partition("=")[2]
    value = getattr(lookup(name), rule)
    if rule in FILES:
        return next((each for each, found in RELEASES.items() if getattr(found, rule) == value), name)
    return spelled(value)


def overridden(name: str, lookup: Lookup) -> Release:
    """Make the release of a base and rules, in the form of ``6.12+second_chance=off``.

    Raises RuleError: a rule that is none, or that means nothing beside another. KeyError: no release is so named.
    """
    base, rules = split(name)
    values = {rule: _value(rule, value, lookup) for rule, value in map(parse_rule, rules)}
    release = replace(
        lookup(base), **values, name=name, summary=f"rules of {base} but for {', '.join(rules)}", recorded=""
    )
    if release.lru_per_memcg == (release.worker == "lru"):
        raise RuleError(
            f"rules worker={release.worker} and lru_per_memcg={spelled(release.lru_per_memcg)} mean nothing together: "
            f"the worker takes the oldest entry of all where there is one LRU; expected {_ONE_LRU} or {_MANY_LRUS}"
        )
    for proposed in ("batch_writeback", "proactive_writeback", "cursor_per_memcg"):
        if getattr(release, proposed) and release.worker != "candidates":
            raise RuleError(f"rule {proposed}: expected worker=candidates beside it, found {release.worker}")
    if release.proactive_writeback:
        release = replace(release, absent=release.absent - {PROACTIVE_BYTES})
    return release


def differing(older: Release, newer: Release) -> tuple[str, ...]:
    """List the rules, each ``NAME=VALUE``, that make one recorded release another."""
    return tuple(
        f"{rule}={newer.name if rule in FILES else spelled(getattr(newer, rule))}"
        for rule in NAMES
        if getattr(older, rule) != getattr(newer, rule)
    )


def _value(rule: str, text: str, lookup: Lookup) -> Any:
    """Return the value of a rule from its spelling. Raises KeyError: no release has that name."""
    if rule in FILES:
        return getattr(lookup(text), rule)
    found = {getattr(release, rule) for release in RELEASES.values()} | set(_BETWEEN.get(rule, ()))
    if text in ("on", "off") and any(isinstance(value, bool) for value in found):
        return text == "on"
    return next(value for value in found if spelled(value) == text)
