"""The cgroups of a capture: which path an id stands for, and under which name the trace has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from zswap_replay.trace.capture.record import Record
from zswap_replay.trace.schema import ROOT

_ROOT_IDS = (0, 1)
"""The root's id, and what a probe reads where a page is charged to nobody."""


class CgroupsFromBefore:
    """The cgroups from before the capture: those that are known, and those that are named when they are used or go."""

    def __init__(self, known: Mapping[int, str]) -> None:
        self.found = dict(known)
        """Paths by id."""
        self._made: set[int] = set()

    def see(self, record: Record) -> None:
        """Take the next event."""
        if record.event == "cgroup_mkdir":
            self._made.add(record.numbers["id"])
        elif record.event in ("cgroup_rmdir", "cgroup_attach_task"):
            number = record.numbers["id" if record.event == "cgroup_rmdir" else "dst_id"]
            path = record.texts["path" if record.event == "cgroup_rmdir" else "dst_path"]
            if number not in self._made and number not in _ROOT_IDS:
                self.found.setdefault(number, path)


class Cgroups:
    """Names by id. A path that is made again while pages of the one before live on gets a name of its own."""

    def __init__(self, known: Mapping[int, str], lives_on: Callable[[str], bool]) -> None:
        """Take the cgroups that were there before, and what tells whether a name still has pages."""
        self._names: dict[int, str] = dict.fromkeys(_ROOT_IDS, ROOT)
        self._live: dict[str, str] = {ROOT: ROOT}
        self._made: Counter[str] = Counter()
        self._lives_on = lives_on
        self.unnamed: list[str] = []
        """Names that were made up for ids which nothing explains."""
        for number, path in known.items():
            self.make(number, path)

    def make(self, number: int, path: str) -> str:
        """Note that the cgroup ``number`` is at a path from now on; return its name in the trace."""
        parent, _, base = path.rpartition("/")
        above = self._live.get(parent or ROOT, parent)
        name = f"{above.rstrip('/')}/{base}" if base else ROOT
        first = name
        while self._made[name] and self._lives_on(name):
            self._made[first] += 1
            name = f"{first}.{self._made[first]}"
        self._made[name] += 1
        self._names[number] = name
        self._live[path] = name
        return name

    def remove(self, number: int, path: str) -> str:
        """Note that a cgroup is gone; its pages keep its name. Return that."""
        live = self._live.pop(path, path)
        return self._names.setdefault(number, live)

    def name(self, number: int) -> str:
        """Return the name of a cgroup, which is made up where nothing tells its path."""
        name = self._names.get(number)
        if name is None:
            name = self._names[number] = self._live[f"/cgroup-{number}"] = f"/cgroup-{number}"
            self.unnamed.append(name)
        return name

    def live(self) -> dict[str, str]:
        """Return the name of each path that is there now."""
        return dict(self._live)

    def numbers(self) -> list[tuple[int, str]]:
        """Return each id that is known, with its name."""
        return list(self._names.items())
