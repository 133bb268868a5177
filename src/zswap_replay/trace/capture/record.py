"""One event of a capture, as the text of any tool has it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Record:
    """One event of the capture."""

    time_ns: int
    task: int
    event: str
    numbers: dict[str, int]
    texts: dict[str, str]
    line: int

    def parts(self) -> tuple[int, int, str, dict[str, int], dict[str, str], int]:
        """Give what the record is made of, in the order in which it is made again."""
        return (self.time_ns, self.task, self.event, self.numbers, self.texts, self.line)
