"""Where compressed pages lie: an object for each page or group of pages, in plain lists."""

from __future__ import annotations

from dataclasses import dataclass

PAGE = 4096


@dataclass(eq=False)
class Zspage:
    """Pages that are cut into objects of one size."""

    size: int
    pages: int
    room: int
    used: int = 0

    @property
    def tenth(self) -> int:
        """How full it is, in tenths begun: 0 for an empty one, 11 for a full one."""
        if self.used in (0, self.room):
            return 11 if self.used else 0
        return 100 * self.used // self.room // 10 + 1


def _chain(size: int) -> int:
    """How many pages are cut together so that the least is left over."""
    if size & (size - 1) == 0:
        return 1
    return min(range(1, 9), key=lambda pages: (pages * PAGE % size, pages))


def _classes() -> list[tuple[int, int]]:
    """Object size and pages of a zspage by size class, those of equal shape merged upwards."""
    found: list[tuple[int, int]] = []
    for number in reversed(range(255)):
        size = min(32 + 16 * number, PAGE)
        shape = _chain(size), _chain(size) * PAGE // size
        if found and (found[0][1], found[0][1] * PAGE // found[0][0]) == shape:
            size = found[0][0]
        found.insert(0, (size, shape[0]))
    return found


CLASSES = _classes()


class Zsmalloc:
    """mm/zsmalloc.c: the first zspage of the fullest group that has room; those that change group come first in it."""

    longest = PAGE

    def __init__(self) -> None:
        self.groups: dict[tuple[int, int], list[Zspage]] = {}
        self.pages = 0

    def allocate(self, length: int) -> Zspage:
        """Find room for an object, which takes 8 bytes more for its handle."""
        size, pages = CLASSES[min(-(-max(0, length + 8 - 32) // 16), len(CLASSES) - 1)]
        for tenth in range(10, -1, -1):
            group = self.groups.get((size, tenth))
            if group:
                return self._change(group[0], 1)
        return self._change(Zspage(size, pages, pages * PAGE // size), 1)

    def free(self, place: Zspage) -> None:
        """Take an object out again; an empty zspage is given back."""
        self._change(place, -1)

    def _change(self, zspage: Zspage, by: int) -> Zspage:
        before = zspage.tenth
        zspage.used += by
        after = zspage.tenth
        if before != after:
            if before:
                self.groups[zspage.size, before].remove(zspage)
            if after:
                self.groups.setdefault((zspage.size, after), []).insert(0, zspage)
            self.pages += zspage.pages * ((not before) - (not after))
        return zspage


@dataclass(eq=False)
class Buddies:
    """A page with up to two objects, in chunks of 64 bytes: 0 for one that is not there."""

    first: int = 0
    last: int = 0

    @property
    def room(self) -> int:
        """Chunks that are free; one of the 64 is the header."""
        return 63 - self.first - self.last


class Zbud:
    """mm/zbud.c: the page with the least room that is enough, the one that came last first."""

    longest = 3968

    def __init__(self) -> None:
        self.half_used: list[Buddies] = []
        self.pages = 0

    def allocate(self, length: int) -> tuple[Buddies, str]:
        """Find room for an object."""
        chunks = -(-length // 64)
        fitting = [page for page in self.half_used if page.room >= chunks]
        if fitting:
            page = min(fitting, key=lambda page: page.room)
            self.half_used.remove(page)
        else:
            page = Buddies()
            self.pages += 1
        side = "last" if page.first else "first"
        setattr(page, side, chunks)
        if not (page.first and page.last):
            self.half_used.insert(0, page)
        return page, side

    def free(self, place: tuple[Buddies, str]) -> None:
        """Take an object out again; a page without any is given back."""
        page, side = place
        setattr(page, side, 0)
        if page in self.half_used:
            self.half_used.remove(page)
        if page.first or page.last:
            self.half_used.insert(0, page)
        else:
            self.pages -= 1


Allocator = Zsmalloc | Zbud
ALLOCATORS: dict[str, type[Zsmalloc] | type[Zbud]] = {"zsmalloc": Zsmalloc, "zbud": Zbud}
