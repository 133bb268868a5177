"""A pytest plugin: coverage is measured where most unit tests and most of the command line's run, and nowhere else.

Tracing takes two fifths of a test's time. What these folders' tests run is run by the others too, and a line that a
document or a recorded case alone comes by has no test of its own: it counts as not covered.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

import pytest

from tests import warm
from tests.environment import MEASURES, measured
from tests.paths import ROOT

UNTRACED = (
    *("browser", "conformance", "docs", "fuzz", "property"),
    *("unit/lib", "unit/machine", "unit/mm"),  # of the core, which is compiled
    # files that take long, and run next to nothing that others do not
    *("cli/test_compare.py", "cli/test_completion.py", "cli/test_determinism.py", "cli/test_jobs.py"),
    *("cli/test_manpage.py", "cli/test_outputs.py", "cli/test_pipes.py", "cli/test_run.py"),
    *("cli/test_start.py", "cli/test_sweep.py"),
    *("unit/test_benchmarks.py", "unit/test_build.py", "unit/test_no_skips.py", "unit/test_rooms.py"),
    *("unit/codec/test_workers.py", "unit/codec/test_zstd.py", "unit/payload/test_calibration.py"),
    *("unit/payload/test_golden.py", "unit/replay/test_held.py", "unit/report/test_measured_page.py"),
    *("unit/sweep/test_run.py", "unit/trace/test_bounded_memory.py", "unit/tune/test_optimum.py"),
)

_UNTRACED_PATHS = tuple(
    str(ROOT / "tests" / path) if path.endswith(".py") else str(ROOT / "tests" / path) + os.sep
    for path in UNTRACED
)


def pytest_configure(config: pytest.Config) -> None:
    """Have the processes that tests start measured: not xdist's own, in which pytest-cov measures."""
    config.addinivalue_line("markers", "no_cover: measure no coverage, as pytest-cov has it")
    if hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None):
        os.environ.update(measured(config))


def is_untraced(item: pytest.Item) -> bool:
    """Tell whether a test leaves coverage alone: as its file does, or as it says itself by the mark ``no_cover``."""
    return _has_untraced_path(item) or item.get_closest_marker("no_cover") is not None


def _has_untraced_path(item: pytest.Item) -> bool:
    # asked of every test, by every process: is_relative_to took a quarter of a collection under cProfile
    return str(item.path).startswith(_UNTRACED_PATHS)


class _Measuring(Protocol):
    """What pytest-cov has of a process: its CovController."""

    started: bool

    def pause(self) -> None:
        """Stop tracing."""

    def resume(self) -> None:
        """Trace again."""


def _measuring(config: pytest.Config) -> _Measuring | None:
    """Return what pytest-cov measures this process with, None: nothing."""
    plugin = config.pluginmanager.getplugin("_cov")
    found: _Measuring | None = plugin.cov_controller if plugin else None
    return found


@contextmanager
def _traced(config: pytest.Config, wanted: bool) -> Generator[None]:
    """Trace this process in the meantime, or do not; afterwards it is as it was."""
    measuring = _measuring(config)
    if measuring is None:
        yield
        return

    def trace(wanted: bool) -> None:
        if wanted != measuring.started:
            (measuring.resume if wanted else measuring.pause)()

    before = measuring.started
    trace(wanted)
    try:
        yield
    finally:
        trace(before)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Stop what pytest-cov starts in a process of xdist's as if it were the first one: it would trace all the time."""
    measuring = _measuring(session.config)
    if hasattr(session.config, "workerinput") and measuring:
        measuring.pause()


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Trace nothing from here on but tests, where the warm program is measured, which imports the whole package."""
    measuring = _measuring(session.config)
    if hasattr(session.config, "workerinput") and measuring and warm.ADDRESS in os.environ:
        measuring.pause()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Trace a test or not, and hide from the processes of one that is not traced that coverage is measured.

    What a test that is marked sets up is traced: a fixture may be there for the tests around it.
    """
    hidden = os.environ.pop(MEASURES, None) if is_untraced(item) else None
    try:
        with _traced(item.config, not _has_untraced_path(item)):
            return (yield)
    finally:
        if hidden is not None:
            os.environ[MEASURES] = hidden
