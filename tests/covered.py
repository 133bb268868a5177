"""A pytest plugin: coverage is measured where unit tests and most of the command line's run, and nowhere else.

Tracing takes two fifths of a test's time. What these folders' tests run is run by the others too, and a line that a
document or a recorded case alone comes by has no test of its own: it counts as not covered.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.paths import ROOT

UNTRACED = (
    *("browser", "conformance", "docs", "fuzz", "property"),
    *("unit/lib", "unit/machine", "unit/mm"),  # of the core, which is compiled
    # whole replays again and again, of what other tests run once
    *("cli/test_determinism.py", "cli/test_jobs.py", "cli/test_outputs.py"),
)
PROCESSES = "COVERAGE_PROCESS_CONFIG"
"""The variable by which coverage measures the processes that a test starts."""


def is_untraced(path: Path) -> bool:
    """Tell whether the tests of a file leave coverage alone."""
    return any(path.is_relative_to(ROOT / "tests" / folder) for folder in UNTRACED)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that leave coverage alone as pytest-cov has it; without pytest-cov the mark means nothing."""
    for item in items:
        if is_untraced(item.path):
            item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Hide from the processes of such a test that coverage is measured."""
    hidden = os.environ.pop(PROCESSES, None) if is_untraced(item.path) else None
    try:
        return (yield)
    finally:
        if hidden is not None:
            os.environ[PROCESSES] = hidden
