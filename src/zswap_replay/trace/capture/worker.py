"""The shrink worker as it was seen: when a run began, each turn of its loop that came to a memcg, and its end.

A turn is a call of shrink_memcg(), and takes place when its entry is freed: just before its page is written to the
device; a turn that frees none takes place when the call returns. The worker stores pages itself while it writes back
(the page that it reads in is charged, and may have its memcg reclaimed), and those stores may call shrink_memcg() too.
"""

from __future__ import annotations

from zswap_replay.trace.capture.record import Record
from zswap_replay.trace.capture.rows import Rows
from zswap_replay.trace.schema import Event


class ObservedWorker:
    """What the tasks between ``worker_in`` and ``worker_out`` do."""

    def __init__(self, rows: Rows, kinds: set[str]) -> None:
        """Take the events that the capture has: without ``wb`` nothing tells a call within another one."""
        self._rows = rows
        self._nests = "wb" in kinds
        self._tasks: dict[int, list[int]] = {}
        # by task: the slots of entries whose writeback is under way, the outermost first
        self._turned: set[int] = set()
        # tasks whose call of shrink_memcg() has had its turn
        self.runs = 0

    def see(self, record: Record) -> None:
        """Take an event of any task."""
        event, task = record.event, record.task
        if event == "worker_in":
            self.runs += 1
            self._tasks[task] = []
            self._turned.discard(task)
            self._rows.add(record.time_ns, Event.WORKER, value="begin")
        slots = self._tasks.get(task)
        if slots is None:
            return
        if event == "look" and not record.numbers.get("ref", 0):
            # one that was used since has its second chance, and is not written back
            if self._nests or not slots:
                slots.append(record.numbers["swp"])
            else:
                slots[0] = record.numbers["swp"]
        elif event == "disk":
            if len(slots) == 1 and slots[0] == record.numbers["swp"] and task not in self._turned:
                self._turned.add(task)
                self._rows.turn(record.time_ns)
        elif event == "wb":
            if slots:
                slots.pop()
        elif event == "shrink":
            if self._nests and slots:
                return
            if task not in self._turned:
                self._rows.turn(record.time_ns)
            self._turned.discard(task)
        elif event == "worker_out":
            del self._tasks[task]
            self._rows.add(record.time_ns, Event.WORKER, value="end")
