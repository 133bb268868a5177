from __future__ import annotations

import io

import pytest
from rich.console import Console

from zswap_replay.cli import progress
from zswap_replay.cli.progress import LiveTable


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def shown(table: LiveTable) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=120).print(table.table())
    return [" ".join(line.split()) for line in text.getvalue().splitlines()]


def test_the_table_has_what_is_done_and_running_the_rate_and_the_time_left(clock: Clock) -> None:
    with LiveTable() as table:
        table.begin([f"seed={seed}" for seed in range(12)], kept=2)
        assert "2 of 12 points" in shown(table)[0]
        assert shown(table)[0].endswith("0 running 0.00 points/s ETA -")
        table.started(2)
        clock.now += 4
        table.ended(2)
        table.started(3)
        table.started(4)
        clock.now += 1
        first, *running = shown(table)
        assert first.startswith("3 of 12 points")
        assert first.endswith("2 running 0.20 points/s ETA 45 s")
        assert ["seed=3 1 s", "seed=4 1 s"] == running


def test_of_many_running_points_the_first_are_named(clock: Clock) -> None:
    with LiveTable() as table:
        table.begin([f"seed={seed}" for seed in range(12)], kept=0)
        for point in range(11):
            table.started(point)
        assert ["seed=7 0 s", "and 3 more"] == shown(table)[-2:]
