"""Codec workers of which all that was ordered can be seen."""

from __future__ import annotations

from zswap_replay.codec.workers import CodecWorkers, Order


class TakesNothingBack(CodecWorkers):
    """Workers that find all that was ordered, what the replay comes to before them too."""

    def leave(self, order: Order) -> None:
        """Leave the order as it is."""
