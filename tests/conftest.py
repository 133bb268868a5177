"""What holds for all tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests import profiles
from tests.bench import Bench

pytest_plugins = ["pytester", "tests.covered", "tests.no_skips"]

profiles.register()

# A shell starts what it runs in the background with interrupts ignored, and nohup what it runs with hang-ups; all
# children inherit that. The tests of Ctrl-C and of a lost terminal are of programs that somebody has started in front.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench with a folder of its own."""
    return Bench(tmp_path)
