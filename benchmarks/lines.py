"""The output of benchmarks: sections of lines, each a measured value beside its target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

HEADER = ("what", "median", "min to max", "target", "reached")


@dataclass(frozen=True)
class Target:
    """A bound for a median: at most, or at least, ``bound``."""

    bound: float
    at_least: bool = False

    def reached(self, value: float) -> bool:
        """Tell whether a value keeps the bound."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True)
class Line:
    """A value for each round, or the reason why it was left out."""

    what: str
    values: tuple[float, ...] = ()
    target: Target | None = None
    unit: str = "x"
    left_out: str = ""

    def cells(self, *, judged: bool) -> tuple[str, ...]:
        """Return the line as it is printed, a text for each name in HEADER; ``judged`` says whether it is reached."""
        target = ""
        if self.target is not None:
            target = f"{'at least' if self.target.at_least else 'at most'} {self.target.bound:g} {self.unit}"
        if not self.values:
            return self.what, "left out", self.left_out, target, ""
        middle = median(self.values)
        reached = ""
        if self.target is not None and judged:
            reached = "yes" if self.target.reached(middle) else "no"
        spread = f"{min(self.values):.3f} to {max(self.values):.3f}" if len(self.values) > 1 else "one round"
        return self.what, f"{middle:.3f} {self.unit}", spread, target, reached


@dataclass
class Section:
    """Lines that were measured together: their title, how they were measured, and facts about the inputs."""

    title: str
    how: str
    lines: list[Line] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    measured: str = ""
    """When, of what, and on a machine how busy it was measured."""
    judged: bool = True
    """Whether the inputs have the sizes that the targets are for."""

    def text(self) -> str:
        """Render the section for a terminal."""
        rows = [HEADER, *(line.cells(judged=self.judged) for line in self.lines)]
        widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER))]
        shown = [
            "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows
        ]
        body = [f"  {row.rstrip()}" for row in shown] + [f"  {fact}" for fact in self.facts]
        return "\n".join([self.title, *body, ""])

    def markdown(self) -> str:
        """Render the section for RESULTS.md."""
        rows = [HEADER, ("---",) * len(HEADER), *(line.cells(judged=self.judged) for line in self.lines)]
        table = [f"| {' | '.join(row)} |" for row in rows]
        told = [*self.facts, *([f"measured {self.measured}"] if self.measured else [])]
        facts = ["", *(f"- {fact}" for fact in told)] if told else []
        return "\n".join([f"## {self.title}", "", self.how, "", *table, *facts, ""])


def document(sections: Iterable[Section], environment: dict[str, str], before: str = "") -> str:
    """Render RESULTS.md; sections of the one ``before`` that were not measured again stay as they are, at its end."""
    about = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Each ratio is of two timings by the wall clock in the same round; contenders take "
        "turns within a round, and before each of them memory is touched and freed, so that no one waits for a "
        "virtual machine's host to give it. The median over the rounds is held against the target. "
        "`python -m benchmarks.compare OLD.md NEW.md` holds two of these files against each other, line by line.",
        "",
        *(f"- {name}: {value}" for name, value in environment.items()),
        "",
    ]
    new = {section.title: section.markdown() for section in sections}
    kept = [text for title, text in sections_of(before).items() if title not in new]
    return "\n".join([*about, *new.values(), *kept])


def sections_of(markdown: str) -> dict[str, str]:
    """Cut the text of a RESULTS.md into its sections, by title."""
    found = {}
    for part in f"\n{markdown}".split("\n## ")[1:]:
        found[part.partition("\n")[0]] = f"## {part.rstrip()}\n"
    return found
