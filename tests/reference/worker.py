"""The worker that shrinks a full pool, on the clock of the trace."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tests.reference.objects import Memcg, Pool
from tests.reference.zswap import Zswap

FAILURES = 16
FOREVER = 1 << 100


@dataclass(eq=False)
class Work:
    """A work item, and where it stands."""

    pool: Pool | None
    """The pool whose threshold it was queued for; None where all pools share one item."""
    cursor: Memcg | None = None
    queued: bool = False
    failures: int = 0
    candidates: int = 0
    threshold: int = 0


class Worker:
    """Steps of a run, each a memcg; a page that is written back takes ``writeback_ns``."""

    def __init__(self, zswap: Zswap, writeback_ns: int) -> None:
        self.zswap = zswap
        self.rules = zswap.rules
        self.writeback_ns = writeback_ns
        self.works: dict[Pool | None, Work] = {}
        self.queue: deque[Work] = deque()
        self.running: Work | None = None
        self.now = 0
        self.due = 0
        """When the next step is done."""
        self.runs = 0
        self.steps = 0
        zswap.wake = self.wake
        zswap.busy = self.busy
        zswap.dropped = self.forget

    def wake(self, pool: Pool) -> None:
        """Queue the work of a pool, unless it is queued."""
        key = None if self.rules.lru == "shared" else pool
        work = self.works.setdefault(key, Work(key))
        if work.queued:
            return
        if not self.queue and self.running is None:
            self.due = max(self.due, self.now + self.writeback_ns)
        work.queued = True
        self.queue.append(work)

    def busy(self, pool: Pool) -> bool:
        """Whether a pool's work is queued or running."""
        work = self.works.get(pool)
        return work is not None and (work.queued or work is self.running)

    def forget(self, pool: Pool) -> None:
        """Let go of the work of a pool that is no more, and of the memcg that it stood at."""
        work = self.works.pop(pool, None)
        if work is not None:
            self._set_cursor(work, None)

    def advance(self, now: int) -> None:
        """Let the worker run until ``now``."""
        while (self.queue or self.running) and self.due <= now:
            written = self._step()
            self.due += written * self.writeback_ns
        self.now = now

    def settle(self) -> None:
        """Let the worker finish."""
        while self.queue or self.running:
            self.due += self._step() * self.writeback_ns

    def _step(self) -> int:
        """Take one step; return the pages that it wrote back."""
        if self.running is None:
            self.running = self.queue.popleft()
            self.running.queued = False
            self.running.failures = self.running.candidates = 0
            self.running.threshold = self.zswap.threshold
            self.runs += 1
        work = self.running
        self.steps += 1
        before = self.zswap.counts["written_back_pages"]
        if self._over(work) or self._low_enough(work):
            self.running = None
            self.zswap.drop_empty_pools()
        return self.zswap.counts["written_back_pages"] - before

    def _low_enough(self, work: Work) -> bool:
        if self.rules.worker == "candidates":
            return self.zswap.pool_pages <= work.threshold
        return self.zswap.accepts()

    def _over(self, work: Work) -> bool:
        """Look at one memcg; True: the run is over, whatever the pool holds."""
        if self.rules.worker == "oldest":
            return self._oldest_entry(work)
        memcg = self._next(work)
        if self.rules.worker == "every":
            # the end of the tree stands for root once more
            return self.zswap.shrink(memcg or self.zswap.root) <= 0 and self._failed(work)
        if self.rules.worker == "online":
            if memcg is None:
                return self._failed(work)
            if not memcg.online:
                self._set_cursor(work, None)
                return self._failed(work)
            outcome = self.zswap.shrink(memcg)
            return outcome == -1 or (outcome <= 0 and self._failed(work))
        while memcg is not None and not memcg.online:
            memcg = self._next(work)
        if memcg is None:
            had, work.candidates = work.candidates, 0
            return not had and self._failed(work)
        outcome = self.zswap.shrink(memcg)
        if outcome < 0:
            return False
        work.candidates += 1
        return outcome == 0 and self._failed(work)

    def _failed(self, work: Work) -> bool:
        work.failures += 1
        return work.failures == FAILURES

    def _oldest_entry(self, work: Work) -> bool:
        assert work.pool is not None
        lru = self.zswap.list_of(work.pool, self.zswap.root, 0)
        if not lru:
            self.zswap.counts["reject_reclaim_fail"] += 1
            return True
        return not self.zswap.write_back(lru) and self._failed(work)

    # The cursor

    def _next(self, work: Work) -> Memcg | None:
        """Move the cursor on by one memcg in pre-order, root first, None after the last."""
        order = list(self._existing(self.zswap.root))
        if work.cursor is None:
            found: Memcg | None = order[0]
        else:
            place = order.index(work.cursor) + 1
            found = order[place] if place < len(order) else None
        self._set_cursor(work, found)
        return found

    def _existing(self, memcg: Memcg) -> list[Memcg]:
        found = [memcg]
        for child in memcg.children:
            if child.exists:
                found += self._existing(child)
        return found

    @staticmethod
    def _set_cursor(work: Work, memcg: Memcg | None) -> None:
        if memcg is not None:
            memcg.cursors += 1
        if work.cursor is not None:
            work.cursor.cursors -= 1
        work.cursor = memcg

    def memcg_dies(self, memcg: Memcg) -> None:
        """Move the cursors on that stand on a memcg, where the release does."""
        for work in self.works.values() if self.rules.cursor_moves_on else ():
            if work.cursor is memcg:
                self._next(work)
                while self.rules.lru == "shared" and work.cursor is not None and not work.cursor.online:
                    self._next(work)
