"""Which memcg each path of a trace stands for: a path that is created anew stands for another memcg than before."""

import cython

from zswap_replay.lib.columns import INT, column, grown

if not cython.compiled:  # compiled, it is the C constant of the .pxd
    from zswap_replay.mm.memcontrol import ROOT


class MemcgPaths:
    """The memcgs by the trace's numbers of paths; path 0 is the root's."""

    def __init__(self) -> None:
        # by path: its memcg now, -1 where there was none yet
        self.memcg = column(8, INT, -1)
        self.memcg[0] = ROOT

    def memcg_of(self, path: cython.int) -> cython.int:
        """Return the memcg that a path stands for: the live one, or the last that was; -1 where there was none yet."""
        return self.memcg[path] if path < len(self.memcg) else -1

    def set_memcg(self, path: cython.int, memcg: cython.int) -> None:
        """Let a path stand for a memcg from now on."""
        while path >= len(self.memcg):
            self.memcg = grown(self.memcg, 2 * len(self.memcg), -1)
        self.memcg[path] = memcg
