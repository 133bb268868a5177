"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest

from tests import profiles, warm
from tests.bench import Bench
from tests.environment import measured
from tests.paths import ROOT

pytest_plugins = ["pytester", "tests.covered", "tests.no_skips"]

profiles.register()

# A shell starts what it runs in the background with interrupts ignored, and nohup what it runs with hang-ups; all
# children inherit that. The tests of Ctrl-C and of a lost terminal are of programs that somebody has started in front.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_configure(config: pytest.Config) -> None:
    """Start the warm program that xdist's processes share, where tests of the command line may be among theirs."""
    commands = [ROOT / "tests" / folder for folder in ("cli", "docs")]
    chosen = [config.invocation_params.dir / each.partition("::")[0] for each in config.args]
    wanted = any(
        folder.is_relative_to(each) or each.is_relative_to(folder) for folder in commands for each in chosen
    )
    if wanted and getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        os.environ[warm.ADDRESS] = warm.start(**measured(config))


LONGEST = ("test_snippets.py", "test_mutate.py", "test_build.py")
"""Files with tests that take many seconds each."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish() -> None:
    """Keep what was collected out of the garbage collector's way, and have it look less often.

    That took a tenth of the time of unit tests. Frozen objects no longer count when Python decides whether a full
    collection is due, so that those would come far more often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench with a folder of its own."""
    return Bench(tmp_path)
