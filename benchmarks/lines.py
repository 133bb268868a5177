"""What a benchmark shows: sections of lines, each a measured value beside the target for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

HEADER = ("what", "median", "min to max", "target", "reached")


@dataclass(frozen=True)
class Target:
    """A bound that a median is to keep."""

    bound: float
    at_least: bool = False

    def reached(self, value: float) -> bool:
        """Whether a value keeps it."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True)
class Line:
    """One value in every round, or the reason why it was left out."""

    what: str
    values: tuple[float, ...] = ()
    target: Target | None = None
    unit: str = "x"
    left_out: str = ""

    def cells(self) -> tuple[str, ...]:
        """The line as it is printed, a text for each name in HEADER."""
        target = ""
        if self.target is not None:
            target = f"{'at least' if self.target.at_least else 'at most'} {self.target.bound:g} {self.unit}"
        if not self.values:
            return self.what, "left out", self.left_out, target, ""
        middle = median(self.values)
        reached = ""
        if self.target is not None:
            reached = "yes" if self.target.reached(middle) else "no"
        spread = f"{min(self.values):.3f} to {max(self.values):.3f}" if len(self.values) > 1 else "one round"
        return self.what, f"{middle:.3f} {self.unit}", spread, target, reached


@dataclass
class Section:
    """Lines that were measured together, how, and figures that say what was measured."""

    title: str
    how: str
    lines: list[Line] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The section for a terminal."""
        rows = [HEADER, *(line.cells() for line in self.lines)]
        widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER))]
        shown = [
            "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows
        ]
        body = [f"  {row.rstrip()}" for row in shown] + [f"  {fact}" for fact in self.facts]
        return "\n".join([self.title, *body, ""])

    def markdown(self) -> str:
        """The section for RESULTS.md."""
        rows = [HEADER, ("---",) * len(HEADER), *(line.cells() for line in self.lines)]
        table = [f"| {' | '.join(row)} |" for row in rows]
        facts = ["", *(f"- {fact}" for fact in self.facts)] if self.facts else []
        return "\n".join([f"## {self.title}", "", self.how, "", *table, *facts, ""])


def document(sections: Iterable[Section], environment: dict[str, str]) -> str:
    """RESULTS.md."""
    about = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Each ratio is of two timings by the wall clock in the same round; contenders take "
        "turns within a round. The median over the rounds is held against the target.",
        "",
        *(f"- {name}: {value}" for name, value in environment.items()),
        "",
    ]
    return "\n".join([*about, *(section.markdown() for section in sections)])
