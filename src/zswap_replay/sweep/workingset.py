"""Limits given as a share of what the trace touches: ``0.5ws`` is half of a working set."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from zswap_replay.errors import SettingsError
from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    from zswap_replay.trace.info import TraceInfo

_SHARE = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)ws")


@dataclass(frozen=True, slots=True)
class Share:
    """A factor of the working set of a memcg, or of the machine's, which is the root's."""

    memcg: str
    factor: Fraction


def parse_share(text: str, memcg: str = "/") -> Share | None:
    """Return the share that ``0.5ws`` stands for; None for a text that is none.

    >>> parse_share("0.5ws", "/web")
    Share(memcg='/web', factor=Fraction(1, 2))
    """
    match = _SHARE.fullmatch(text.strip())
    return None if match is None else Share(memcg, Fraction(match[1]))


class WorkingSets:
    """The distinct pages of each memcg over a whole trace, those of its descendants included."""

    def __init__(self, info: TraceInfo) -> None:
        self._pages = {memcg.path: memcg.pages for memcg in info.memcgs}

    def size(self, memcg: str) -> int:
        """Return the bytes of a memcg's working set; 0 for a memcg that the trace does not have."""
        below = "/" if memcg == "/" else f"{memcg}/"
        pages = sum(own for path, own in self._pages.items() if path == memcg or path.startswith(below))
        return pages * PAGE_SIZE

    def resolve(self, share: Share, option: str, text: str) -> int:
        """Return the bytes of a share, down to a whole page.

        Raises SettingsError: the trace has no such memcg, or touches no page of it; ``option`` and ``text`` say where.
        """
        whole = self.size(share.memcg)
        if not whole:
            what = "no memcg" if share.memcg not in (*self._pages, "/") else "no page in memcg"
            raise SettingsError(
                f"{option} {text}: the trace has {what} {share.memcg}, of whose working set this is a share"
            )
        return int(share.factor * whole) // PAGE_SIZE * PAGE_SIZE
