"""What tests ask of memcgs, and the model never does."""

from __future__ import annotations

from zswap_replay.mm.memcg_totals import NODE_NAMES, node_totals
from zswap_replay.mm.memcontrol import ROOT, MemCgroups


def events_of(memcgs: MemCgroups, memcg: int) -> dict[str, int]:
    """The accesses and events of a memcg, descendants' and all nodes' included, by name."""
    counts = node_totals(memcgs)[memcg].sum(axis=0).tolist()
    return dict(zip(NODE_NAMES[:-2], counts, strict=False))


def nr_dying_descendants(memcgs: MemCgroups) -> int:
    """The number of memcgs that were removed and that something still refers to."""
    memcg, dying = ROOT, 0
    online = memcgs.values("online")
    while memcg >= 0:
        dying += not online[memcg]
        memcg = memcgs.mem_cgroup_iter(ROOT, memcg)
    return dying
