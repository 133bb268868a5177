from __future__ import annotations

from zswap_replay.sweep.schedule import Schedule


def drained(schedule: Schedule) -> list[int]:
    """The points that may start now."""
    found = []
    while (point := schedule.next()) is not None:
        found.append(point)
    return found


def test_the_first_point_of_a_group_runs_alone_in_it() -> None:
    schedule = Schedule((point, "zstd") for point in range(4))
    assert [0] == drained(schedule)
    schedule.ended(0, learned=True)
    assert [1, 2, 3] == drained(schedule)


def test_two_workers_take_a_group_each_until_one_has_no_points_left() -> None:
    schedule = Schedule([(0, "zstd"), (1, "zstd"), (2, "zstd"), (3, "lz4"), (4, "lz4")])
    assert [0, 3] == [schedule.next(), schedule.next()]
    schedule.ended(3, learned=True)
    assert 4 == schedule.next()
    schedule.ended(0, learned=True)
    assert 1 == schedule.next()
    schedule.ended(4, learned=True)
    assert 2 == schedule.next()
    assert None is schedule.next()


def test_after_a_failure_the_next_point_is_the_one_that_runs_alone() -> None:
    schedule = Schedule((point, "zstd") for point in range(3))
    assert [0] == drained(schedule)
    schedule.ended(0, learned=False)
    assert [1] == drained(schedule)
    schedule.ended(1, learned=True)
    assert [2] == drained(schedule)


def test_points_that_share_nothing_start_all_at_once() -> None:
    assert [0, 1, 2] == drained(Schedule((point, point) for point in range(3)))
