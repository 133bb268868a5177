"""How many examples Hypothesis tries: one profile for every day, one for CI. Tests name parts of the profile's number.

No profile has a deadline: a disk that is slow to sync, or a loaded machine, fails no test. CI tries the same examples
each time, so that what fails there is the change and not the luck of the draw; every day they are others.
"""

from __future__ import annotations

import os

from hypothesis import settings


def register() -> None:
    """Register the profiles, and load the one for CI where ``CI=true``; ``--hypothesis-profile`` has the last word."""
    settings.register_profile("fast", deadline=None, max_examples=10)
    settings.register_profile("ci", deadline=None, max_examples=10, derandomize=True, database=None)
    # make fuzz
    settings.register_profile("deep", deadline=None, max_examples=5000, database=None)
    settings.load_profile("ci" if os.environ.get("CI") == "true" else "fast")


def part(share: float, *, steps: int | None = None) -> settings:
    """Settings for tests whose examples take long: a share of the profile's, of so many steps if they are stateful."""
    examples = max(1, round(settings().max_examples * share))
    if steps is None:
        return settings(max_examples=examples)
    return settings(max_examples=examples, stateful_step_count=steps)
