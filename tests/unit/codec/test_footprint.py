from __future__ import annotations

import pytest

from zswap_replay.codec.footprint import footprint


@pytest.mark.parametrize(
    ("expected", "length"),
    [
        (32, 1),  # 128 objects of 32 bytes share a page
        (32, 24),
        (8 * 4096 / 15, 2082),  # class 2176, of 8 pages
        (4 * 4096 / 5, 3256),  # class 3264, of 4 pages
        (5 * 4096 / 6, 3257),  # class 3280 is merged into 3408, of 5 pages
        (4096, 4088),
        (4096, 4096),  # its handle lies outside the object
    ],
)
def test_footprint(expected: float, length: int) -> None:
    assert expected == footprint(length)


def test_there_are_as_many_kinds_of_zspage_as_in_the_kernel() -> None:
    assert 119 == len({footprint(length) for length in range(1, 4097)})


def test_a_longer_object_never_takes_less() -> None:
    means = [footprint(length) for length in range(1, 4097)]
    assert sorted(means) == means
    assert all(length < mean <= 4096 for length, mean in enumerate(means[:-1], 1))
