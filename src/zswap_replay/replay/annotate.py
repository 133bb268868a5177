"""Finds the length of every content that a trace can store, so that later replays need no codec."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from zswap_replay.codec.base import parse_spec
from zswap_replay.codec.length_table import LengthTable
from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.codec.workers import Farm
from zswap_replay.errors import SettingsError, VerificationError
from zswap_replay.machine.contents_held import ContentsHeld
from zswap_replay.replay.loop import Replay
from zswap_replay.settings import Settings
from zswap_replay.trace.batch import Control
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import Event

_CREATES_AND_REMOVES = (Event.MEMCG_CREATE, Event.MEMCG_OFFLINE)


@dataclass(frozen=True, slots=True)
class Annotated:
    """What was written: so many contents under so many compressors."""

    contents: int
    compressors: int


class _Holder(Replay):
    """A replay in which pages are written to and nothing else happens."""

    def __init__(self, trace: str, settings: Settings, *, strict: bool) -> None:
        super().__init__(open_trace(trace, strict=strict), trace, settings, _nobody)
        self.held = ContentsHeld(self.machine.pages, self.machine.memcgs)
        self.run_events = self.held.run

    def control(self, control: Control) -> None:
        if control.event in _CREATES_AND_REMOVES:
            super().control(control)
        elif control.event is Event.MEMCG_SET and self.machine.memcgs.memcg_of_path(control.memcg) < 0:
            self.create_memcg(control.memcg)


def annotate(
    trace: str,
    output: Path,
    settings: Settings,
    compressors: Sequence[str],
    *,
    strict: bool = False,
    jobs: int = 1,
    notes: Callable[[str], None] | None = None,
) -> Annotated:
    """Write the lengths of all that the pages of a trace ever hold, under each compressor, to a file for ``--lengths``.

    That is more than one replay stores: with any limits, under any release, a replay finds its lengths in the file.
    They are those of the release in ``settings``, which the file names: zstd's differ between releases.
    Of ``settings`` what pages hold counts too: recipe, seed, payload file, verify. ``jobs`` processes compress.

    Raises what ``replay`` raises. VerificationError: a page does not come back as it was.
    """
    specs = list(dict.fromkeys(parse_spec(name) for name in compressors))
    holder = _Holder(trace, replace(settings, compressor=specs[0]), strict=strict)
    source = holder.outside.source
    if source is None:
        raise SettingsError("lengths: there is nothing to annotate where they are known")
    holder.apply_settings()
    for batch in holder.reader.batches():
        holder.replay_batch(batch, len(batch), 0, 0)
    contents, _, _ = holder.held.contents.columns()
    lengths = []
    with Farm(jobs, notes or _nobody) as farm:
        for spec in specs:
            order = farm.order(holder.outside.job(spec, all_kinds=True), contents)
            lengths.append(_complete(spec, contents.size, farm.collect(order)))
    fill = [source.same_filled(content) for content in contents.tolist()]
    write_lengths(
        output,
        np.tile(contents, len(specs)),
        np.concatenate(lengths),
        fill * len(specs),
        [spec for spec in specs for _ in range(contents.size)],
        settings.kernel,
    )
    return Annotated(contents.size, len(specs))


def _complete(spec: str, size: int, tables: list[LengthTable]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """The lengths of all contents, in their order."""
    table = LengthTable.joined(tables)
    if table.content.size != size:
        raise VerificationError(f"{spec}: {size - table.content.size} pages did not come back as they were")
    lengths: np.ndarray[tuple[int], np.dtype[np.int32]] = table.length[np.argsort(table.content)]
    return lengths


def _nobody(_text: str) -> None:
    """Who hears notes that were not asked for."""
