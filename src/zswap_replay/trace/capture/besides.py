"""What each cgroup of a capture was charged besides the pages that it swaps, as its saved memory.stat tells.

It takes room under memory.max, and no event shows it: page cache, page tables, stacks, slab. A replay charges it by the
knob ``file``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from zswap_replay.trace.capture.saved import SavedSnapshot
from zswap_replay.trace.schema import ROOT, parent_path
from zswap_replay.units import PAGE_SIZE


def charged_besides(saved: Sequence[SavedSnapshot]) -> dict[str, int]:
    """Return by path of a cgroup the bytes, in whole pages, that are its own and above 0.

    It is the mean of the labels before which the cgroup stored pages, as its limit was in the way then; of all labels
    where it never did. At one label it is ``file`` and ``kernel`` without ``zswap``, which is part of ``kernel``; where
    these were not saved, what is left of memory.current without ``anon`` and ``zswap``.
    """
    stored: dict[str, int] = {}
    busy: defaultdict[str, list[int]] = defaultdict(list)
    idle: defaultdict[str, list[int]] = defaultdict(list)
    for snapshot in saved:
        at_label = {path: _besides(values) for path, values in snapshot.memcg.items()}
        own = {path: value for path, value in at_label.items() if value is not None}
        for path, value in at_label.items():
            if value is not None and path != ROOT and parent_path(path) in own:
                own[parent_path(path)] -= value
        for path, value in own.items():
            zswpout = snapshot.memcg[path].get("zswpout", 0)
            (busy if zswpout > stored.get(path, 0) else idle)[path].append(max(value, 0))
            stored[path] = zswpout
    found = {}
    for path in sorted(busy.keys() | idle.keys()):
        values = busy.get(path) or idle[path]
        pages = sum(values) // len(values) // PAGE_SIZE
        if path != ROOT and pages:
            found[path] = pages * PAGE_SIZE
    return found


def _besides(values: Mapping[str, int]) -> int | None:
    """Return the bytes of a cgroup at a label, with those below it; None where nothing tells."""
    zswap = values.get("zswap", 0)
    if "file" in values and "kernel" in values:
        return values["file"] + values["kernel"] - zswap
    if "memory.current" in values and "anon" in values:
        return values["memory.current"] - values["anon"] - zswap
    return None
