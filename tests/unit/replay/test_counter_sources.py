"""Every counter of the table is kept somewhere, and everything that is kept has its row in the table."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from zswap_replay.mm import memcontrol
from zswap_replay.mm.memcg_totals import NODE_NAMES
from zswap_replay.mm.memcontrol import EVENT_NAMES
from zswap_replay.mm.releases import RELEASES, Release
from zswap_replay.replay.counter_sources import (
    FILES,
    MACHINE_SOURCES,
    MEMCG_SOURCES,
    PARTS,
    machine_source,
    memcg_source,
)
from zswap_replay.replay.from_settings import make_machine
from zswap_replay.result.counters import COUNTERS, KERNELS, MACHINE, Group, shown
from zswap_replay.settings import Settings

SOURCES: dict[Group, Mapping[str, object]] = {**MACHINE_SOURCES, **MEMCG_SOURCES}


@pytest.mark.parametrize("group", MACHINE)
def test_every_counter_of_the_machine_is_kept_somewhere(group: Group) -> None:
    machine = make_machine(Settings(totalram=1 << 20, nodes=1))
    faults = []
    for name in COUNTERS[group]:
        try:
            machine_source(machine, group, name)
        except LookupError as error:
            faults.append(str(error))
    assert [] == faults


@pytest.mark.parametrize("group", [group for group in COUNTERS if group not in MACHINE])
def test_every_counter_of_memcgs_is_an_event_or_has_a_source(group: Group) -> None:
    events = {*NODE_NAMES} if group == "node" else {"accesses", *EVENT_NAMES}
    known = events | SOURCES[group].keys()
    assert [] == [
        f"{group}.{name} is no event in memcontrol.EVENT_NAMES and has no source in counter_sources"
        for name in COUNTERS[group]
        if name not in known
    ]


def test_every_event_of_memcgs_is_shown() -> None:
    shown_names = {name for counters in COUNTERS.values() for name in counters}
    assert [] == [f"{name} has no row in COUNTERS" for name in EVENT_NAMES if name not in shown_names]


def test_a_counter_that_nobody_keeps_is_named() -> None:
    machine = make_machine(Settings(totalram=1 << 20, nodes=1))
    with pytest.raises(
        LookupError, match=rf"^zswap.no_such: no attribute of that name in {', '.join(PARTS)}, and no source"
    ):
        machine_source(machine, "zswap", "no_such")
    # what is charged is no count: in which unit it is shown must be said
    for group in MEMCG_SOURCES:
        for name in ("no_such", "swap"):
            with pytest.raises(LookupError, match=rf"^{group}.{name}: no count of that name, and no source"):
                memcg_source(group, name)


@pytest.mark.parametrize("group", COUNTERS)
def test_every_source_has_a_row_in_the_table(group: Group) -> None:
    missing = [name for name in SOURCES[group] if name not in COUNTERS[group]]
    assert [] == [f"{group}.{name} has no row in COUNTERS" for name in missing]


def test_every_group_has_sources() -> None:
    assert COUNTERS.keys() == SOURCES.keys()
    assert set(FILES) <= COUNTERS["memcg"].keys()


def test_every_event_of_a_memcg_has_its_name_in_the_order_of_its_number() -> None:
    counts = memcontrol.MemCgroups("own", 1)
    room = len(counts.events) // counts.records.size
    assert len(EVENT_NAMES) == room, "EVENT_NAMES and NR_EVENTS differ in number"
    assert len(set(EVENT_NAMES)) == room


@pytest.mark.parametrize("release", RELEASES.values(), ids=lambda release: release.name)
def test_a_release_lacks_counters_that_there_are(release: Release) -> None:
    names = {name for group in KERNELS for name in COUNTERS[group]}
    names |= {f"{group}.{name}" for group in KERNELS for name in COUNTERS[group]}
    assert set() == {f"{release.name}: {name} is no counter" for name in release.absent - names}


def test_a_release_shows_all_counters_of_ours_and_those_of_the_kernel_that_it_has() -> None:
    assert tuple(COUNTERS["replay"]) == shown("replay", {"oom"})
    assert "zswpwb" not in shown("vmstat", {"zswpwb"})
    assert "zswpwb" not in shown("vmstat", {"vmstat.zswpwb"})
    assert "zswpwb" in shown("memcg", {"vmstat.zswpwb"})
