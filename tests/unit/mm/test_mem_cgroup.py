"""What is known of a memcg stands in whole cache lines, as mem_cgroup.py says."""

from __future__ import annotations

import numpy as np

from zswap_replay.lib.columns import Records
from zswap_replay.machine import compiled
from zswap_replay.mm.mem_cgroup import MEMCG
from zswap_replay.mm.memcontrol import MemCgroups

LINE = 64


def test_a_memcg_is_three_cache_lines_with_what_is_used_together() -> None:
    fields = np.dtype([(name, str(kind)) for name, kind in MEMCG.items()], align=True)
    begins = {name: fields.fields[name][1] for name in MEMCG} if fields.fields else {}
    assert 3 * LINE == fields.itemsize
    assert [0, LINE, 2 * LINE] == [begins[name] for name in ("parent", "zswap_max", "nonresident_age")]
    if compiled():
        assert fields == Records(1, MEMCG).dtype


def test_memcgs_keep_what_is_known_of_them_when_there_are_more() -> None:
    memcgs = MemCgroups("own", 1)
    memcgs.set_limit(0, "memory.zswap.max", 5 * 4096)
    for parent in range(99):
        memcgs.mem_cgroup_css_alloc(parent)
    memcgs.charge(99)
    assert [1] * 100 == memcgs.values("resident").tolist()
    assert list(range(-1, 99)) == memcgs.values("parent").tolist()
    assert [5] + [-1] * 99 == memcgs.values("zswap_max").tolist()
    assert {1} == set(memcgs.values("zswap_writeback").tolist()) == set(memcgs.values("online").tolist())
