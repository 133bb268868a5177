from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.imports import RECORDED, imported, short
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.importers import run
from zswap_replay.trace.importing import lines
from zswap_replay.trace.reader import open_trace

TABLE = """seconds,comm,addr,rw,core id
1.000000001,web,0x7f0000001fff,R,0
1.5,db,4096,w,1
2,web,"0x7f0000002000",store,0
"""
COLUMNS = ["page=addr>>12", "time_ns=seconds*1e9", "event=rw", "memcg=comm"]


def test_columns_by_flags(tmp_path: Path) -> None:
    found, put = imported("csv", TABLE, tmp_path, column=COLUMNS)
    assert [
        (1_000_000_001, "read", "/web", 0x7F0000001, 1),
        (1_500_000_000, "write", "/db", 1, 1),
        (2_000_000_000, "write", "/web", 0x7F0000002, 1),
    ] == put
    assert {"lines": 4, "events": 3, "reads": 1, "writes": 2, "pages": 3, "memcgs": 2} == {
        key: value for key, value in found.figures.items() if key != "time_ns"
    }


def test_only_pages(tmp_path: Path) -> None:
    path = tmp_path / "some accesses.csv"
    path.write_text(TABLE)
    _, put = imported("csv", path, tmp_path, column=["page=addr>>12"], event="write", step_ns=5)
    assert [(0, "write", "/some_accesses"), (5, "write", "/some_accesses")] == [row[:3] for row in put[:2]]
    _, put = imported("csv", path, tmp_path, column=["page=addr>>12"], memcg="/a/b")
    assert {"/a/b"} == {row[2] for row in put}


@pytest.mark.parametrize(
    ("expression", "page"),
    [
        ("n", 4096),
        ("n>>12", 1),
        ("n << 3", 32768),
        ("n/3", 1365),
        ("n//0x10", 256),
        ("n+1e3*2", 10192),
        ("n-96", 4000),
        ("n&0xff0&7", 0),
        ("n*1.0", 4096),
        ("a-1", 7),
        ("2+1", 8),
    ],
)
def test_operations(tmp_path: Path, expression: str, page: int) -> None:
    # the name of a column comes before what it could spell
    assert page == imported("csv", "n,a-1\n4096,7\n", tmp_path, column=[f"page={expression}"])[1][0][3]


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("page", "expected NAME=COLUMN"),
        ("page=", "expected NAME=COLUMN"),
        ("pages=n", "a trace has no column pages; expected one of time_ns, event"),
        ("page=x>>12", "input has no column 'x'; it has n, a-1"),
        ("page=n>>64", "cannot be"),
        ("page=n/0", "cannot be"),
        ("page=n*1.5", "1.5 is no whole number"),
        ("event=n>>1", "event is a text"),
    ],
)
def test_expressions_that_cannot_be(tmp_path: Path, column: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        imported("csv", "n,a-1\n4096,7\n", tmp_path, column=[column])
    with pytest.raises(SettingsError, match="page is given twice"):
        imported("csv", "n,a-1\n4096,7\n", tmp_path, column=["page=n", "page=n"])


@pytest.mark.parametrize(
    ("text", "options", "pages"),
    [
        ("page\n5\n6\n", {}, [5, 6]),
        ("page\tx\n5\ta\n6\tb\n", {}, [5, 6]),
        ("x;page\r\na;5\r\n b;6", {}, [5, 6]),
        ("5,7\n6,8\n", {"no_header": True, "column": ["page=2"]}, [7, 8]),
        ("# page , x\n5,a\n", {}, [5]),
        ("addr\n7f00001000\nFFFF\n", {"hex": ["addr"], "column": ["page=addr>>12"]}, [0x7F00001, 15]),
        ("a b\n1 2\n", {"delimiter": "space", "column": ["page=b"]}, [2]),
        ("page,x\n 5 ,a\n", {}, [5]),
        ("page\n18446744073709551614\n", {}, [(1 << 64) - 2]),
    ],
)
def test_layouts(tmp_path: Path, text: str, options: dict[str, Any], pages: list[int]) -> None:
    assert pages == [row[3] for row in imported("csv", text, tmp_path, **options)[1]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("page\n5\nx\n6\n", "line 3, column page: found 'x'; expected a number"),
        (
            "page\n5\n7f00\n",
            r"line 3, column page: found '7f00'; expected a number .hexadecimal ones without 0x: .* --hex",
        ),
        ("page\n-5\n", "line 2, column page: found '-5'; expected a number from 0 to"),
        ("page\n18446744073709551616\n", "line 2, column page: found '18446744073709551616'; expected"),
        ("page\n1.5\n", "line 2, column page: found 1.5; expected a whole number"),
        ("page\n5\n\n6\n", "line 3, column page: found null; expected"),
        ("page,x\n5,1\n5\n", "line 3: found 1 columns; expected 2"),
        ("page,x\n5,1\n5,1,2\n", "line 3: found 3 columns; expected 2"),
        ("page,event\n5,read\n6,look\n", "line 3, column event: found 'look'; expected one of read, write"),
        ("page,memcg\n5,/a\n6,/a//b\n", "line 3, column memcg: found '/a//b'"),
        ("page,count\n5,1\n6,0\n", "line 3, column count: found 0"),
        (
            "page,count\n5,1\n6,4294967296\n",
            "line 3, column count: found 4294967296; expected a whole number from 0 to 4,29",
        ),
        ("page,time_ns\n5,1\n6,\n", "line 3, column time_ns: found no value; expected a time"),
        ("page,page\n5,1\n", "line 1: found 'page'; expected columns of different names"),
        ("time,obj\n5,1\n", "no column page; it has time, obj: name one with --column"),
        ("page\n", "found no access in 1 lines"),
        (
            "5,7\n6,8\n",
            "line 1: found '5,7'; expected names of columns .--no-header: the first line is a row",
        ),
        ('"page,x\n5,1\n', "line 1: found '\"page,x'; expected a line of columns"),
        ("page,memcg\n5,\xff\n".encode("latin-1"), "line 2: found .*; expected text in UTF-8"),
        (
            "page,event,memcg\n5,read,a\n6,memcg_create,/a\n",
            "line 3, column memcg: found memcg_create of /a, which is live",
        ),
    ],
)
def test_the_first_bad_line_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | bytes, why: str
) -> None:
    for size in (1 << 20, 9):
        monkeypatch.setattr(lines, "BLOCK_BYTES", size)
        with pytest.raises((TraceError, SettingsError), match=why):
            imported("csv", text, tmp_path)
        assert [] == list(tmp_path.iterdir())


