"""``zswap-replay run`` as a user types it: golden outputs, bad traces, and what it says on standard error."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.commands import command, output
from tests.golden import assert_golden
from tests.paths import TRACES
from zswap_replay.cli.run import FORMATS
from zswap_replay.mm.releases import RELEASES
from zswap_replay.trace.builder import TraceBuilder

GOLDENS = Path(__file__).with_name("goldens")
STORY = ["run", "traces/story.parquet", "--no-timing"]


def without_versions(text: str) -> str:
    """An output whose versions, which are this machine's, read the same everywhere."""
    text = re.sub(r'("(?:zswap_replay|python|numpy|pyarrow|zstandard|zstd)": )"[^"]*"', r'\1"*"', text)
    text = re.sub(r'((?:zswap_replay|python|numpy|pyarrow|zstandard|zstd)[a-z_]*=)"[^"]*"', r'\1"*"', text)
    return re.sub(r"zswap-replay \d[\w.]*", "zswap-replay *", text)


@pytest.mark.parametrize("kernel", RELEASES)
def test_the_table_of_each_release(kernel: str) -> None:
    assert_golden(f"story-{kernel}.txt", without_versions(output(*STORY, "--kernel", kernel)), GOLDENS)


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "table"])
def test_the_other_formats(form: str) -> None:
    assert_golden(f"story.{form}", without_versions(output(*STORY, "--format", form)), GOLDENS)


def test_an_output_file_holds_what_would_be_printed(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    assert "" == output(*STORY, "--format", "json", "-o", str(file))
    assert output(*STORY, "--format", "json") == file.read_text(encoding="utf-8")


def test_a_timeline_has_every_counter_of_every_interval(tmp_path: Path) -> None:
    file = tmp_path / "timeline.parquet"
    trace = str(TRACES / "db.parquet")
    document = json.loads(
        output(
            "run",
            trace,
            "--totalram",
            "8M",
            "--interval",
            "50ms",
            "--timeline",
            str(file),
            "--format",
            "json",
        )
    )
    rows = pq.read_table(file).to_pylist()
    last = {
        row["counter"]: row["value"] for row in rows if row["label"] == "end" and row["group"] == "vmstat"
    }
    assert document["snapshots"][-1]["vmstat"] == last
    assert ["interval 1", "interval 2", "end"] == list(dict.fromkeys(row["label"] for row in rows))


def test_a_timeline_holds_the_counters_of_the_csv(tmp_path: Path) -> None:
    file = tmp_path / "timeline.parquet"
    lines = csv.DictReader(output(*STORY, "--format", "csv", "--timeline", str(file)).splitlines())
    expected = [
        (
            line["compressor"],
            line["snapshot"],
            line["group"],
            line["memcg"] or None,
            line["counter"],
            int(line["value"]),
        )
        for line in lines
        if line["group"] not in ("limits", "derived")
    ]
    names = ("compressor", "label", "group", "memcg", "counter", "value")
    assert expected == [tuple(row[name] for name in names) for row in pq.read_table(file).to_pylist()]


def test_a_replay_that_stored_nothing_says_so_and_which_limit_to_set() -> None:
    done = command("run", "traces/db.parquet", "--max-events", "2000", "--format", "json")
    assert 0 == done.returncode
    assert re.search(r"nothing was stored in zswap.*memory\.max", done.stderr)


def test_a_flag_wins_over_the_trace_with_one_note(tmp_path: Path) -> None:
    trace = tmp_path / "trace.parquet"
    builder = TraceBuilder().param("max_pool_percent", "30").write("/a", 0).param("max_pool_percent", "40")
    builder.pageout("/a", 0).save(trace)
    done = command("run", str(trace), "--max-pool-percent", "10", "--format", "json")
    assert 1 == done.stderr.count("max_pool_percent was given as a flag")
    assert 10 == json.loads(done.stdout)["snapshots"][-1]["params"]["max_pool_percent"]


GOOD: dict[str, list[object] | None] = {
    "time_ns": [0, 5],
    "event": ["write", "pageout"],
    "memcg": ["/a", "/a"],
    "page": [1, 1],
}
TYPES: dict[str, pa.DataType] = {
    "time_ns": pa.uint64(),
    "page": pa.uint64(),
    "pages": pa.uint64(),
    "count": pa.uint32(),
}
BAD: dict[str, dict[str, list[object] | None]] = {
    "missing column": {"time_ns": None},
    "mistyped column": {"page": ["one", "two"]},
    "unknown column": {"pages": [1, 1]},
    "unknown event": {"event": ["write", "stare"]},
    "unknown parameter": {"event": ["write", "param"], "key": [None, "speed"], "value": [None, "9"]},
    "unknown knob": {"event": ["write", "memcg_set"], "key": [None, "memory.min"], "value": [None, "9"]},
    "time going backwards": {"time_ns": [5, 0]},
    "page event without a page": {"page": [1, None]},
    "page event without a memcg": {"memcg": ["/a", None]},
    "limit that does not parse": {
        "event": ["write", "memcg_set"],
        "key": [None, "memory.max"],
        "value": [None, "4X"],
    },
    "count of 0": {"count": [1, 0]},
    "count past 2^64": {"page": [1, (1 << 64) - 1], "count": [1, 2]},
    "memcg path that is not absolute": {"memcg": ["/a", "a"]},
    "memcg path with an empty part": {"memcg": ["/a", "/a//b"]},
    "memcg path with a .. part": {"memcg": ["/a", "/a/../b"]},
    "memcg made twice": {"event": ["write", "memcg_create"]},
    "memcg that is not there": {"event": ["write", "memcg_offline"], "memcg": ["/a", "/b"]},
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_trace_ends_with_one_line_and_status_2(what: str, tmp_path: Path) -> None:
    columns = {name: values for name, values in (GOOD | BAD[what]).items() if values is not None}
    types = {name: TYPES.get(name, pa.string()) for name in columns}
    types |= {name: pa.string() for name, values in columns.items() if isinstance(values[0], str)}
    trace, result = tmp_path / "bad.parquet", tmp_path / "result.json"
    pq.write_table(pa.Table.from_pydict(columns, schema=pa.schema(types)), trace)
    done = command("run", str(trace), "--format", "json", "-o", str(result))
    assert (2, "") == (done.returncode, done.stdout)
    assert 1 == done.stderr.count("\n"), done.stderr
    assert str(trace) in done.stderr
    assert not result.exists()


@pytest.mark.parametrize(
    "data", [b"", b"time_ns,event\n0,write\n", (TRACES / "db.parquet").read_bytes()[:5000]]
)
def test_a_file_that_is_no_trace_ends_with_one_line_and_status_2(data: bytes, tmp_path: Path) -> None:
    trace = tmp_path / "trace.parquet"
    trace.write_bytes(data)
    done = command("run", str(trace))
    assert (2, "") == (done.returncode, done.stdout)
    assert 1 == done.stderr.count("\n"), done.stderr
    assert str(trace) in done.stderr
