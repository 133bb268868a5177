from __future__ import annotations

import json
import math
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.imports import RECORDED, imported, rows
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.importers import damon, run
from zswap_replay.trace.importing.json_stream import JsonStream, MalformedError

MS = 10**6
GIVEN = {"sample": 20 * MS, "aggr": 100 * MS}
MAPS = "00400000-00402000 r-xp 00000000 00:18 52 /bin/wl\n00800000-00803000 rw-p 00000000 00:00 0 [heap]\n"


def line(seconds: str, target: int, number: int, start: int, end: int, accesses: int) -> str:
    return (
        f"       kdamond.0-213     [000] .....    {seconds}: damon_aggregated: target_id={target} "
        f"nr_regions={number} {start}-{end}: {accesses} 1\n"
    )


def test_regions_are_accessed_at_their_rate(tmp_path: Path) -> None:
    text = (
        line("10.000000", 0, 3, 0x400000, 0x402000, 2)
        + line("10.000009", 0, 3, 0x402000, 0x800000, 0)
        + line("10.000010", 0, 3, 0x800000, 0x803000, 1)
        + line("10.100000", 0, 1, 0x400000, 0x402000, 1)
        + line("10.100001", 1, 1, 0x400000, 0x401000, 1)
    )
    found, put = imported("damon", text, tmp_path, **GIVEN)
    start = 9_900 * MS
    assert [
        (start + 25 * MS, "read", "/program", 0x400, 2),
        (start + 50 * MS, "read", "/program", 0x800, 3),
        (start + 75 * MS, "read", "/program", 0x400, 2),
        (start + 150 * MS, "read", "/program", 0x400, 2),
        (start + 150 * MS + 1000, "read", "/program-1", 0x400, 1),
    ] == put
    assert (3, 5, 1) == tuple(found.figures[name] for name in ("windows", "regions", "idle regions"))


def test_one_target_of_several(tmp_path: Path) -> None:
    text = line("10.0", 0, 1, 4096, 8192, 1) + line("10.0", 1, 1, 8192, 12288, 1)
    found, put = imported("damon", text, tmp_path, target=1, **GIVEN)
    assert [2] == [row[3] for row in put]
    assert 1 == found.figures["other targets"]
    _, put = imported("damo", json.dumps([record(), record()]), tmp_path, target=1)
    assert [("/program", 1)] == [(row[2], row[3]) for row in put]


def test_the_two_formats_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"found a file of damo record; .*trace import damo reads this"):
        imported("damon", RECORDED / "damon.data", tmp_path)
    with pytest.raises(TraceError, match=r"found neither zlib nor JSON; .*trace import damon reads"):
        imported("damo", RECORDED / "damon.txt", tmp_path)


