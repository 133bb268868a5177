"""Tests are traced where their coverage counts, and nowhere else: it takes two fifths of their time."""

from __future__ import annotations

import sys

import pytest

from tests.environment import measured


@pytest.mark.no_cover
def test_what_measures_no_coverage_is_not_traced(request: pytest.FixtureRequest) -> None:
    if measured(request.config):
        assert sys.gettrace() is None


def test_what_measures_coverage_is_traced(request: pytest.FixtureRequest) -> None:
    if measured(request.config):
        assert sys.gettrace() is not None
