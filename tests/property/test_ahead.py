"""Lengths that are found ahead, by workers or by trace annotate, count as those that a replay finds on its way."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from tests.pressure import every_release, pressed, quick, save, tight
from tests.strategies import Row
from tests.workers import TakesNothingBack
from zswap_replay.codec.workers import CodecWorkers
from zswap_replay.replay.annotate import annotate
from zswap_replay.replay.loop import replay


def derived(rows: list[Row]) -> list[Row]:
    """The rows with contents as a replay derives them."""
    return [{**row, "content": None} for row in rows]


@pytest.mark.parametrize("workers_of", [CodecWorkers, TakesNothingBack])
@every_release
@quick
@given(rows=pressed())
def test_a_replay_that_looks_ahead_counts_as_one_that_does_not(
    kernel: str, workers_of: type[CodecWorkers], rows: list[Row]
) -> None:
    with tempfile.TemporaryDirectory() as folder, workers_of(1, pytest.fail) as workers:
        trace = save(folder, derived(rows))
        settings = tight(kernel, lengths=None, compressor="lz4")
        plain, ahead = replay(trace, settings), replay(trace, settings, workers=workers, batch_rows=7)
        assert plain.as_json(timing=False) == ahead.as_json(timing=False)


@every_release
@quick
@given(rows=pressed())
def test_a_replay_with_annotated_lengths_counts_as_one_without(kernel: str, rows: list[Row]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trace, lengths = save(folder, derived(rows)), Path(folder) / "lengths.parquet"
        settings = tight(kernel, lengths=None, compressor="lz4", fixed=frozenset({"compressor"}))
        annotate(trace, lengths, settings, ["lz4"])
        known = replay(trace, replace(settings, lengths=str(lengths)))
        assert replay(trace, settings).snapshots == known.snapshots
        assert known.timing is not None
        assert 0 == known.timing.pages_compressed