def test_a_last_line_that_is_cut_off_is_dropped(tmp_path: Path) -> None:
    found, put = imported("csv", "page,x\n5,1\n6,1\n7", tmp_path)
    assert [5, 6] == [row[3] for row in put]
    assert ["the last line ends in the middle, and was dropped"] == found.notes


def test_memcg_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--memcg /a: a column of input gives the memcg"):
        imported("csv", "page,memcg\n5,/b\n", tmp_path, memcg="/a")


@pytest.mark.parametrize(
    "time", ["2026-01-01T00:00:00.5", "2026-01-01 00:00:00.500", "2026-01-01T00:00:00.5Z"]
)
def test_dates_with_times(tmp_path: Path, time: str) -> None:
    _, put = imported("csv", f"t,page\n{time},1\n", tmp_path, column=["page=page", "time=t"])
    assert 1767225600 * 10**9 + 500_000_000 == put[0][0]
    with pytest.raises(
        TraceError, match=r"line 3, column t: found 'now'; expected a number|line 2, column t: found '2026"
    ):
        imported("csv", f"t,page\n{time},1\nnow,2\n", tmp_path, column=["page=page", "time=t"])


def test_all_kinds_of_events(tmp_path: Path) -> None:
    text = (
        "time_ns,event,memcg,page,count,key,value\n1,memcg_create,/a,,,,\n"
        "1,memcg_set,/a,,,memory.max,64K\n2,write,/a,1,30,,\n3,worker,,,,,end\n4,settle,,,,,\n5,snapshot,,,,x,\n"
    )
    found, _ = imported("csv", text, tmp_path)
    assert (1, 5) == (found.figures["events"], found.figures["other events"])
    assert 2 == open_trace(tmp_path / "imported.parquet").metadata.schema


def test_requests_of_another_tool(tmp_path: Path) -> None:
    run(
        "csv",
        RECORDED / "requests.csv",
        tmp_path / "t.parquet",
        column=["page=obj_id", "time=time*1e9"],
    )
    _, put = imported("libcachesim-csv", RECORDED / "requests.csv", tmp_path)
    assert 400 == len(put)
    assert short(put)[:2] == [(0, "read", 3), (0, "read", 1)]
    assert open_trace(tmp_path / "t.parquet").sha256() == open_trace(tmp_path / "imported.parquet").sha256()
