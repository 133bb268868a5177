"""How far a counter may be from its expected value, as ``--tolerance zswap.written_back_pages=1%`` says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from zswap_replay.errors import SettingsError
from zswap_replay.result.by_name import CounterName, near
from zswap_replay.result.counters import COUNTERS, MACHINE

ANY: Final = "*"
"""Stands for every counter."""

_VALUE = re.compile(r"([0-9]+)(%?)|([0-9]*\.[0-9]+)%")
_NODE = re.compile(r"node[0-9]+")
_FORMS = "expected COUNTER=5 or COUNTER=1%"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What a counter is allowed, in its own unit or in percent of the value that is expected.

    ``counter`` counts in the ``groups`` of ``COUNTERS``, of every memcg or of one. What is counted by NUMA node is in
    the group ``node``, and that of one node alone in ``node0``, ``node1`` and so on.
    """

    memcg: str | None
    groups: frozenset[str]
    counter: str
    allowance: Fraction
    percent: bool

    @classmethod
    def parse(cls, text: str) -> Tolerance:
        """Read the tolerance that ``COUNTER=VALUE`` stands for.

        ``COUNTER`` is a name in any spelling of result.by_name, or stands for several: ``written_back_pages`` is that
        counter wherever it is, ``zswap.*`` every counter of a group, ``node.zswpout`` that of each memcg on each NUMA
        node, ``/web:zswpwb`` that of one memcg in all groups that have it, ``/web:*`` every counter of a memcg.

        Raises SettingsError: no such form, or no counter of that name.
        """
        name, equals, value = text.rpartition("=")
        amount = _VALUE.fullmatch(value)
        if not equals or not name or amount is None:
            raise SettingsError(f"{text!r}: {_FORMS}")
        old = CounterName.parse(name) if name.startswith(("memcg:", "replay.memcg:")) else None
        if old is not None:
            groups, counter, memcg = frozenset({old.group}), old.counter, old.memcg
        else:
            path, colon, rest = name.rpartition(":")
            if colon and not path.startswith("/"):
                raise SettingsError(f"{text!r}: {path!r} is no memcg path, such as /web")
            groups, counter = _place(rest, of_memcg=bool(colon))
            memcg = path if colon else None
        if not groups:
            raise SettingsError(f"{text!r}: {_unknown(counter, of_memcg=memcg is not None)}")
        return cls(memcg, groups, counter, Fraction(amount[1] or amount[3]), percent=value.endswith("%"))

    def covers(self, group: str, memcg: str | None, counter: str) -> bool:
        """Tell whether the tolerance applies to a counter: of a memcg, or (None) of the machine."""
        groups = {group, "node"} if _NODE.fullmatch(group) else {group}
        return (
            not groups.isdisjoint(self.groups)
            and self.counter in (counter, ANY)
            and self.memcg in (memcg, None)
        )

    def allows(self, expected: int, found: int) -> bool:
        """Tell whether a value that was found is near enough to the expected one."""
        allowance = self.allowance * abs(expected) / 100 if self.percent else self.allowance
        return abs(found - expected) <= allowance


def _place(name: str, *, of_memcg: bool) -> tuple[frozenset[str], str]:
    """Return the groups that a name is looked for in, those alone that have it, and the counter's own name."""
    within = [group for group in COUNTERS if group not in MACHINE or not of_memcg]
    having = frozenset(group for group in within if name == ANY or name in COUNTERS[group])
    if having:
        return having, name
    for group in within:
        # In a memcg, "replay." is what JSON has below "replay": the group "replay.memcg".
        spelled = group.removesuffix(".memcg") if of_memcg else group
        counter = name.removeprefix(f"{spelled}.")
        if counter != name and (counter == ANY or counter in COUNTERS[group]):
            return frozenset({group}), counter
    node, _, counter = name.partition(".")
    if _NODE.fullmatch(node) and (counter == ANY or counter in COUNTERS["node"]):
        return frozenset({node}), counter
    return frozenset(), name


def _unknown(name: str, *, of_memcg: bool) -> str:
    """Say that nothing is named so, and what is nearly."""
    names = {
        f"{prefix}{counter}"
        for group, counters in COUNTERS.items()
        if group not in MACHINE or not of_memcg
        for counter in counters
        for prefix in ("", f"{group.removesuffix('.memcg') if of_memcg else group}.")
    }
    what = "no counter of a memcg" if of_memcg else "no counter"
    meant = near(name, sorted(names))
    return f"{what} is named {name!r}" + (f"; did you mean {' or '.join(meant)}?" if meant else "")
