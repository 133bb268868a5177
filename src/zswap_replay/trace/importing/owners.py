"""Memcgs that are named after programs: who owns a page, and how pages of several processes are kept apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from zswap_replay.errors import TraceError
from zswap_replay.trace.importing.job import Job

SHIFT = 52
"""Bits of a page number that an address of 64 bits has; the number of a process stands above them."""

_MOST = 1 << (64 - SHIFT)
_ODD = re.compile(r"[^\w.+@-]+")

By = Literal["process", "program"]


def path_of(program: str) -> str:
    """Return the memcg of a program: its name below the root, with _ for what a path or ``--set`` would trip over.

    >>> path_of("kworker/0:1"), path_of("..")
    ('/kworker_0_1', '/program')
    """
    name = _ODD.sub("_", program).strip("_")
    return f"/{name}" if name.strip(".") else "/program"


@dataclass(slots=True)
class Owner:
    """Where the pages of a process are: the number of its memcg, and what is added to its page numbers."""

    memcg: int
    offset: int


class Owners:
    """The memcgs of an import, by program and process.

    With a memcg that was asked for, all pages are there; without, each process has a memcg of its program's name (a
    second one of the same name: of its number too), or each program one (`by`). Pages of two processes in one memcg
    have different numbers.
    """

    def __init__(self, job: Job, by: By = "process") -> None:
        self._job = job
        self._by = by
        self._known: dict[tuple[str | None, int | None], Owner] = {}
        self._memcgs: dict[str, int] = {}
        self._inside: dict[int, int] = {}
        """By memcg, the processes in it."""

    def of(self, program: str | None, process: int | None = None) -> Owner:
        """Return where the pages of a process are. Raises TraceError: a memcg has more processes than can be told."""
        key = (program, process)
        owner = self._known.get(key)
        if owner is None:
            owner = self._known[key] = self._new(program, process)
        return owner

    def _new(self, program: str | None, process: int | None) -> Owner:
        asked = self._job.memcg
        path = asked or path_of(program or self._job.source.stem or "program")
        if asked is None and self._by == "process" and path in self._memcgs and process is not None:
            path = f"{path}-{process}"
        memcg = self._memcgs.get(path)
        if memcg is None:
            memcg = self._memcgs[path] = self._job.new_memcg(path)
        number = self._inside.get(memcg, 0)
        self._inside[memcg] = number + 1
        if number >= _MOST:
            raise TraceError(
                f"{self._job.source.name}: found more than {_MOST:,} processes in the memcg {path}; expected fewer"
            )
        return Owner(memcg, number << SHIFT)

    @property
    def most_in_one(self) -> int:
        """The most processes that share a memcg."""
        return max(self._inside.values(), default=0)
