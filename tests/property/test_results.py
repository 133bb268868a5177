"""What is written of a replay is read back as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from zswap_replay.compare.expected import Verdict, judge
from zswap_replay.compare.side_by_side import compare
from zswap_replay.compare.tolerance import Tolerance
from zswap_replay.mm.releases import RELEASES
from zswap_replay.result.counters import COUNTERS, Group
from zswap_replay.result.manifest import Manifest
from zswap_replay.result.result import ClassRatio, Result, Timing
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.settings import KnobWrite, Settings

COUNTS = st.integers(0, 1 << 63)
PATHS = st.sampled_from(["/", "/web", "/web/a:b", "/x=y"])
LIMITS = st.integers(-1, 1 << 62)
SECONDS = st.integers(0, 10**15).map(lambda nanoseconds: nanoseconds / 1e9)
TEXTS = st.text(max_size=8)


def values_of(group: Group) -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(st.sampled_from(list(COUNTERS[group])), COUNTS, max_size=5)


def by_memcg(values: st.SearchStrategy[dict[str, int]]) -> st.SearchStrategy[dict[str, dict[str, int]]]:
    return st.dictionaries(PATHS, values, max_size=3)


SNAPSHOTS = st.builds(
    Snapshot,
    label=TEXTS,
    time_ns=COUNTS,
    zswap=values_of("zswap"),
    vmstat=values_of("vmstat"),
    memcg=by_memcg(values_of("memcg")),
    replay=values_of("replay"),
    replay_memcg=by_memcg(values_of("replay.memcg")),
    limits=by_memcg(st.dictionaries(st.sampled_from(["memory.max", "memory.zswap.writeback"]), LIMITS)),
    params=st.dictionaries(TEXTS, COUNTS | TEXTS, max_size=3),
    nodes=st.dictionaries(PATHS, st.lists(values_of("node"), max_size=3).map(tuple), max_size=3),
)
# The limits of memcgs that the root does not have
WRITES = st.builds(
    KnobWrite,
    memcg=PATHS.filter(lambda path: path != "/"),
    key=st.sampled_from(["memory.max", "memory.high", "memory.zswap.max", "memory.swap.max"]),
    value=LIMITS,
)
NONE = st.none()
SETTINGS = st.builds(
    Settings,
    kernel=st.sampled_from(list(RELEASES)),
    compressor=TEXTS,
    zpool=st.sampled_from(["zsmalloc", "zbud"]),
    enabled=st.booleans(),
    max_pool_percent=st.integers(0, 100),
    accept_threshold_percent=st.integers(0, 100),
    totalram=NONE | st.integers(4096, 1 << 62),
    nodes=NONE | st.integers(1, 64),
    payload_file=NONE | TEXTS,
    seed=st.integers(0, (1 << 64) - 1),
    verify=st.sampled_from(["all", "sample", "off"]),
    max_events=NONE | st.integers(1, 1 << 62),
    knobs=st.lists(WRITES, max_size=3).map(tuple),
    fixed=st.frozensets(st.sampled_from(["enabled", "zpool", "compressor"])),
)


@st.composite
def results(draw: st.DrawFn) -> Result:
    """A result of a replay that could not have been, with all that a result can hold."""
    chosen = draw(SETTINGS)
    manifest = Manifest(
        trace={"path": draw(TEXTS), "sha256": draw(NONE | TEXTS), "events": draw(COUNTS)},
        settings=chosen.as_json(),
        kernel=chosen.kernel,
        seed=chosen.seed,
        recipe=draw(st.dictionaries(TEXTS, TEXTS | COUNTS, max_size=2)),
        versions=draw(st.dictionaries(TEXTS, TEXTS, max_size=3)),
        interval_ns=draw(COUNTS),
        strict=draw(st.booleans()),
        inputs=draw(st.dictionaries(TEXTS, TEXTS, max_size=2)),
    )
    counts: dict[str, Any] = dict.fromkeys(("stored", "same_filled", "refused", "bytes_out"), COUNTS)
    end = draw(SNAPSHOTS)
    # What the derived figures are made of is there in every release
    end.zswap.update(dict.fromkeys(("stored_pages", "pool_total_size", "written_back_pages"), draw(COUNTS)))
    end.vmstat.update(dict.fromkeys(("pswpin", "pswpout", "zswpout"), draw(COUNTS)))
    end.replay.update(dict.fromkeys(COUNTERS["replay"], draw(COUNTS)))
    return Result(
        manifest=manifest,
        snapshots=(*draw(st.lists(SNAPSHOTS, max_size=2)), end),
        classes=tuple(draw(st.lists(st.builds(ClassRatio, name=TEXTS, **counts), max_size=3))),
        timing=draw(
            st.none()
            | st.builds(Timing, *[SECONDS] * 6, events=st.integers(0, 1 << 53), pages_compressed=COUNTS)
        ),
        warnings=tuple(draw(st.lists(TEXTS, max_size=2))),
        compressed_lengths=draw(st.dictionaries(st.integers(1, 4096), COUNTS, max_size=3)),
    )


@given(results())
def test_a_result_comes_back_from_its_json(result: Result) -> None:
    text = json.dumps(result.as_json())
    assert result == Result.from_json(json.loads(text))
    assert replace(result, timing=None) == Result.from_json(result.as_json(timing=False))


@given(results())
def test_a_result_differs_from_itself_in_nothing(result: Result) -> None:
    run = judge(result, result)
    assert ((), []) == (run.obstacles, [s.differences for s in run.snapshots if s.differences])
    assert compare([result, result], ["a", "b"], timing=True).equal


@given(results(), st.data())
def test_one_value_that_is_off_is_one_difference_and_a_tolerance_takes_it_in(
    result: Result, data: st.DataObject
) -> None:
    tables = [result.end.zswap, result.end.vmstat, result.end.replay]
    tables += [*result.end.memcg.values(), *result.end.replay_memcg.values()]
    tables += [node for nodes in result.end.nodes.values() if len(nodes) > 1 for node in nodes]
    place = data.draw(st.sampled_from([place for place, table in enumerate(tables) if table]))
    counter = data.draw(st.sampled_from(sorted(tables[place])))
    expected = Result.from_json(result.as_json())
    off = data.draw(st.integers(1, 1000))
    tables[place][counter] += off
    verdict = Verdict((judge(expected, result),))
    (difference,) = [each for snapshot in verdict.snapshots for each in snapshot.differences]
    assert difference.name.endswith(counter)
    for allowed, left in ((off, 0), (off - 1, 1)):
        tolerance = Tolerance.parse(f"{difference.name}={allowed}")
        assert left == Verdict((judge(expected, result, [tolerance]),)).differences


@given(SETTINGS)
def test_settings_come_back_from_a_manifest(chosen: Settings) -> None:
    assert chosen == Settings.from_json(json.loads(json.dumps(chosen.as_json())))
