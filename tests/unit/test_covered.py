"""Tests are traced where their coverage counts, and nowhere else: it takes two fifths of their time.

Without ``--cov`` there is nothing to see.
"""

from __future__ import annotations

import os
import sys

import pytest

from tests.conftest import LONGEST
from tests.covered import UNTRACED
from tests.environment import MEASURES, measured
from tests.paths import ROOT


@pytest.mark.no_cover
def test_what_measures_no_coverage_is_not_traced(request: pytest.FixtureRequest) -> None:
    if measured(request.config):
        assert sys.gettrace() is None
        assert MEASURES not in os.environ


def test_what_measures_coverage_is_traced(request: pytest.FixtureRequest) -> None:
    if measured(request.config):
        assert sys.gettrace() is not None
        assert MEASURES in os.environ


@pytest.mark.parametrize("path", UNTRACED)
def test_what_is_left_out_is_there(path: str) -> None:
    assert (ROOT / "tests" / path).exists()


@pytest.mark.parametrize("name", LONGEST)
def test_the_longest_files_are_there(name: str) -> None:
    assert 1 == len(list((ROOT / "tests").glob(f"**/{name}")))
