"""A snapshot's counters by one flat name each, and errors that say which names there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from zswap_replay.result.snapshot import Snapshot

_MANY = 20
"""Names that an error lists; where there are more, those that are near are enough."""


class Counters(dict[str, int]):
    """Counters by name: the kernel's under the kernel's names, and ours as ``replay.`` and the name.

    ``of`` is what they are counters of, for the error of a name that is not there.
    """

    def __init__(self, of: str, kernels: Iterable[Mapping[str, int]], ours: Mapping[str, int]) -> None:
        super().__init__((name, value) for group in kernels for name, value in group.items())
        self.update((f"replay.{name}", value) for name, value in ours.items())
        self._of = of

    def __missing__(self, name: str) -> int:
        raise KeyError(f"{self._of} has no counter {name!r}; {_known(name, self)}")


class Memcgs(Mapping[str, Counters]):
    """Counters of the memcgs of a snapshot, by path; each counts a memcg with its descendants."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __getitem__(self, path: str) -> Counters:
        kernels = self._snapshot.memcg
        if path not in kernels:
            raise KeyError(
                f"no memcg {path!r} at the snapshot {self._snapshot.label!r}; {_known(path, kernels)}"
            )
        return Counters(f"the memcg {path}", (kernels[path],), self._snapshot.replay_memcg.get(path, {}))

    def __iter__(self) -> Iterator[str]:
        return iter(self._snapshot.memcg)

    def __len__(self) -> int:
        return len(self._snapshot.memcg)

    def __repr__(self) -> str:
        return f"<memcgs {', '.join(self)}>"


def machine(snapshot: Snapshot) -> Counters:
    """The counters of the whole machine."""
    return Counters(f"the snapshot {snapshot.label!r}", (snapshot.zswap, snapshot.vmstat), snapshot.replay)


def _known(name: str, names: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(str(name), names, n=3)
    meant = f"did you mean {' or '.join(near)}?" if near else ""
    if near and len(names) > _MANY:
        return meant
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return f"{meant} there are {', '.join(list(names)[:_MANY])}{more}".lstrip()
