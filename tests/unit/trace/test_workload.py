from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rows import row_texts
from zswap_replay.cli.trace.generate import PATTERNS as PATTERNS_OF_THE_COMMAND
from zswap_replay.cli.trace.generate import PRESETS as PRESETS_OF_THE_COMMAND
from zswap_replay.errors import SettingsError
from zswap_replay.replay.loop import replay
from zswap_replay.trace.generate import PATTERNS
from zswap_replay.trace.patterns import HotCold, Stride
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import Event
from zswap_replay.trace.workload import PRESETS, load_workload, preset_text
from zswap_replay.trace.workload_rows import generate_workload

SMALL = """
seed = 3
events = 400
step = "10ns"
totalram = "64M"
nodes = 2

[memcg."/jobs"]
memory.max = "4M"

[memcg."/jobs/{n}"]
copies = 2
"memory.zswap.max" = 65536

[region.heap]
memcg = "/jobs/{n}"
pages = 50

[region.far]
memcg = "/other"
pages = "80K"
node = 1

[[phase]]
share = 0.75
access = [
    { region = "heap", pattern = "zipf", weight = 3, write_share = 1.0 },
    { region = "far", pattern = "scan", write_share = 0 },
]

[[phase]]
share = 0.25
step = "20ns"
access = [{ region = "heap", pattern = "hot-cold", shift_every = 10 }]

[[event]]
at = "50%"
stagger = "10ns"
event = "restart"
memcg = "/jobs/{n}"

[[event]]
every = "1us"
times = 2
event = "param"
key = "enabled"
value = 1

[[event]]
at = "100%"
event = "snapshot"
key = "last"
"""


def written(tmp_path: Path, text: str = SMALL, **options: Any) -> list[tuple[str, ...]]:
    (tmp_path / "w.toml").write_text(text)
    generate_workload(load_workload(tmp_path / "w.toml"), tmp_path / "t", overwrite=True, **options)
    return row_texts(open_trace(tmp_path / "t", strict=True))


def test_a_workload_becomes_rows(tmp_path: Path) -> None:
    rows = written(tmp_path)
    metadata = open_trace(tmp_path / "t").metadata
    assert (16384, 2, "workload w.toml: seed 3, 400 accesses") == (
        metadata.totalram_pages,
        metadata.nodes,
        metadata.origin,
    )
    controls = [(row[0], row[1], *(text for text in row[2:] if text != "-")) for row in rows]
    controls = [row for row in controls if row[1] not in ("read", "write")]
    made = [("0", "memcg_create", "/jobs"), ("0", "memcg_set", "/jobs", "memory.max", "4194304")]
    for copy in (0, 1):
        made.append(("0", "memcg_create", f"/jobs/{copy}"))
        made.append(("0", "memcg_set", f"/jobs/{copy}", "memory.zswap.max", "65536"))
    made += [
        ("0", "memcg_create", "/other"),
        ("0", "param", "enabled", "1"),
        ("1000", "param", "enabled", "1"),
    ]
    for copy, at in ((0, "2500"), (1, "2510")):
        made.append((at, "discard", f"/jobs/{copy}", "0", "50", "0"))
        made.append((at, "memcg_offline", f"/jobs/{copy}"))
        made.append((at, "memcg_create", f"/jobs/{copy}"))
        made.append((at, "memcg_set", f"/jobs/{copy}", "memory.zswap.max", "65536"))
    assert [*made, ("5000", "snapshot", "last")] == controls
    accesses = [row for row in rows if row[1] in ("read", "write")]
    assert 400 == len(accesses)
    assert ("5000", "4980") == (rows[-1][0], accesses[-1][0])
    far = [row for row in accesses if row[2] == "/other"]
    assert 50 < len(far) < 100
    assert [str(at % 20) for at in range(len(far))] == [row[3] for row in far]
    assert {("read", "1")} == {(row[1], row[5]) for row in far}
    first = [row for row in accesses[:300] if row[2] != "/other"]
    assert {"write"} == {row[1] for row in first}
    assert {"/jobs/0", "/jobs/1"} == {row[2] for row in first}


def test_rows_do_not_depend_on_how_many_are_made_at_a_time(tmp_path: Path) -> None:
    whole = written(tmp_path)
    for batch_rows in (1, 7, 150):
        assert whole == written(tmp_path, batch_rows=batch_rows)
    assert whole != written(tmp_path, seed=4)
    longer = written(tmp_path, events=1000)
    assert 1000 == sum(row[1] in ("read", "write") for row in longer)
    assert ("12500", "snapshot") == longer[-1][:2]


def test_the_popular_pages_of_a_region_are_the_same_in_all_phases(tmp_path: Path) -> None:
    text = """
        [region.a]
        memcg = "/a"
        pages = 1000
        [[phase]]
        events = 400
        access = [{ region = "a", pattern = "zipf", skew = 1.5 }]
        [[phase]]
        events = 400
        access = [{ region = "a", pattern = "zipf", skew = 1.5 }]
    """
    pages = [int(row[3]) for row in written(tmp_path, text) if row[1] in ("read", "write")]
    assert np.bincount(pages[:400]).argmax() == np.bincount(pages[400:]).argmax()


