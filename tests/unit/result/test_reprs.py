"""What a prompt shows of results fits its screen, however much they hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.factories import make_result, make_snapshot
from zswap_replay.result.ranges import Ranges
from zswap_replay.result.result import Result

SCREEN = 400


@pytest.fixture
def large() -> Result:
    end = make_snapshot()
    memcgs = {f"/k/pod{pod}": end.memcg["/web"] for pod in range(5000)}
    end = replace(end, memcg=end.memcg | memcgs, label="l" * 5000)
    made = make_result(snapshots=(end,) * 1000, warnings=("w" * 5000,))
    manifest = replace(
        made.manifest,
        trace={**made.manifest.trace, "path": "p" * 5000},
        settings={**made.manifest.settings, "compressor": "c" * 5000, "set": ["/a:b=1"] * 5000},
    )
    return replace(made, manifest=manifest, range=Ranges({str(name): (1, 2, 3) for name in range(5000)}))


def test_reprs_fit_a_screen(large: Result) -> None:
    for shown in (large, large.end, large.manifest, large.range, large.memcg):
        assert len(repr(shown)) <= SCREEN
    assert "5,0" in repr(large)
    assert "1,000 snapshots" in repr(large)


def test_a_repr_says_what_was_replayed_and_counted() -> None:
    made = make_result()
    assert str(made.end.vmstat["zswpout"]) in repr(made)
    assert "kernel patch-v4, zstd" in repr(made)
