"""What holds for all tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests import profiles
from tests.bench import Bench

pytest_plugins = ["pytester", "tests.covered", "tests.no_skips"]

profiles.register()

# A shell starts what it runs in the background with interrupts ignored, and all its children inherit that; the tests
# of Ctrl-C are of programs that somebody has started in the foreground.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench with a folder of its own."""
    return Bench(tmp_path)
