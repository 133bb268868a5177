"""Where pages of a replay are."""

from __future__ import annotations

from zswap_replay.lib.page_table import PRESENT, SLOT, SWAPCACHE, ZERO
from zswap_replay.replay.loop import Replay


def where(running: Replay, memcg: str, first: int, count: int) -> str:
    """Return where ``count`` pages are, one letter each from page ``first`` of a memcg on.

    ``P`` mapped, ``C`` in the swap cache alone, ``Z`` in zswap, ``0`` in the zero map, ``D`` on the device, ``N``
    absent.
    """
    machine = running.machine
    path = running.controls.numbers[memcg]
    pools = machine.pages.records.view("pool")
    letters = []
    for number in range(first, first + count):
        page = machine.pages.find(machine.paths.memcg_of(path), number)
        flags = machine.pages.flags[page] if page >= 0 else 0
        if flags & PRESENT:
            letters.append("P")
        elif flags & SWAPCACHE:
            letters.append("C")
        elif not flags & SLOT:
            letters.append("N")
        elif pools[page]:
            letters.append("Z")
        else:
            letters.append("0" if flags & ZERO else "D")
    return "".join(letters)
