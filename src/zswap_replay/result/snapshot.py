"""All counters at one moment of a replay, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from zswap_replay.json_value import Value
from zswap_replay.result.counters import COUNTERS, Group
from zswap_replay.units import counted, shortened


@dataclass(frozen=True, slots=True, repr=False)
class Snapshot:
    """All counters at one moment of a replay, in the kernel's units (bytes and pages, exact)."""

    label: str
    time_ns: int
    zswap: dict[str, int]
    vmstat: dict[str, int]
    memcg: dict[str, dict[str, int]]
    replay: dict[str, int]
    replay_memcg: dict[str, dict[str, int]] = field(default_factory=dict)
    limits: dict[str, dict[str, int]] = field(default_factory=dict)
    """By memcg, the limits that are set (bytes) and a writeback switch that is off."""
    params: dict[str, int | str] = field(default_factory=dict)
    """The module parameters in effect, as the flags or the trace wrote them last; switches are 0 or 1."""
    nodes: dict[str, tuple[dict[str, int], ...]] = field(default_factory=dict)
    """By memcg, for each NUMA node the counters of the group ``node``, descendants included."""
    zram: dict[str, int] = field(default_factory=dict)
    """mm_stat, io_stat and bd_stat of the zram device; empty where there is none."""
    meminfo: dict[str, int] = field(default_factory=dict)
    """Lines of /proc/meminfo, in kB; empty where the swap device has no size."""

    def __repr__(self) -> str:
        counts = len(self.zswap) + len(self.vmstat) + len(self.replay)
        return (
            f"<Snapshot {shortened(self.label)!r} at {self.time_ns:,} ns: "
            f"{counted(counts, 'counter')}, {counted(len(self.memcg), 'memcg')}>"
        )

    def as_json(self) -> dict[str, object]:
        """Convert to the object that the JSON output holds."""
        return {
            "label": self.label,
            "time_ns": self.time_ns,
            "zswap": self.zswap,
            "vmstat": self.vmstat,
            "memcg": self.memcg,
            "limits": self.limits,
            "params": self.params,
            "replay": {**self.replay, "memcg": self.replay_memcg},
            "nodes": {memcg: list(nodes) for memcg, nodes in self.nodes.items()},
            **({"zram": self.zram, "meminfo": self.meminfo} if self.zram else {}),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object] | Value) -> Snapshot:
        """Read the object that ``as_json`` made. Raises ResultError: a key is missing or of the wrong kind."""
        document = Value.of(document)
        replay = document["replay"]
        return cls(
            label=document["label"].text(),
            time_ns=document["time_ns"].integer(),
            zswap=document["zswap"].integers(),
            vmstat=document["vmstat"].integers(),
            memcg=_by_memcg(document["memcg"]),
            replay={name: value.integer() for name, value in replay.items() if name != "memcg"},
            replay_memcg=_by_memcg(replay["memcg"]),
            limits=_by_memcg(document["limits"]),
            params={name: _param(value) for name, value in document["params"].items()},
            nodes={
                memcg: tuple(values.integers() for values in nodes.list())
                for memcg, nodes in document.get("nodes", {}).items()
            },
            zram=document.get("zram", {}).integers(),
            meminfo=document.get("meminfo", {}).integers(),
        )


def _by_memcg(document: Value) -> dict[str, dict[str, int]]:
    return {path: values.integers() for path, values in document.items()}


def _param(value: Value) -> int | str:
    return value.text() if isinstance(value.content, str) else value.integer()


def difference(later: Snapshot, earlier: Snapshot) -> Snapshot:
    """Count the counters of ``later`` from ``earlier`` on; gauges and limits stay as they are."""

    def since(group: Group, now: dict[str, int], then: dict[str, int]) -> dict[str, int]:
        kinds = COUNTERS[group]
        return {
            name: value if kinds[name].kind == "gauge" else value - then.get(name, 0)
            for name, value in now.items()
        }

    def each(
        group: Group, now: dict[str, dict[str, int]], then: dict[str, dict[str, int]]
    ) -> dict[str, dict[str, int]]:
        return {memcg: since(group, values, then.get(memcg, {})) for memcg, values in now.items()}

    def each_node(memcg: str, now: tuple[dict[str, int], ...]) -> tuple[dict[str, int], ...]:
        then = earlier.nodes.get(memcg, tuple({} for _ in now))
        return tuple(since("node", *both) for both in zip(now, then, strict=True))

    return replace(
        later,
        zswap=since("zswap", later.zswap, earlier.zswap),
        vmstat=since("vmstat", later.vmstat, earlier.vmstat),
        memcg=each("memcg", later.memcg, earlier.memcg),
        replay=since("replay", later.replay, earlier.replay),
        replay_memcg=each("replay.memcg", later.replay_memcg, earlier.replay_memcg),
        nodes={memcg: each_node(memcg, nodes) for memcg, nodes in later.nodes.items()},
        zram=since("zram", later.zram, earlier.zram),
    )
