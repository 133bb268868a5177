from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_snapshot
from zswap_replay.result.counters import COUNTERS, Counter
from zswap_replay.result.long_format import rows
from zswap_replay.result.snapshot import Snapshot, difference


@pytest.mark.parametrize(
    "counter", [c for group in COUNTERS.values() for c in group.values()], ids=lambda c: c.name
)
def test_every_counter_says_its_unit_and_when_it_rises(counter: Counter) -> None:
    assert counter.unit
    assert counter.unit == counter.unit.lower()
    assert counter.meaning
    assert counter.kind in ("counter", "gauge")


def _shifted(snapshot: Snapshot, by: int) -> Snapshot:
    """Every value, gauges too, raised by ``by``."""

    def up(values: dict[str, int]) -> dict[str, int]:
        return {name: value + by for name, value in values.items()}

    return replace(
        snapshot,
        zswap=up(snapshot.zswap),
        vmstat=up(snapshot.vmstat),
        replay=up(snapshot.replay),
        memcg={path: up(values) for path, values in snapshot.memcg.items()},
        replay_memcg={path: up(values) for path, values in snapshot.replay_memcg.items()},
        nodes={path: tuple(up(values) for values in nodes) for path, nodes in snapshot.nodes.items()},
    )


@given(st.integers(0, 1 << 62))
def test_difference_counts_counters_from_the_earlier_snapshot_and_keeps_gauges(by: int) -> None:
    earlier = make_snapshot()
    later = _shifted(earlier, by)
    gauges = {
        (row.group, row.memcg, row.node, row.counter): row.value
        for row in rows(later)
        if COUNTERS[row.group][row.counter].kind == "gauge"
    }
    for row in rows(difference(later, earlier)):
        assert gauges.get((row.group, row.memcg, row.node, row.counter), by) == row.value


def test_a_memcg_that_is_new_counts_from_zero() -> None:
    later = make_snapshot()
    earlier = replace(later, memcg={}, replay_memcg={}, nodes={})
    assert later.memcg == difference(later, earlier).memcg
    assert later.replay_memcg == difference(later, earlier).replay_memcg
    assert later.nodes == difference(later, earlier).nodes


def test_difference_keeps_the_label_time_and_limits_of_the_later() -> None:
    earlier, later = make_snapshot("early", 1), make_snapshot("late", 2)
    since = difference(later, earlier)
    assert ("late", 2_000_000_000, later.limits) == (since.label, since.time_ns, since.limits)


def test_json_holds_every_field_ours_apart() -> None:
    snapshot = replace(make_snapshot(), zram={"huge_pages": 1}, meminfo={"SwapFree": 4})
    document = snapshot.as_json()
    assert snapshot == Snapshot.from_json(document)
    assert {field.name for field in fields(Snapshot)} - {"replay_memcg"} == set(document)
    assert {**snapshot.replay, "memcg": snapshot.replay_memcg} == document["replay"]
    assert {"/web": list(snapshot.nodes["/web"])} == document["nodes"]


def test_a_result_that_was_written_without_nodes_is_read() -> None:
    document = make_snapshot().as_json()
    del document["nodes"]
    assert replace(make_snapshot(), nodes={}) == Snapshot.from_json(document)
