"""Estimates for the whole from the counters of a sample of its pages."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from zswap_replay.result import by_name
from zswap_replay.result.by_name import CounterName
from zswap_replay.result.derived import DERIVED
from zswap_replay.result.over_time import Number
from zswap_replay.result.ranges import values_of
from zswap_replay.result.snapshot import Snapshot


class Estimates(dict[str, Number | None]):
    """Estimates by whole name: ``zswap.stored_pages``, ``/web:zswpout``, ``derived.swap_write_bytes``.

    Any spelling of a name finds its estimate; one that is not there is a KeyError that says which are near.
    """

    def __missing__(self, name: str) -> Number | None:
        try:
            return self[by_name.find(name, self)]
        except LookupError as error:
            raise KeyError(f"{name!r}: {error}") from None

    def __repr__(self) -> str:
        return f"<estimates of {len(self)} counters>"


_RATIOS = frozenset(
    str(CounterName("derived", name)) for name, each in DERIVED.items() if each.unit == "ratio"
)
"""The figures that a sample has as the whole has them."""


def estimates(end: Snapshot, derived: Mapping[str, Number | None], rate: Fraction) -> Estimates:
    """Multiply what was counted in a sample of `rate` of the pages, to the nearest number; ratios are as they are."""
    return Estimates(
        {
            name: value if value is None or name in _RATIOS else round(Fraction(value) / rate)
            for name, value in values_of(end, derived).items()
        }
    )
