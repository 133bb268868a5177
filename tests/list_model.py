"""What the tests of both kinds of lists compare them with: plain Python lists."""

from __future__ import annotations

from hypothesis.stateful import RuleBasedStateMachine


class ListModel(RuleBasedStateMachine):
    """Some lists of items, an item on one of them at a time."""

    def __init__(self, heads: int, items: int) -> None:
        super().__init__()
        self.model: list[list[int]] = [[] for _ in range(heads)]
        self.nr_items = items

    @property
    def listed(self) -> list[tuple[int, int]]:
        """Each item that is on a list, behind the number of the list."""
        return [(head, item) for head, items in enumerate(self.model) for item in items]

    @property
    def loose(self) -> list[int]:
        """The items that are on no list."""
        return sorted(set(range(self.nr_items)) - {item for _, item in self.listed})
