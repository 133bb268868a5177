"""What the model is made of: memcgs, pages, swap slots, entries and pools, each an object that points to others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.reference.allocators import ALLOCATORS, PAGE, Allocator

UNLIMITED = 1 << 63


@dataclass(eq=False)
class Memcg:
    """A memory cgroup: its limits, what is charged to it and its descendants, and what was counted there."""

    path: str
    parent: Memcg | None = None
    children: list[Memcg] = field(default_factory=list)
    """In the order in which they were made; one that is dead stays for as long as something names it."""
    online: bool = True
    zswap_max: int = UNLIMITED
    """In pages."""
    swap_max: int = UNLIMITED
    writeback: bool = True
    zswap_bytes: int = 0
    zswapped: int = 0
    raw: int = 0
    """Entries that are stored as they are."""
    resident: int = 0
    swap: int = 0
    by_node: dict[int, Counter[str]] = field(default_factory=dict)
    own_slots: int = 0
    """Slots that name this memcg itself."""
    own_pages: int = 0
    """Resident pages of this memcg itself."""
    cursors: int = 0
    """Workers that stand here."""

    def lineage(self) -> Iterator[Memcg]:
        """Yield itself and its ancestors, root last."""
        memcg: Memcg | None = self
        while memcg is not None:
            yield memcg
            memcg = memcg.parent

    def live(self) -> Memcg:
        """Itself, or the nearest ancestor that is online."""
        return next(memcg for memcg in self.lineage() if memcg.online)

    def count(self, node: int, name: str, by: int = 1) -> None:
        """Count here and at all ancestors."""
        for memcg in self.lineage():
            memcg.by_node.setdefault(node, Counter())[name] += by

    @property
    def exists(self) -> bool:
        """Whether the kernel still has it."""
        return (
            self.online
            or bool(self.own_slots or self.own_pages or self.cursors)
            or any(child.exists for child in self.children)
        )


@dataclass(eq=False)
class Pool:
    """A compressor with an allocator, the lists of its entries, and a cursor of its worker."""

    zpool: str
    compressor: str
    allocator: Allocator
    lists: dict[Any, list[Entry]]
    """The LRUs, oldest entry first, by what the release tells apart: see Zswap.list_of()."""
    entries: int = 0

    @classmethod
    def make(cls, zpool: str, compressor: str, lists: dict[Any, list[Entry]]) -> Pool:
        """Make an empty pool."""
        return cls(zpool, compressor, ALLOCATORS[zpool](), lists)


@dataclass(eq=False)
class Entry:
    """A compressed page in zswap."""

    slot: Slot
    pool: Pool
    length: int
    """0: the page is one repeated word, and takes no memory."""
    place: Any
    memcg: Memcg
    """On whose list it is."""
    charged: bool
    """Whether that memcg is charged: for root's own pages it is not."""
    counted: bool
    """Whether loads and stores are counted there."""
    node: int
    referenced: bool = True

    @property
    def raw(self) -> bool:
        """Whether it is stored as it is."""
        return self.length == PAGE


@dataclass(eq=False)
class Slot:
    """A swap slot: whom it names, and what is there."""

    memcg: Memcg
    page: Page | None
    """None once it is freed and waits to be given back."""
    entry: Entry | None = None
    zero: bool = False
    """In the zero map."""


@dataclass(eq=False)
class Page:
    """An anonymous page that was touched and not freed."""

    memcg: Memcg
    """To which it is charged, or was when it was in memory last."""
    node: int
    content: int
    charged_as: Memcg
    """The memcg that it was charged to when it came into memory last."""
    mapped: bool = True
    cached: bool = False
    """An unmapped copy in the swap cache."""
    dirty: bool = True
    slot: Slot | None = None

    @property
    def in_memory(self) -> bool:
        """Mapped, or in the swap cache."""
        return self.mapped or self.cached
