"""Which contents the pages of a trace ever hold, whatever reclaim makes of them."""

import cython

from zswap_replay.lib.columns import INT, ULONGLONG, Column, column, grown
from zswap_replay.lib.length_index import Lengths
from zswap_replay.lib.page_table import PageTable
from zswap_replay.machine.events import Events
from zswap_replay.machine.memcg_paths import MemcgPaths

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.block_table import BLOCK_MASK, BLOCK_SHIFT
    from zswap_replay.lib.event_codes import CONTROL, DISCARD, PAGEOUT, SETTLE, WRITE
    from zswap_replay.lib.page_table import EXPLICIT, PRESENT
    from zswap_replay.machine.machine import WIDE


class ContentsHeld:
    """Takes the place of Machine.run(): events change what pages hold, and nothing else."""

    def __init__(self, pages: PageTable, paths: MemcgPaths, nr_nodes: int) -> None:
        self.pages = pages
        self.paths = paths
        self.nr_nodes = nr_nodes
        # a set: in place of its length each content has its number in the columns below, and no kind
        self.contents = Lengths()
        # by that number: the page that held it first, and the path of that page's memcg
        self.holder_page = column(1024, ULONGLONG)
        self.holder_path = column(1024, INT)
        self.path = 0
        # by the number of an event, what the page holds that is written to; None where nobody asks
        self.named: Column | None = None

    def name(self, named: Column | None) -> None:
        """Note in a column, by the number of each write of one page, what the page holds then, and no set of contents.

        The column is as long as the events that come next.
        """
        self.named = named

    def run(self, events: Events, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Replay what pages hold over the events ``start`` to ``stop`` - 1; return the number of the first one left.

        Which that is, and what is refused, is as with Machine.run().
        """
        events.check(start, stop, self.nr_nodes)
        i: cython.Py_ssize_t
        kind: cython.int
        space: cython.int
        number: cython.ulonglong
        for i in range(start, stop):
            kind = events.event[i]
            if kind >= CONTROL:
                return i
            if kind == SETTLE:
                continue
            space = self.paths.memcg_of(events.memcg[i])
            if space < 0:
                return i
            self.path = events.memcg[i]
            if kind > WRITE and events.count[i] > WIDE:
                self.event_of_known_pages(events, i, space)
            else:
                for number in range(events.count[i]):
                    self.page_event(
                        kind,
                        space,
                        events.page[i] + number,
                        events.content[i] + number,
                        events.has_content[i] != 0,
                    )
                    if self.named is not None and kind == WRITE and events.count[i] == 1:
                        self.named[i] = self.pages.content_of(self.pages.find(space, events.page[i]))
        return stop

    def event_of_known_pages(self, events: Events, i: cython.Py_ssize_t, space: cython.int) -> None:
        """Replay a pageout or discard of many pages, as Machine.event_of_known_pages() does."""
        first: cython.ulonglong = events.page[i]
        last: cython.ulonglong = first + (events.count[i] - 1)
        number: cython.ulonglong
        at: cython.Py_ssize_t
        page: cython.int
        blocks = self.pages.blocks_between(space, first >> BLOCK_SHIFT, last >> BLOCK_SHIFT)
        for at in range(len(blocks)):
            for page in range(blocks[at] << BLOCK_SHIFT, (blocks[at] << BLOCK_SHIFT) + BLOCK_MASK + 1):
                number = self.pages.page_of(page)
                if first <= number <= last:
                    self.page_event(
                        events.event[i],
                        space,
                        number,
                        events.content[i] + (number - first),
                        events.has_content[i] != 0,
                    )

    def page_event(
        self,
        kind: cython.int,
        space: cython.int,
        number: cython.ulonglong,
        content: cython.ulonglong,
        has_content: cython.bint,
    ) -> None:
        """Note what a page holds after an event."""
        pages: PageTable = self.pages
        page: cython.int = pages.find(space, number)
        if kind == DISCARD or kind == PAGEOUT:
            if page < 0 or not pages.flags[page] & PRESENT:
                return
            if kind == DISCARD:
                pages.flags[page] = 0
                return
        elif page < 0:
            page = pages.insert(space, number)
        if not pages.flags[page] & PRESENT:
            pages.flags[page] = PRESENT
            pages.page[page].version = 0
            if has_content:
                pages.page[page].content = content
                pages.flags[page] |= EXPLICIT
        if kind == WRITE or has_content:
            pages.set_content(page, kind == WRITE, content, has_content)
        if self.named is not None:
            return
        held: cython.ulonglong = pages.content_of(page)
        if self.contents.find(held) < 0:
            self.add(held, number)

    def add(self, content: cython.ulonglong, page: cython.ulonglong) -> None:
        """Take in a content that is met for the first time, with the page that holds it."""
        number: cython.Py_ssize_t = self.contents.size
        if number == len(self.holder_page):
            self.holder_page = grown(self.holder_page, 2 * number)
            self.holder_path = grown(self.holder_path, 2 * number)
        self.holder_page[number] = page
        self.holder_path[number] = self.path
        self.contents.add(content, number, 0)
