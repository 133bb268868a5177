"""How far a counter may be from its expected value, as ``--tolerance zswap.written_back_pages=1%`` says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from zswap_replay.errors import SettingsError
from zswap_replay.result.counters import COUNTERS

ANY: Final = "*"
"""Stands for every counter."""

_MACHINE = ("zswap", "vmstat", "replay")
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
        """The tolerance that ``COUNTER=VALUE`` stands for.

        ``written_back_pages`` is that counter wherever it is, ``zswap.written_back_pages`` that of one group,
        ``/web:zswpwb`` that of one memcg, and ``/web:replay.accesses`` that of one group of one memcg.
        ``node.zswpout`` is that of each memcg on each NUMA node, ``/web:node1.zswpout`` that of one of both. ``*`` in
        the place of the name is every counter there.

        Raises SettingsError: no such form, or no counter of that name.
        """
        name, equals, value = text.rpartition("=")
        amount = _VALUE.fullmatch(value)
        if not equals or not name or amount is None:
            raise SettingsError(f"{text!r}: {_FORMS}")
        memcg, colon, counter = name.rpartition(":")
        if colon and not memcg.startswith("/"):
            raise SettingsError(f"{text!r}: {memcg!r} is no memcg path, such as /web")
        groups, counter = _place(counter, of_memcg=bool(colon))
        if not groups:
            where = "no counter of a memcg" if colon else "no counter"
            raise SettingsError(f"{text!r}: {where} is named {counter!r}")
        return cls(
            memcg if colon else None,
            groups,
            counter,
            Fraction(amount[1] or amount[3]),
            percent=value.endswith("%"),
        )

    def covers(self, group: str, memcg: str | None, counter: str) -> bool:
        """Whether it is about a counter."""
        groups = {group, "node"} if _NODE.fullmatch(group) else {group}
        return (
            not groups.isdisjoint(self.groups)
            and self.counter in (counter, ANY)
            and self.memcg in (memcg, None)
        )

    def allows(self, expected: int, found: int) -> bool:
        """Whether a value is near enough."""
        allowance = self.allowance * abs(expected) / 100 if self.percent else self.allowance
        return abs(found - expected) <= allowance


def _place(name: str, *, of_memcg: bool) -> tuple[frozenset[str], str]:
    """The groups that a name is looked for in, those alone that have it, and the counter's own name."""
    within = [group for group in COUNTERS if (group not in _MACHINE) or not of_memcg]
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
