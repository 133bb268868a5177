"""A replay of a zram tier at equal memory: what it holds in RAM is charged, as zswap's compressed bytes are."""

from __future__ import annotations

from dataclasses import replace

from zswap_replay.codec.workers import CodecWorkers
from zswap_replay.errors import VerificationError
from zswap_replay.replay.loop import replay
from zswap_replay.result.cost_profile import CostProfile
from zswap_replay.result.memory import memory_figures
from zswap_replay.settings import Settings
from zswap_replay.trace.reader import TraceReader


def equal_memory(
    trace: str,
    settings: Settings,
    *,
    strict: bool,
    jobs: int | None,
    workers: CodecWorkers | None = None,
    cost: CostProfile | None = None,
    reader: TraceReader | None = None,
) -> dict[str, int]:
    """Replay a trace once more with zram's memory charged; return the figures of result.memory, by a cost profile.

    ``reader`` is that of the trace, and ``workers`` compress, where replays share them.

    Raises what replay() does, but for pages that did not come back as they went in: the replay before has said that.
    """
    charged = replace(settings, charge_zram=True, verify="off")
    try:
        result = replay(
            trace,
            charged,
            strict=strict,
            allow_missing=True,
            jobs=jobs,
            workers=workers,
            cost=cost,
            reader=reader,
        )
    except VerificationError as error:
        if error.result is None:
            raise
        result = error.result.priced(cost)
    return memory_figures(result)
