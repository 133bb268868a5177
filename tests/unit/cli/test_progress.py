from __future__ import annotations

import io
import re
import threading

import pytest
from rich.console import Console
from rich.progress import Progress

from zswap_replay.cli import progress
from zswap_replay.cli.progress import Bar, LiveTable


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


def shown(table: LiveTable, width: int = 120) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width).print(table.table())
    return [" ".join(line.split()) for line in text.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


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


def test_a_narrow_terminal_gets_all_figures_and_no_bar(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    with LiveTable() as table:
        table.begin(["/web:memory.zswap.max=67108864,seed=1"] * 1000, kept=0)
        table.started(1)
        clock.now += 7
        text = " ".join(shown(table, 40))
        assert "0 of 1000 points 1 running 0.00 points/s ETA -" in text
        assert text.replace(" ", "").endswith("/web:memory.zswap.max=67108864,seed=17s")


class Screen:
    """What a bar draws on in place of standard error."""

    def __init__(self, width: int) -> None:
        self.text = io.StringIO()
        self.console = Console(file=self.text, width=width, force_terminal=True, color_system=None)

    def __call__(self, **_options: object) -> Console:
        return self.console

    def last(self) -> str:
        """The last state of the bar."""
        states = [line for line in re.split("\r|\n|\x1b\\[2K", self.text.getvalue()) if "/s" in line]
        return " ".join(states[-1].split())


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Screen:
    made = Screen(getattr(request, "param", 100))
    monkeypatch.setattr("rich.console.Console", made)
    return made


@pytest.mark.parametrize("screen", [40, 50, 100], indirect=True)
def test_a_bar_has_the_events_a_second(clock: Clock, screen: Screen) -> None:
    with Bar("generate") as bar:
        bar.update(1, 10_000_000)
        assert "" == screen.text.getvalue()
        clock.now += 2
        bar.update(2_500_000, 10_000_000)
    assert screen.last().startswith("generate ")
    assert " 25% 1,250,000 events/s" in screen.last()
    assert "…" not in screen.text.getvalue()


def test_a_bar_begins_anew_with_another_unit(clock: Clock, screen: Screen) -> None:
    with Bar("annotate") as bar:
        bar.update(1000, 1000)
        clock.now += 10
        bar.update(0, 600, "pages")
        clock.now += 2
        bar.update(300, 600, "pages")
    assert " 50% 150 pages/s " in screen.last()


def test_an_import_shows_how_much_of_its_input_is_read(clock: Clock, screen: Screen) -> None:
    with Bar("import") as bar:
        clock.now += 2
        bar.read(4000, 0.75)
    assert " 75% 2,000 events/s " in screen.last()


def test_an_import_from_a_pipe_has_no_end(clock: Clock, screen: Screen) -> None:
    with Bar("import") as bar:
        clock.now += 2
        bar.read(4000, None)
    assert screen.last().endswith(" 2,000 events/s")
    assert "%" not in screen.last()


def test_work_that_tells_nothing_gets_a_bar_too(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = threading.Event()
    monkeypatch.setattr(progress, "_PATIENCE", 0.01)
    make = progress._new_bar

    def made() -> Progress:
        drawn.set()
        return make()

    monkeypatch.setattr(progress, "_new_bar", made)
    with Bar("merge"):
        assert drawn.wait(10)
    assert "merge" in screen.text.getvalue()


def test_a_bar_that_is_not_shown_draws_nothing(clock: Clock, screen: Screen) -> None:
    with Bar("merge", shown=False) as bar:
        clock.now += 20
        bar.update(1, 2)
    assert "" == screen.text.getvalue()
