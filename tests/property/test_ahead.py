"""Lengths that are found ahead, by workers or by trace annotate, count as those that a replay finds on its way."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from tests.measured_here import MeasuredHere
from tests.pressure import every_release, pressed, quick, save, tight
from tests.strategies import Row
from zswap_replay.codec.workers import CodecWorkers
from zswap_replay.replay import page_data
from zswap_replay.replay.annotate import annotate
from zswap_replay.replay.loop import replay


def derived(rows: list[Row]) -> list[Row]:
    """The rows with contents as a replay derives them."""
    return [{**row, "content": None} for row in rows]


@every_release
@quick
@given(rows=pressed())
def test_a_replay_whose_lengths_are_found_ahead_counts_as_one_that_finds_them(
    kernel: str, rows: list[Row]
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        CodecWorkers(1, pytest.fail) as workers,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(page_data, "Ahead", MeasuredHere)
        trace = save(folder, derived(rows))
        settings = tight(kernel, lengths=None, compressor="lz4")
        plain, other = replay(trace, settings), replay(trace, settings, workers=workers, batch_rows=7)
        assert plain.as_json(timing=False) == other.as_json(timing=False)


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