def test_maps_leave_gaps_out_and_touch_what_is_idle(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.write_text(MAPS)
    text = line("1.0", 0, 2, 0x400000, 0x600000, 1) + line("1.0", 0, 2, 0x600000, 0x900000, 0)
    _, put = imported("damon", text, tmp_path, maps=str(maps), **GIVEN)
    assert [(900 * MS, "write", "/program", 0x800, 3), (950 * MS, "read", "/program", 0x400, 2)] == put
    maps.write_text("nothing\n")
    with pytest.raises(TraceError, match=r"maps: line 1: found 'nothing.*expected a line of /proc/PID/maps"):
        imported("damon", text, tmp_path, maps=str(maps), **GIVEN)


def test_layouts_of_the_tracepoint(tmp_path: Path) -> None:
    texts = (
        "cpus=1\n  kdamond.0-213   [000]    10.000000: damon_aggregated:     target_id=0 nr_regions=1 4096-8192: 1 3\n",
        "kdamond.x xxxx xxxx 10.000000: damon:damon_aggregated: target_id=0 nr_regions=1 4096-8192: 1 3\n",
        "# tracer: nop\n  x-1 [000] ..... 9.0: sched_switch: a\n  kdamond.0-213 [000] 10.000000: damon_aggregated: "
        "target_id=0 nr_regions=1 4096-8192: 1\n",
    )
    for text in texts:
        assert [(9_950 * MS, "read", "/program", 1, 1)] == imported("damon", text, tmp_path, **GIVEN)[1]


def test_what_is_lost_or_cannot_be_is_told(tmp_path: Path) -> None:
    text = line("10.0", 0, 1, 4096, 8192, 9) + "CPU:0 [LOST 45 EVENTS]\n"
    found, _ = imported("damon", text, tmp_path, **GIVEN)
    assert ["45 events were lost: their regions are missing in the trace"] == found.warnings[:1]
    assert found.warnings[1].startswith("1 region were found accessed in more than the 5 samples")
    with pytest.raises(
        SettingsError, match=r"input: the length of a sample and of a window are not in it; expected --sample"
    ):
        imported("damon", text, tmp_path, sample=MS)
    with pytest.raises(SettingsError, match="expected a window of at least one sample"):
        imported("damon", text, tmp_path, sample=MS, aggr=1)


@pytest.mark.parametrize(
    "text",
    [
        "hello\n",
        line("1.0", 0, 1, 0, 1 << 60, 1),
        line("1.0", 0, 1, 8192, 4096, 1),
        line("1.0", 0, 1, 4096, 8192, 1).replace("4096-", "x-"),
    ],
)
def test_the_first_bad_line_is_named(tmp_path: Path, text: str) -> None:
    good = line("1.0", 0, 1, 4096, 8192, 1)
    with pytest.raises(
        TraceError,
        match=r"line 2: found .*; expected a (line of damon_aggregated|region whose end|region of at most)",
    ):
        imported("damon", good + text + good, tmp_path, **GIVEN)


def test_a_record_has_what_damo_reports_of_it(tmp_path: Path) -> None:
    found, put = imported("damo", RECORDED / "damon.data", tmp_path)
    assert (53, 699, 642, 612) == tuple(
        found.figures[name] for name in ("snapshots", "regions", "idle regions", "events")
    )
    assert {"/damon"} == {row[2] for row in put}
    run("damo", RECORDED / "damon.data", tmp_path / "m.parquet", maps=str(RECORDED / "damon.maps"))
    mapped = rows(tmp_path / "m.parquet")
    touched = [(row[3], row[4]) for row in mapped if row[1] == "write"]
    assert [(0x4C7, 6), (0x1DC7F, 34), (0x7FE273523, 6000), (0x7FFF06E05, 33)] == touched
    text, lines = imported("damon", RECORDED / "damon.txt", tmp_path, sample=20 * MS, aggr=400 * MS)
    assert {"/damon"} == {row[2] for row in lines}
    assert 120 == text.figures["regions"]


def record(**more: Any) -> dict[str, Any]:
    region = {"start": "4,096", "end": "12,288", "nr_accesses": {"samples": 1, "percent": None}}
    snapshot = {"start_time": "1,000", "end_time": "3,000", "regions": [region]}
    intervals = {"sample_us": "20,000", "aggr_us": "100 ms"}
    return {"kdamond_idx": 0, "intervals": intervals, "snapshots": [snapshot], **more}


def accessed(accesses: object, end: int = 12288, **intervals: object) -> str:
    made = record()
    made["snapshots"][0]["regions"][0] |= {"nr_accesses": accesses, "end": end}
    made["intervals"] |= intervals
    return json.dumps([made])


@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
def test_records_are_read_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(damon, "_CHUNK", chunk)
    text = json.dumps([record(), record(), record(snapshots=[])])
    for data in (text.encode(), zlib.compress(text.encode()), json.dumps(record(), indent=1).encode()):
        _, put = imported("damo", data, tmp_path)
        assert [(2000, "read", "/program", 1, 2)] == put[:1]
        assert ["/program-1"] * (len(put) - 1) == [row[2] for row in put[1:]]


def test_other_spellings_of_accesses(tmp_path: Path) -> None:
    whole = record()
    for accesses in (1, "1", {"samples": None, "percent": 20.0}):
        whole["snapshots"][0]["regions"][0]["nr_accesses"] = accesses
        assert [(2000, "read", "/program", 1, 2)] == imported("damo", json.dumps([whole]), tmp_path)[1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (json.dumps([record()])[:-30], "snapshot 0: found no JSON"),
        (
            json.dumps([record(snapshots=[{"start_time": 1}])]),
            "snapshot 0: found no 'end_time'; expected start_time",
        ),
        (json.dumps([record(snapshots=[1])]), "snapshot 0: found '1'; expected a snapshot"),
        (
            json.dumps([record(snapshots=[{"start_time": "x", "end_time": 1}])]),
            "snapshot 0: found invalid literal",
        ),
        (
            json.dumps([record(intervals=None)]),
            "the length of a sample and of a window are not in it; expected --sample",
        ),
        (json.dumps([1]), "snapshot 0: found '1'; expected {"),
        (accessed({"samples": 10**12}), "snapshot 0: found 1000000000000 samples in one window"),
        (accessed({"percent": math.inf}), "snapshot 0: found inf percent"),
        (accessed(1, end=1 << 63), "longer than any address space"),
        (accessed(1, sample_us=0), "the length of a sample and of a window are not in it"),
        (accessed({"percent": 5}, aggr_us="\N{SUPERSCRIPT TWO}"), "the length of a sample"),
        ("[{" + "[" * 100_000, "snapshot 0: found values inside values"),
        ("PERFILE2....", "found perf's own data; expected JSON"),
        ("hello", "found neither zlib nor JSON"),
        ("", "found an empty input"),
        ("[]", "found no access in 0 snapshots"),
    ],
)
def test_records_that_cannot_be_read(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises((TraceError, SettingsError), match=why):
        imported("damo", text, tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_a_packed_record_that_is_cut_off(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"cannot be unpacked|found no JSON"):
        imported("damo", zlib.compress(json.dumps([record()] * 9).encode())[:-20], tmp_path)
    assert 1 == len(imported("damo", json.dumps([record(intervals=None)]), tmp_path, **GIVEN)[1])


def test_a_stream_of_json() -> None:
    stream = JsonStream(iter(['{"a"', ": 12", '3, "b": {', '}, "c" : [1, 2', "3 ]}"]))
    (keys,) = stream.elements()
    found = {key: stream.value() if key != "c" else list(stream.elements_of_array()) for key in keys}
    assert {"a": 123, "b": {}, "c": [1, 23]} == found
    with pytest.raises(MalformedError, match="found '}'; expected , or ]"):
        list(JsonStream(iter(['{"a": [1}'])).elements().__next__() and _elements('{"a": [1}'))


def _elements(text: str) -> list[Any]:
    stream = JsonStream(iter([text]))
    return [list(stream.elements_of_array()) for keys in stream.elements() for _ in keys]
