"""All counters at one moment as numbers in columns: what a snapshot is before somebody looks at its names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from zswap_replay.result.counters import COUNTERS, Group
from zswap_replay.result.snapshot import Snapshot

_Values = npt.NDArray[np.int64]

OF_MACHINE: Final[tuple[Group, ...]] = ("zswap", "zram", "meminfo", "vmstat", "replay")
"""The groups of the machine's counters, in their order."""

LIMITS: Final = (
    "memory.max",
    "memory.high",
    "memory.swap.max",
    "memory.zswap.max",
    "memory.zswap.writeback",
)
"""The limits of a memcg; -1 for one that is not shown."""

ROOT: Final = "/"


@dataclass(frozen=True)
class Layout:
    """The names of the values: of the machine, by group, and of each memcg.

    A memcg has the counters of the groups ``memcg`` and ``replay.memcg``, those of ``node``, one node after the other,
    and its limits. The root has no limits, nor the counters ``not_of_root``, though it has places for them.
    """

    names: Mapping[Group, tuple[str, ...]]
    nr_nodes: int
    not_of_root: tuple[str, ...]

    @cached_property
    def of_machine(self) -> int:
        """The number of the machine's values."""
        return sum(len(self.names[group]) for group in OF_MACHINE)

    @cached_property
    def parts(self) -> tuple[int, int, int]:
        """Where the values of a memcg that are ``replay.memcg``, ``node`` and its limits begin."""
        memcg = len(self.names["memcg"])
        node = memcg + len(self.names["replay.memcg"])
        return memcg, node, node + self.nr_nodes * len(self.names["node"])

    @property
    def width(self) -> int:
        """The number of values of a memcg."""
        return self.parts[2] + len(LIMITS)

    @cached_property
    def counts_of_machine(self) -> npt.NDArray[np.bool_]:
        """Which of the machine's values are counted up, and no gauges."""
        return np.array(
            [_counts(group, name) for group in OF_MACHINE for name in self.names[group]], np.bool_
        )

    @cached_property
    def counts_of_memcg(self) -> npt.NDArray[np.bool_]:
        """The same of a memcg's values."""
        nodes = [_counts("node", name) for name in self.names["node"]] * self.nr_nodes
        memcg: tuple[Group, ...] = ("memcg", "replay.memcg")
        own = [_counts(group, name) for group in memcg for name in self.names[group]]
        return np.array([*own, *nodes, *([False] * len(LIMITS))], np.bool_)

    def as_json(self) -> dict[str, Any]:
        """Convert to plain data."""
        names = {group: list(names) for group, names in self.names.items()}
        return {"names": names, "nr_nodes": self.nr_nodes, "not_of_root": list(self.not_of_root)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Layout:
        """Read what ``as_json`` made. Raises LookupError, TypeError, AttributeError."""
        return cls(
            {group: tuple(document["names"][group]) for group in COUNTERS},
            int(document["nr_nodes"]),
            tuple(document["not_of_root"]),
        )


def _counts(group: Group, name: str) -> bool:
    return group != "meminfo" and COUNTERS[group][name].kind != "gauge"


@dataclass(frozen=True)
class Numbers:
    """All counters at one moment of a replay."""

    layout: Layout
    label: str
    time_ns: int
    params: dict[str, int | str]
    paths: Sequence[str]
    """The memcgs that are there, in the order in which they were made."""
    ids: _Values
    """A number of each that no other memcg ever has, growing."""
    values: _Values
    """Those of the machine, then those of each memcg."""

    @classmethod
    def empty(
        cls,
        layout: Layout,
        label: str,
        time_ns: int,
        params: dict[str, int | str],
        paths: Sequence[str],
        ids: _Values,
    ) -> Numbers:
        """Make room for the values, which have to be set."""
        values = np.empty(layout.of_machine + len(paths) * layout.width, np.int64)
        return cls(layout, label, time_ns, params, paths, ids, values)

    @property
    def machine(self) -> _Values:
        """The machine's values, as a view."""
        return self.values[: self.layout.of_machine]

    @property
    def memcgs(self) -> _Values:
        """Those of the memcgs as [memcg, value], as a view."""
        return self.values[self.layout.of_machine :].reshape(len(self.paths), self.layout.width)

    def as_json(self) -> dict[str, Any]:
        """Convert to plain data."""
        return {
            "layout": self.layout.as_json(),
            "label": self.label,
            "time_ns": self.time_ns,
            "params": self.params,
            "paths": list(self.paths),
            "ids": self.ids.tolist(),
            "values": self.values.tolist(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Numbers:
        """Read what ``as_json`` made. Raises LookupError, TypeError, ValueError, AttributeError: it is damaged."""
        layout = Layout.from_json(document["layout"])
        paths = [str(path) for path in document["paths"]]
        return cls(
            layout,
            str(document["label"]),
            int(document["time_ns"]),
            dict(document["params"]),
            paths,
            np.array(document["ids"], np.int64).reshape(len(paths)),
            np.array(document["values"], np.int64).reshape(layout.of_machine + len(paths) * layout.width),
        )

    def since(self, earlier: Numbers) -> Numbers:
        """Count from ``earlier`` on what is counted up; memcgs that have the same path are taken for one."""
        layout = self.layout
        row = {path: place for place, path in enumerate(earlier.paths)}
        known = np.array([row.get(path, -1) for path in self.paths], np.int64)
        then = np.where(known[:, None] >= 0, earlier.memcgs[known], 0) * layout.counts_of_memcg
        machine = earlier.machine * layout.counts_of_machine
        return replace(self, values=self.values - np.concatenate((machine, then.ravel())))

    def snapshot(self) -> Snapshot:
        """Give each value its name."""
        names, (replay, node, limits) = self.layout.names, self.layout.parts
        machine: dict[Group, dict[str, int]] = {}
        values = iter(self.machine.tolist())
        for group in OF_MACHINE:
            machine[group] = {name: next(values) for name in names[group]}
        rows = self.memcgs.tolist()
        memcg = {
            path: dict(zip(names["memcg"], row, strict=False))
            for path, row in zip(self.paths, rows, strict=True)
        }
        for name in self.layout.not_of_root:
            memcg[ROOT].pop(name, None)
        each = len(names["node"])
        return Snapshot(
            label=self.label,
            time_ns=self.time_ns,
            zswap=machine["zswap"],
            vmstat=machine["vmstat"],
            memcg=memcg,
            replay=machine["replay"],
            replay_memcg={
                path: dict(zip(names["replay.memcg"], row[replay:node], strict=True))
                for path, row in zip(self.paths, rows, strict=True)
            },
            limits={
                path: {name: value for name, value in zip(LIMITS, row[limits:], strict=True) if value >= 0}
                for path, row in zip(self.paths, rows, strict=True)
                if path != ROOT
            },
            params=dict(self.params),
            nodes={
                path: tuple(
                    dict(zip(names["node"], row[at : at + each], strict=True))
                    for at in range(node, limits, each)
                )
                for path, row in zip(self.paths, rows, strict=True)
            },
            zram=machine["zram"],
            meminfo=machine["meminfo"],
        )
