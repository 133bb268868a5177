from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zswap_replay.errors import SettingsError
from zswap_replay.trace.generate import PATTERNS, Synthetic, generate
from zswap_replay.trace.reader import open_trace

SPEC = Synthetic(pages=50, events=3000, memcg="/x/y", write_share=0.25, step_ns=7)


def pages_and_events(path: Path) -> tuple[list[int], list[int]]:
    (batch,) = open_trace(path, strict=True).batches()
    assert [6, 6] == batch.event[:2].tolist()
    assert 7 * 2999 == batch.time_ns[-1]
    return batch.page[2:].tolist(), batch.event[2:].tolist()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_functions_of_their_spec(tmp_path: Path, pattern: str) -> None:
    for name in ("one", "two"):
        assert 3002 == generate(pattern, SPEC, tmp_path / name)
    generate(pattern, replace(SPEC, seed=1), tmp_path / "other")
    pages, events = pages_and_events(tmp_path / "one")
    assert set(range(50)) == set(pages)
    assert 0.2 < sum(events) / 3000 < 0.3
    assert open_trace(tmp_path / "one").sha256() == open_trace(tmp_path / "two").sha256()
    assert open_trace(tmp_path / "one").sha256() != open_trace(tmp_path / "other").sha256()


def test_scan_goes_round(tmp_path: Path) -> None:
    generate("scan", SPEC, tmp_path / "t")
    assert [event % 50 for event in range(3000)] == pages_and_events(tmp_path / "t")[0]


def test_zipf_has_favourites(tmp_path: Path) -> None:
    generate("zipf", SPEC, tmp_path / "t")
    hits = np.sort(np.bincount(pages_and_events(tmp_path / "t")[0]))[::-1]
    # The first rank has 1 / H(50) = 22 % of the weight, the last 50th of that.
    assert 0.18 < hits[0] / 3000 < 0.27


def test_hot_scan_mixes(tmp_path: Path) -> None:
    generate("hot-scan", SPEC, tmp_path / "t")
    pages = np.array(pages_and_events(tmp_path / "t")[0])
    cold = pages[pages >= 5]
    assert 0.45 < len(cold) / 3000 < 0.55
    assert [5 + at % 45 for at in range(len(cold))] == cold.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pages": 0}, "pages is 0: expected 1 or more"),
        ({"seed": -1}, "seed is -1: expected 0 or more"),
        ({"write_share": 1.5}, "write_share is 1.5: expected a share"),
        ({"skew": float("nan")}, "skew is nan: expected 0 or more"),
        (
            {"step_ns": 1 << 62},
            r"3,000 events would end at \d+ ns; expected a step of at most \d+, so",
        ),
        ({"step_ns": 1 << 64, "events": 1}, f"step_ns is {1 << 64}: "),
        ({"pages": 1 << 64}, f"pages is {1 << 64}: expected at most {(1 << 64) - 1}"),
        ({"memcg": "x"}, "memcg 'x' is no path .not absolute"),
    ],
)
def test_bad_specs(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        generate("scan", replace(SPEC, **change), tmp_path / "t")
    assert not (tmp_path / "t").exists()
    with pytest.raises(SettingsError, match="no pattern 'walk'"):
        generate("walk", SPEC, tmp_path / "t")


@pytest.mark.parametrize("pattern", PATTERNS[1:])
def test_pages_may_be_as_many_as_there_are_numbers(tmp_path: Path, pattern: str) -> None:
    generate(pattern, replace(SPEC, pages=(1 << 64) - 1, events=100), tmp_path / "t")
    assert 102 == len(next(open_trace(tmp_path / "t").batches()))


def test_the_last_moment_is_reached_and_not_passed(tmp_path: Path) -> None:
    step = ((1 << 64) - 1) // 2
    generate("scan", replace(SPEC, events=3, step_ns=step), tmp_path / "t")
    assert 2 * step == next(open_trace(tmp_path / "t").batches()).time_ns[-1]


@pytest.mark.parametrize("pages", [1 << 40, (1 << 64) - 1])
def test_zipf_of_more_pages_than_memory_holds_is_refused(tmp_path: Path, pages: int) -> None:
    with pytest.raises(SettingsError, match=f"pages is {pages:,}: zipf keeps 32 bytes for each"):
        generate("zipf", replace(SPEC, pages=pages), tmp_path / "t")


@pytest.mark.parametrize(
    ("pattern", "own"),
    [
        ("zipf", {"skew"}),
        ("uniform", set()),
        ("scan", set()),
        ("hot-scan", {"hot_share"}),
        ("stride", {"stride"}),
        ("hot-cold", {"hot_share", "hot_weight", "shift_every", "shift_by"}),
    ],
)
def test_the_origin_names_what_the_pattern_has(tmp_path: Path, pattern: str, own: set[str]) -> None:
    generate(pattern, SPEC, tmp_path / "t")
    origin = open_trace(tmp_path / "t").metadata.origin or ""
    kind, _, parameters = origin.partition(": ")
    names = {parameter.split()[0] for parameter in parameters.split(", ")}
    assert f"synthetic {pattern}" == kind
    assert names == {"pages", "events", "write_share", "memcg", "seed", "step_ns"} | own
