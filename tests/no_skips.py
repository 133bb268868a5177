"""A pytest plugin: where ``CI=true``, a skipped test has failed. There everything that tests need is installed.

A test that is expected to fail (``xfail``) is no skip.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


def _forbidden() -> bool:
    return os.environ.get("CI") == "true"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    place = report.longrepr
    return str(place[2] if isinstance(place, tuple) else place).removeprefix("Skipped: ")


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    report.longrepr = f"{report.nodeid} was skipped, and CI=true allows no skip: {_reason(report)}"
    report.outcome = "failed"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip of a test, or of one of its fixtures, into a failure."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _forbidden():
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skip of a whole module into an error of collection."""
    report = yield
    if report.skipped and _forbidden():
        _fail(report)
    return report
