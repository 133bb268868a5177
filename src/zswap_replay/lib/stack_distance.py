"""How many other pages are touched between two accesses of a page, and what each window of time touches, in one pass.

A page's distance is its place in an LRU list of all pages (Mattson's stack algorithm, with a tree of sums over the
order of last accesses, as Bennett and Kruskal do it). Past a number of pages only a sample of them is followed,
spatially and of fixed size, as SHARDS does (Waldspurger and others, FAST '15): the sample is halved when it is full,
and what is counted from then on weighs twice as much. Which pages are in it follows from their numbers alone.
"""

import cython
import numpy as np

from zswap_replay.lib.columns import INT, LONGLONG, UINT, ULONGLONG, Column, Fields, Records, column, grown
from zswap_replay.lib.rank_bitmap import RankBitmap
from zswap_replay.lib.splitmix import mix64

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.event_codes import DISCARD, PAGEOUT

    NR_WINDOWS = 320
    """Windows of time at most: where more would be needed, each becomes ten times as long."""
    FOLD = 10
    NO_PLACE = -1
    """The place of a page that is followed, and whose distances are not asked for."""

FOLLOWED: Fields = {"page": ULONGLONG, "space": INT, "place": INT, "window": INT, "life": UINT}
"""A page: its number and memcg, its place in the order of last accesses, the window of the last one, one more (0: none
yet), and the life of its memcg in which it was allocated (0: it is not)."""