def test_a_memcg_may_come_later(tmp_path: Path) -> None:
    text = """
        [memcg."/a"]
        create = false
        memory.max = "1M"
        [region.b]
        memcg = "/b"
        pages = 10
        [[phase]]
        events = 10
        access = [{ region = "b", pattern = "uniform" }]
        [[event]]
        at = "5us"
        event = "memcg_create"
        memcg = "/a"
        [[event]]
        at = "7us"
        event = "pageout"
        region = "b"
    """
    events = [row[1:3] for row in written(tmp_path, text) if row[1] not in ("read", "write")]
    assert [
        ("memcg_create", "/b"),
        ("memcg_create", "/a"),
        ("memcg_set", "/a"),
        ("pageout", "/b"),
    ] == events


def test_stride_meets_every_page_and_a_hot_window_moves() -> None:
    for stride in (1, 4, 6, 12, 17):
        pattern = Stride(12, stride)
        found = [*pattern.take(5).tolist(), *pattern.take(7).tolist()]
        assert list(range(12)) == sorted(found)
        assert stride % 12 == (found[1] - found[0]) % 12 or stride % 12 == 0
    generators = [np.random.default_rng(seed) for seed in range(3)]
    window = HotCold(100, 0.1, 1.0, 50, 0, (generators[0], generators[1], generators[2]))
    pages = window.take(150)
    assert [{0}, {1}, {2}] == [set((pages[at : at + 50] // 10).tolist()) for at in (0, 50, 100)]
    largest = (1 << 64) - 1
    far = Stride(largest, largest - 1)
    assert [0, largest - 1, largest - 2] == far.take(3).tolist()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('step = "10ns"', "step = 10", r"step: found 10; expected a time such as"),
        ("seed = 3", "seed = -3", "seed: found -3; expected a whole number from 0"),
        ("seed = 3", "sede = 3", "sede: found this key; expected one of seed, events"),
        ('totalram = "64M"', 'totalram = "64X"', "totalram: found '64X'; expected pages, a whole number"),
        ("pages = 50", "pages = 0", "region.heap.pages: found 0; expected pages"),
        ("pages = 50", "", "region.heap.pages: found nothing; expected this key"),
        ('"80K"\nnode = 1', '"80K"\nnode = 2', "region.far.node: found 2; expected a whole number from 0 to 1"),
        ('"zipf"', '"zopf"', r"phase\[0\].access\[0\].pattern: found 'zopf'; expected one of zipf, uniform"),
        ("weight = 3", "weight = 0", r"phase\[0\].access\[0\].weight: found 0; expected a number above 0"),
        ("weight = 3", "stride = 3", r"phase\[0\].access\[0\].stride: found this key; expected one of region"),
        ("write_share = 1.0", "write_share = 2", r"phase.0..access.0..write_share: found 2; expected a number"),
        ('region = "far"', 'region = "fir"', r"phase.0..access.1..region: found .fir.; expected one of the regions"),
        ("share = 0.75", "share = 0.7", "events: found 400; expected phases whose shares add up to 1, not to 0.95"),
        ("share = 0.75", "events = 7", r"phase\[0\].events: found 7; expected share, a part"),
        ('memory.max = "4M"', 'memory.mux = "4M"', 'memcg./jobs.memory.mux: found .4M.; expected copies, create, or'),
        ('memory.max = "4M"', 'memory.max = "4X"', "memcg./jobs.memory.max: '4X' is not a limit: expected max"),
        ("copies = 2", "", r"memcg./jobs/\{n\}: found .*; expected copies beside \{n\}"),
        ('"restart"', '"reboot"', r"event\[0\].event: found 'reboot'; expected one of memcg_create, "),
        ('at = "50%"', 'at = "150%"', r"event\[0\].at: found '150%'; expected a time such as \"10ms\", or a share"),
        ('at = "50%"', 'at = "1s"', r"event\[0\].at: found 1000000000 ns; expected a time within the workload"),
        ('"restart"', '"memcg_create"', r"event\[0\]: found memcg_create of /jobs/0, which is live; expected a memcg"),
        ("value = 1", "value = 7", r"event\[1\].value: '7' is not a switch: expected y, n"),
        ("[[phase]]", "[[phase]", "not TOML: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SMALL
    with pytest.raises(SettingsError, match=f"w.toml: {message}"):
        written(tmp_path, SMALL.replace(old, new))
    assert not (tmp_path / "t").exists()


def test_names_of_the_command_are_those_of_the_package() -> None:
    assert PRESETS == PRESETS_OF_THE_COMMAND
    assert PATTERNS == PATTERNS_OF_THE_COMMAND
    with pytest.raises(SettingsError, match="no preset 'x': expected noisy-neighbour, "):
        preset_text("x")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_stores_something_and_kills_nobody(tmp_path: Path, name: str) -> None:
    trace = tmp_path / "t"
    events = 100_000 if name == "memcg-churn" else 30_000
    generate_workload(load_workload(name, preset=True), trace, events=events)
    result = replay(trace, compressor="lz4", verify="off")
    replayed = result.end.replay
    assert (0, 0) == (replayed["oom"], replayed["swap_full"])
    assert result.end.vmstat["zswpout"] > 300
    assert events == replayed["accesses"]


def test_the_jobs_of_a_preset_come_and_go(tmp_path: Path) -> None:
    generate_workload(load_workload("memcg-churn", preset=True), tmp_path / "t", events=1000)
    events = np.concatenate([batch.event for batch in open_trace(tmp_path / "t").batches()])
    assert np.count_nonzero(events == Event.MEMCG_OFFLINE) > 30
