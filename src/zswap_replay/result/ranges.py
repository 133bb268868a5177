"""How far counters depend on when the shrink worker gets to run: each under several delays of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from zswap_replay.json_value import Value
from zswap_replay.result import by_name, long_format
from zswap_replay.result.by_name import CounterName
from zswap_replay.result.over_time import Number
from zswap_replay.result.snapshot import Snapshot

RANGE_DELAYS: Final = (1, 4, 16)
"""The values of ``--shrink-delay`` that a range spans: a worker that runs at once, and one that runs late."""

SCHEDULING: Final = (
    "the pool's limit was hit in reclaim: written_back_pages, pool_limit_hit, zswpout and pswpout depend on "
    "scheduling, by up to 7 times from one machine to another; run --range gives the spread"
)
"""The warning of a result that has no range and should have one; the factor is that of docs/reclaim.md."""

Range = tuple[Number | None, Number | None, Number | None]
"""Lowest value, the result's own, highest value; None where a share has nothing to be a share of."""


class Ranges(dict[str, Range]):
    """Ranges by whole name: ``zswap.stored_pages``, ``/web:zswpout``, ``derived.rejects``.

    Any spelling of a name finds its range; one that is not there is a KeyError that says which are near.
    """

    def __missing__(self, name: str) -> Range:
        try:
            return self[by_name.find(name, self)]
        except LookupError as error:
            raise KeyError(f"{name!r}: {error}") from None

    def __repr__(self) -> str:
        return f"<ranges of {len(self)} counters, {len(self.apart)} of which differ>"

    @property
    def apart(self) -> Ranges:
        """The ranges that are more than one value."""
        return Ranges({name: each for name, each in self.items() if each[0] != each[2]})

    def as_json(self) -> dict[str, list[Number | None]]:
        """Convert to the object that the JSON output holds."""
        return {name: list(each) for name, each in self.items()}

    @classmethod
    def from_json(cls, document: Value) -> Ranges:
        """Read the object that ``as_json`` made. Raises ResultError: no three numbers for a name."""
        return cls({name: _range(value) for name, value in document.items()})


def values_of(end: Snapshot, derived: Mapping[str, Number | None]) -> dict[str, Number | None]:
    """List the values that have a range: the counters of the last snapshot, and the derived figures."""
    values: dict[str, Number | None] = {
        str(CounterName(row.group, row.counter, row.memcg, row.node)): row.value
        for row in long_format.rows(end)
    }
    return values | {str(CounterName("derived", name)): value for name, value in derived.items()}


def span(own: Mapping[str, Number | None], others: Iterable[Mapping[str, Number | None]]) -> Ranges:
    """Put together the values of a result and those of the same replay under other delays."""
    tables = [own, *others]
    found = Ranges()
    for name, value in own.items():
        known = [each for table in tables if (each := table.get(name)) is not None]
        found[name] = (min(known), value, max(known)) if known else (None, None, None)
    return found


def _range(value: Value) -> Range:
    numbers = [None if each.content is None else each for each in value.list()]
    if len(numbers) != 3:
        raise value.fault("a lowest value, the result's own and a highest value")
    low, own, high = (None if each is None else _number(each) for each in numbers)
    return low, own, high


def _number(value: Value) -> Number:
    return value.integer() if isinstance(value.content, int) else value.number()