class StackDistances:
    """The accesses of a trace as they come: distances, windows of time, and the pages that each memcg holds.

    `space` is the id of a memcg. All counts are of accesses or pages, each of weight ``1 << level``, where ``level`` is
    how often the sample was halved so far.
    """

    def __init__(self, most: cython.int) -> None:
        """Begin to follow at most so many pages, at least 2, at a time."""
        self.most = most
        self.level = 0
        self.size = 0
        self.room = 128
        self.records = Records(self.room, FOLLOWED)
        self.followed = self.records.array
        self.table = column(2 * self.room, INT, -1)
        # the order of last accesses
        self.ranks = RankBitmap(256)
        self.live = 0
        self.next_place = 0
        # distances: item i counts those from i << level on, below (i + 1) << level
        self.distance = column(128, ULONGLONG)
        self.cold = 0
        # by window: pages first touched in it, by the window that touched them before (0: none)
        self.fresh = column(NR_WINDOWS * (NR_WINDOWS + 1), ULONGLONG)
        self.window = 0
        self.window_ns = 1
        self.start_ns = 0
        self.started = False
        # by memcg
        self.nr_spaces = 0
        self.parent = column(1, INT, -1)
        self.asked = column(1, INT)
        self.life = column(1, UINT)
        self.held = column(1, LONGLONG)
        self.peak = column(1, LONGLONG)

    def add_space(self, parent: cython.int, asked: cython.int) -> None:
        """Add the memcg with the next id: that of its parent (-1: none), and whether its distances are asked for."""
        space: cython.int = self.nr_spaces
        if space == len(self.parent):
            self.parent = grown(self.parent, 2 * space, -1)
            self.asked = grown(self.asked, 2 * space)
            self.life = grown(self.life, 2 * space)
            self.held = grown(self.held, 2 * space)
            self.peak = grown(self.peak, 2 * space)
        self.nr_spaces = space + 1
        self.parent[space] = parent
        self.asked[space] = asked
        self.life[space] = 1

    def is_asked(self, space: cython.int) -> cython.bint:
        """Tell whether the distances of a memcg are asked for."""
        return self.asked[space] != 0

    def restart(self, space: cython.int) -> None:
        """Forget which pages a memcg holds: its path begins anew."""
        self.life[space] += 1
        above: cython.int = self.parent[space]
        while above >= 0:
            self.held[above] -= self.held[space]
            above = self.parent[above]
        self.held[space] = 0

    def feed(
        self,
        time_ns: Column,
        event: Column,
        memcg: Column,
        page: Column,
        count: Column,
        start: cython.Py_ssize_t,
        stop: cython.Py_ssize_t,
    ) -> None:
        """Take in rows `start` up to `stop`, in order of time: accesses and discards, others are passed by."""
        row: cython.Py_ssize_t
        for row in range(start, stop):
            if event[row] > DISCARD or event[row] == PAGEOUT:
                continue
            self.enter_window(time_ns[row])
            if count[row] == 1:
                if self.is_chosen(memcg[row], page[row]):
                    self.touch(memcg[row], page[row], event[row] == DISCARD)
            elif event[row] == DISCARD and count[row] >> self.level >= self.size:
                self.discard_run(memcg[row], page[row], page[row] + (count[row] - 1))
            else:
                self.touch_run(memcg[row], page[row], page[row] + (count[row] - 1), event[row] == DISCARD)

    def discard_run(self, space: cython.int, first: cython.ulonglong, last: cython.ulonglong) -> None:
        """Note that a run is discarded, page by page of those that are followed: it may be of any length."""
        at: cython.int
        if self.held[space] == 0:
            return
        for at in range(self.size):
            if (
                self.followed[at].space == space
                and self.followed[at].life == self.life[space]
                and first <= self.followed[at].page <= last
            ):
                self.followed[at].life = 0
                self.charge(space, -1)

    def touch_run(
        self, space: cython.int, first: cython.ulonglong, last: cython.ulonglong, discard: cython.bint
    ) -> None:
        """Note that a run is touched or discarded, page by page of the sample, which may be halved meanwhile."""
        while not discard and (last - first) >> self.level >= self.most:
            self.halve()  # the run alone would fill the sample
        at: cython.ulonglong = first
        page: cython.ulonglong
        level: cython.int
        group: cython.ulonglong
        while True:
            level = self.level
            group = at >> level
            page = self.chosen(space, group)
            if page > last:
                return
            if page >= at:
                self.touch(space, page, discard)
            if group == last >> level:
                return
            at = (group + 1) << level

    def chosen(self, space: cython.int, group: cython.ulonglong) -> cython.ulonglong:
        """Return the page of a group of ``1 << level`` neighbours that is in the sample.

        Of two neighbouring groups one is chosen by a hash, and so down to the pages: a sample has the coarser ones.
        """
        level: cython.int
        for level in range(self.level - 1, -1, -1):
            group = group << 1 | self.side(space, group, level)
        return group

    def is_chosen(self, space: cython.int, page: cython.ulonglong) -> cython.bint:
        """Tell whether a page is in the sample."""
        level: cython.int
        for level in range(self.level):  # noqa: SIM110 - a generator is no C loop
            if (page >> level & 1) != self.side(space, page >> level >> 1, level):
                return False
        return True

    def side(self, space: cython.int, group: cython.ulonglong, level: cython.int) -> cython.ulonglong:
        """Return which half of a group is in the sample: 0 or 1."""
        number: cython.ulonglong = space
        return mix64(group ^ ((number << 6 | level) << 26)) >> 63

    def touch(self, space: cython.int, page: cython.ulonglong, discard: cython.bint) -> None:
        """Note that a page of the sample is touched or discarded."""
        one: cython.ulonglong = 1
        at: cython.int = self.find(space, page)
        if discard:
            if at >= 0 and self.followed[at].life == self.life[space]:
                self.followed[at].life = 0
                self.charge(space, -1)
            return
        if at < 0:
            if self.asked[space]:
                self.cold += one << self.level
            at = self.insert(space, page)
            if at < 0:
                return
        if self.followed[at].life != self.life[space]:
            self.followed[at].life = self.life[space]
            self.charge(space, 1)
        if self.asked[space]:
            self.follow(at)

    def charge(self, space: cython.int, pages: cython.longlong) -> None:
        """Charge pages of the sample to a memcg and those above it."""
        one: cython.longlong = 1
        weight: cython.longlong = pages * (one << self.level)
        while space >= 0:
            self.held[space] += weight
            if self.held[space] > self.peak[space]:
                self.peak[space] = self.held[space]
            space = self.parent[space]

    def follow(self, at: cython.int) -> None:
        """Count the distance of a page and its window, and make it the one touched last."""
        place: cython.int = self.followed[at].place
        distance: cython.int
        one: cython.ulonglong = 1
        weight: cython.ulonglong = one << self.level
        if self.followed[at].window != self.window + 1:
            self.fresh[self.window * (NR_WINDOWS + 1) + self.followed[at].window] += weight
            self.followed[at].window = self.window + 1
        if place == NO_PLACE:
            self.live += 1
        else:
            distance = self.live - 1 - self.ranks.before(place)
            if distance >= len(self.distance):
                self.distance = grown(self.distance, 2 * max(len(self.distance), distance))
            self.distance[distance] += weight
            if not distance:
                return
            self.ranks.give(place)
        if self.next_place == self.ranks.room:
            self.followed[at].place = NO_PLACE
            self.close_ranks()
        self.followed[at].place = self.next_place
        self.ranks.take(self.next_place)
        self.next_place += 1

    def close_ranks(self) -> None:
        """Give the pages the lowest places, in their order, with room for as many more."""
        at: cython.int
        used: cython.int = 0
        room: cython.int = self.ranks.room
        for at in range(self.size):
            if self.followed[at].place != NO_PLACE:
                self.followed[at].place = self.ranks.before(self.followed[at].place)
                used += 1
        if 2 * used > room:
            room *= 2
        self.ranks = RankBitmap(room)
        for at in range(used):
            self.ranks.take(at)
        self.next_place = used

    # ---- windows ----

    def enter_window(self, time_ns: cython.ulonglong) -> None:
        """Move on to the window of a time."""
        if not self.started:
            self.started = True
            self.start_ns = time_ns
        elapsed: cython.ulonglong = time_ns - self.start_ns
        if elapsed - self.window * self.window_ns < self.window_ns:
            return
        while elapsed // self.window_ns >= NR_WINDOWS:
            self.fold_windows()
        self.window = elapsed // self.window_ns

    def fold_windows(self) -> None:
        """Make one window of ten: a page that several of them touched counts once, in the first."""
        # first the windows, then those before; of the latter none within the same ten
        ten = np.asarray(self.fresh).reshape(NR_WINDOWS // FOLD, FOLD, NR_WINDOWS + 1).sum(axis=1)
        before = ten[:, 1:].reshape(len(ten), len(ten), FOLD).sum(axis=2)
        folded = np.zeros((NR_WINDOWS, NR_WINDOWS + 1), np.uint64)
        folded[: len(ten), 0] = ten[:, 0]
        folded[: len(ten), 1 : len(ten) + 1] = np.tril(before, -1)
        self.fresh = folded.reshape(-1).data
        at: cython.int
        for at in range(self.size):
            if self.followed[at].window:
                self.followed[at].window = (self.followed[at].window - 1) // FOLD + 1
        self.window = self.window // FOLD
        self.window_ns *= FOLD

    # ---- finding pages ----

    def slot_of(self, space: cython.int, page: cython.ulonglong) -> cython.longlong:
        """Return the slot where the search for a page begins; four neighbours begin one behind the other."""
        number: cython.ulonglong = space
        return (mix64((page >> 2) ^ (number << 33)) << 2 | page & 3) & (2 * self.room - 1)

    def find(self, space: cython.int, page: cython.ulonglong) -> cython.int:
        """Return the index of a page, or -1 where it is not followed."""
        slot: cython.longlong = self.slot_of(space, page)
        at: cython.int = self.table[slot]
        while at >= 0 and (self.followed[at].page != page or self.followed[at].space != space):
            slot = (slot + 1) & (2 * self.room - 1)
            at = self.table[slot]
        return at

    def insert(self, space: cython.int, page: cython.ulonglong) -> cython.int:
        """Add a page and return its index; -1 where it is none of the sample, which had to be halved for it."""
        while self.size == self.most:
            self.halve()
        if not self.is_chosen(space, page):
            return -1
        if self.size == self.room:
            self.grow()
        at: cython.int = self.size
        self.size += 1
        self.followed[at].page = page
        self.followed[at].space = space
        self.followed[at].place = NO_PLACE
        self.followed[at].window = 0
        self.followed[at].life = 0
        self.enter(at)
        return at

    def enter(self, at: cython.int) -> None:
        """Put a page into the first free slot from its own on."""
        slot: cython.longlong = self.slot_of(self.followed[at].space, self.followed[at].page)
        while self.table[slot] >= 0:
            slot = (slot + 1) & (2 * self.room - 1)
        self.table[slot] = at

    def grow(self) -> None:
        """Make room for twice as many pages."""
        at: cython.int
        self.room *= 2
        self.followed = None
        self.records.resize(self.room)
        self.followed = self.records.array
        self.table = column(2 * self.room, INT, -1)
        for at in range(self.size):
            self.enter(at)

    def halve(self) -> None:
        """Drop the pages that a sample of half the rate does not have; distances are counted twice as coarsely."""
        at: cython.int
        kept: cython.int = 0
        space: cython.int
        self.level += 1
        for space in range(self.nr_spaces):
            self.held[space] = 0
        for at in range(self.size):
            if not self.is_chosen(self.followed[at].space, self.followed[at].page):
                if self.followed[at].place != NO_PLACE:
                    self.ranks.give(self.followed[at].place)
                    self.live -= 1
                continue
            self.followed[kept].page = self.followed[at].page
            self.followed[kept].space = self.followed[at].space
            self.followed[kept].place = self.followed[at].place
            self.followed[kept].window = self.followed[at].window
            self.followed[kept].life = self.followed[at].life
            space = self.followed[kept].space
            if self.followed[kept].life == self.life[space]:
                self.charge(space, 1)
            kept += 1
        self.size = kept
        self.table = column(2 * self.room, INT, -1)
        for at in range(kept):
            self.enter(at)
        for at in range(len(self.distance) >> 1):
            self.distance[at] = self.distance[2 * at] + self.distance[2 * at + 1]
        for at in range(len(self.distance) >> 1, len(self.distance)):
            self.distance[at] = 0
