"""A pytest plugin: coverage is measured where unit tests and most of the command line's run, and nowhere else.

Tracing takes two fifths of a test's time. What these folders' tests run is run by the others too, and a line that a
document or a recorded case alone comes by has no test of its own: it counts as not covered.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tests.environment import MEASURES, measured
from tests.paths import ROOT

UNTRACED = (
    *("browser", "conformance", "docs", "fuzz", "property"),
    *("unit/lib", "unit/machine", "unit/mm"),  # of the core, which is compiled
    # whole replays again and again, of what other tests run once
    *("cli/test_determinism.py", "cli/test_jobs.py", "cli/test_outputs.py", "cli/test_pipes.py"),
)

_UNTRACED_PATHS = tuple(
    str(ROOT / "tests" / path) if path.endswith(".py") else str(ROOT / "tests" / path) + os.sep
    for path in UNTRACED
)


def pytest_configure(config: pytest.Config) -> None:
    """Have the processes that tests start measured: not xdist's own, in which pytest-cov measures."""
    config.addinivalue_line(
        "markers", "no_cover: measure no coverage, where pytest-cov does not say so itself"
    )
    if hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None):
        os.environ.update(measured(config))


def is_untraced(item: pytest.Item) -> bool:
    """Tell whether a test leaves coverage alone: as its file does, or as it says itself by the mark ``no_cover``."""
    # asked of every test, by every process: is_relative_to took a quarter of a collection under cProfile
    return str(item.path).startswith(_UNTRACED_PATHS) or item.get_closest_marker("no_cover") is not None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that leave coverage alone as pytest-cov has it; without pytest-cov the mark means nothing."""
    for item in items:
        if is_untraced(item):
            item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Hide from the processes of such a test that coverage is measured."""
    hidden = os.environ.pop(MEASURES, None) if is_untraced(item) else None
    try:
        return (yield)
    finally:
        if hidden is not None:
            os.environ[MEASURES] = hidden
