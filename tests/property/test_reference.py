"""The package against the second model of tests/reference: every counter, and the place of every page."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from tests.pressure import save
from tests.profiles import part
from tests.reference.counting import OF_RECLAIM, machine_counters, memcg_counters, node_counters
from tests.reference.machine import Machine
from tests.reference.rules import RULES
from tests.reference.traces import TOTALRAM_PAGES, Drawn, drawn, lengths, lengths_file
from tests.where import where
from zswap_replay.machine.recount import recount
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay.loop import Replay
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.settings import Settings
from zswap_replay.trace.reader import open_trace
from zswap_replay.units import PAGE_SIZE

PLACES = 200

Flat = dict[str, int | str]


def test_every_release_has_a_second_model() -> None:
    assert set(RELEASES) <= set(RULES)


@pytest.mark.parametrize("kernel", RELEASES)
@part(0.5)
@given(trace=drawn())
def test_both_models_count_the_same(kernel: str, trace: Drawn) -> None:
    for ours, reference in zip(replayed(kernel, trace), modelled(kernel, trace), strict=True):
        assert ours == reference


def replayed(kernel: str, trace: Drawn) -> list[Flat]:
    """What the package counts at each snapshot, by GROUP.NAME, and where the pages of each path are."""
    settings = Settings(
        kernel=kernel, totalram=TOTALRAM_PAGES * PAGE_SIZE, lengths=lengths_file(), **trace.settings
    )
    seen: list[Flat] = []
    with tempfile.TemporaryDirectory() as folder:
        path = save(folder, trace.rows)
        replay = Replay(open_trace(path), path, settings, lambda _: None)

        def look(snapshot: Snapshot) -> None:
            places = {f"where {name}": where(replay, name, 0, PLACES) for name in replay.reader.paths}
            seen.append(dict(_flat(snapshot)) | _touched(places))
            assert recount(replay.machine) is None

        replay.watch = lambda numbers: look(numbers.snapshot())
        result = replay.result(0, None, lambda *_: None)
    if not seen or seen[-1]["label"] != "end":
        look(result.end)
    return seen


def _flat(snapshot: Snapshot) -> Iterator[tuple[str, int | str]]:
    yield "label", snapshot.label
    groups = {"zswap": snapshot.zswap, "vmstat": snapshot.vmstat, "replay": snapshot.replay}
    for group, values in groups.items():
        for name, value in values.items():
            if f"{group}.{name}" not in OF_RECLAIM:
                yield f"{group}.{name}", value
    for path in snapshot.memcg:
        for group, values in (("memcg", snapshot.memcg[path]), ("replay.memcg", snapshot.replay_memcg[path])):
            for name, value in values.items():
                if f"{group}.{name}" not in OF_RECLAIM:
                    yield f"{path} {group}.{name}", value
        for node, values in enumerate(snapshot.nodes[path]):
            for name, value in values.items():
                yield f"{path} node {node} {name}", value


def modelled(kernel: str, trace: Drawn) -> list[Flat]:
    """The same of the second model."""
    settings: dict[str, Any] = trace.settings
    machine = Machine(kernel, lengths(), totalram_pages=TOTALRAM_PAGES, **settings)
    seen: list[Flat] = []
    for row in trace.rows:
        machine.take(row)
        if row["event"] == "snapshot":
            seen.append(_counted(machine, row["key"]))
    machine.finish(trace.rows[-1]["time_ns"] if trace.rows else 0)
    seen.append(_counted(machine, "end"))
    return seen


def _counted(machine: Machine, label: str) -> Flat:
    found: Flat = {"label": label}
    for group, values in machine_counters(machine).items():
        found |= {f"{group}.{name}": value for name, value in values.items()}
    for path, memcg in machine.memcgs.items():
        if memcg.online:
            for group, values in memcg_counters(machine, memcg).items():
                found |= {f"{path} {group}.{name}": value for name, value in values.items()}
            for node in range(machine.nodes):
                here = node_counters(memcg, node)
                found |= {f"{path} node {node} {name}": value for name, value in here.items()}
    return found | _touched({f"where {path}": machine.where(path, 0, PLACES) for path in machine.memcgs})


def _touched(places: dict[str, str]) -> Flat:
    """The paths of which any page was touched: those that are named later, too, are known to a batch."""
    return {path: letters for path, letters in places.items() if letters.strip("N")}
