"""The axis of a sweep whose values have colours, the same in all charts of the page."""

from __future__ import annotations

from dataclasses import dataclass

from zswap_replay.report.html.pages.content import LegendKey
from zswap_replay.report.html.pages.figures import is_ordered, setting_text, values_of, varying
from zswap_replay.sweep.result import Cell, Sweep

_FIRST = 1
"""The slot of the first value: that before it is the blue of the heat maps, where it says how much there is."""
_MOST = 7
_WANTED = "compressor"


@dataclass(frozen=True, slots=True)
class Hues:
    """The values of an axis in the order of their colours; no axis where one colour serves all points."""

    axis: str | None
    values: tuple[Cell, ...] = ()

    def slot(self, value: Cell) -> int:
        """Return the colour slot of a value of the axis."""
        return _FIRST + self.values.index(value) if self.axis is not None else _FIRST

    def slot_of(self, sweep: Sweep, place: int) -> int:
        """Return the colour slot of a point."""
        return _FIRST if self.axis is None else self.slot(sweep.rows[place][self.axis])

    def named(self) -> list[tuple[str, int]]:
        """List the names of the values with their slots; none without an axis."""
        axis = self.axis
        return (
            [] if axis is None else [(setting_text(axis, value), self.slot(value)) for value in self.values]
        )

    def legend(self) -> list[LegendKey]:
        """List the keys of a legend; none without an axis."""
        return [LegendKey(name, slot) for name, slot in self.named()]


def hues(sweep: Sweep) -> Hues:
    """Choose the axis whose values get colours: compressors, else the first that varies and does not hold numbers."""
    for axis in sorted(varying(sweep), key=lambda axis: axis != _WANTED):
        values = values_of(sweep, axis)
        if not is_ordered(values) and len(values) <= _MOST:
            return Hues(axis, tuple(values))
    return Hues(None)
