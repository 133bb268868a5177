"""Tests of the core, which is compiled, are not traced (tests/covered.py)."""

from __future__ import annotations

import os
import sys

import pytest

from tests.environment import MEASURES, measured


def test_nothing_here_is_traced(request: pytest.FixtureRequest) -> None:
    if measured(request.config):
        assert sys.gettrace() is None
        assert MEASURES not in os.environ
