"""A little fuzzing in each run of the tests; `make fuzz` does more of it."""

from __future__ import annotations

import time
from random import Random

import pytest

from tests.fuzz.__main__ import NAMES
from tests.fuzz.targets import TARGETS, changed, one_clear_error, seeds

SECONDS = 0.5


def test_the_targets_have_their_names() -> None:
    assert NAMES == tuple(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_any_input_gives_a_result_or_one_clear_error(name: str) -> None:
    good = seeds(name)
    for data in good:
        one_clear_error(TARGETS[name], data)
    random = Random(name)
    end = time.process_time() + SECONDS
    for _ in range(300):
        one_clear_error(TARGETS[name], changed(random, good))
        if time.process_time() > end:
            break
