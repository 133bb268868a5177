from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.rows import row_texts
from zswap_replay.cli.trace import trace as command
from zswap_replay.errors import SettingsError
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.filter import Selection, filter_trace
from zswap_replay.trace.memcg_table import MemcgTable
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.overview import overview
from zswap_replay.trace.page_ranges import PageRanges
from zswap_replay.trace.reader import open_trace


def kept(path: Path, **selection: Any) -> list[str]:
    """The rows that are kept, without their trailing nulls; a new reader finds them valid."""
    out = path.with_name(f"{path.name}+")
    summary = filter_trace(path, out, Selection.parse(**selection), overwrite=True)
    reader = open_trace(out)
    found = [" ".join(row) for row in row_texts(reader)]
    assert (summary.rows, summary.page_events) == (len(found), reader.page_events)
    assert open_trace(path).metadata == reader.metadata
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    path = tmp_path / "t"
    rows = (
        TraceBuilder(step_ns=10)
        .at(100)
        .memcg_set("/a", "memory.max", "1M")
        .write("/a/b", 4, count=8, content=100)
    )
    rows.read("/c/d", 5).param("max_pool_percent", 9).settle().memcg_reclaim("/a", "4096").read(
        "/a", 5, node=1
    )
    rows.worker("end").worker(3).memcg_offline("/a/b").read("/a/b", 6).memcg_create("/a/b").snapshot("x")
    rows.discard("/a/b", 0, count=20).memcg_offline("/c/d").memcg_offline("/c")
    rows.save(path, TraceMetadata(totalram_pages=7, nodes=2))
    return path


ALL = [
    "100 memcg_set /a - - - - memory.max 1048576",
    "110 write /a/b 4 8 0 100 - -",
    "120 read /c/d 5 1 0 - - -",
    "130 param - - - - - max_pool_percent 9",
    "140 settle - - - - - - -",
    "150 memcg_reclaim /a - - - - - 4096",
    "160 read /a 5 1 1 - - -",
    "170 worker - - - - - - end",
    "180 worker - - - - - - 3",
    "190 memcg_offline /a/b - - - - - -",
    "200 read /a/b 6 1 0 - - -",
    "210 memcg_create /a/b - - - - - -",
    "220 snapshot - - - - - x -",
    "230 discard /a/b 0 20 0 - - -",
    "240 memcg_offline /c/d - - - - - -",
    "250 memcg_offline /c - - - - - -",
]
MACHINE = [row for row in ALL if " - - - - " in row and "/" not in row]


def test_all_is_kept_where_nothing_is_asked_for(tree: Path) -> None:
    assert ALL == kept(tree)


def test_a_memcg_keeps_the_limits_above_it(tree: Path) -> None:
    assert [row for row in ALL if "/a" in row or row in MACHINE] == kept(tree, memcgs=["/a"])
    below = [row for row in ALL if "/a/b" in row or ("memcg" in row and "/a" in row) or row in MACHINE]
    assert below == kept(tree, memcgs=["/a/b"])
    assert [row for row in ALL if "/c" in row or row in MACHINE] == kept(tree, memcgs=["/c/d"])
    with pytest.raises(
        SettingsError, match="found no memcg /x; expected one that the trace names: /a, /a/b, /c"
    ):
        kept(tree, memcgs=["/a", "/x"])


def test_runs_are_cut_to_the_pages(tree: Path) -> None:
    pages = {
        "110 write /a/b 4 8 0 100 - -": ["110 write /a/b 6 1 0 102 - -", "110 write /a/b 10 2 0 106 - -"],
        "200 read /a/b 6 1 0 - - -": ["200 read /a/b 6 1 0 - - -"],
        "230 discard /a/b 0 20 0 - - -": ["230 discard /a/b 6 1 0 - - -", "230 discard /a/b 10 10 0 - - -"],
    }
    # /c/d is created where the page was that named it first
    pages["120 read /c/d 5 1 0 - - -"] = [f"120 memcg_create {path} - - - - - -" for path in ("/c", "/c/d")]
    expected = [row for each in ALL if "160 read" not in each for row in pages.get(each, [each])]
    assert expected == kept(tree, pages=["0xa-", "6"])


def test_before_the_time_its_state_stays(tree: Path) -> None:
    created = [f"120 memcg_create {path} - - - - - -" for path in ("/c", "/c/d")]
    early = [ALL[0], "110 memcg_create /a/b - - - - - -", *created, ALL[3], ALL[7]]
    assert [*early, *ALL[9:13]] == kept(tree, start="190", end="230")
    assert [*early, *ALL[9:13]] == kept(tree, start="+90", end="+130")
    assert ALL[:2] == kept(tree, end="120")
    assert [ALL[0], ALL[1].replace("write", "memcg_create").replace(" 4 8 0 100", " - - - -")] == [
        row for row in kept(tree, memcgs=["/a"], start="10s") if int(row.split()[0]) < 120
    ]


def test_kinds_of_events(tree: Path) -> None:
    assert [row for row in ALL if " read " in row or " write " in row] == kept(tree, events=["read", "write"])
    # none is removed, so none is created again
    assert [
        "110 memcg_create /a/b - - - - - -",
        "120 memcg_create /c - - - - - -",
        "120 memcg_create /c/d - - - - - -",
        "230 discard /a/b 0 20 0 - - -",
    ] == [row for row in kept(tree, events=["memcg_create", "discard"]) if "/a -" not in row]
    with pytest.raises(SettingsError, match="found memcg_offline without memcg_create; expected both"):
        kept(tree, events=["memcg_offline"])


def random_trace(seed: int, path: Path) -> None:
    """Rows that make a valid trace, most of them about the life of memcgs."""
    draw = random.Random(seed)
    rows = TraceBuilder(step_ns=10)
    memcgs = MemcgTable([])
    names = ["/a", "/a/b", "/a/b/c", "/d", "/d/e"]
    for _ in range(120):
        name = draw.choice(names)
        memcg = memcgs.intern(name)
        kind = draw.randrange(6)
        if kind == 0 and memcgs.create(memcg) is None:
            rows.memcg_create(name)
        elif kind == 1 and memcgs.remove(memcg) is None:
            rows.memcg_offline(name)
        elif kind > 1 and (not memcgs.is_unborn(memcg) or memcgs.create_by_use(memcg) is None):
            if kind == 2 and memcgs.is_live(memcg):
                rows.memcg_set(name, "memory.max", draw.randrange(1 << 30))
            else:
                rows.write(name, draw.randrange(50), count=draw.randrange(1, 9))
    rows.save(path)


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize("seed", range(25))
def test_what_is_kept_is_a_valid_trace(seed: int, tmp_path: Path) -> None:
    random_trace(seed, tmp_path / "t")
    reader = open_trace(tmp_path / "t")
    reader.sha256()
    names = reader.paths[1:]
    draw = random.Random(seed)
    selection: dict[str, Any] = {"memcgs": draw.sample(names, draw.randrange(2))}
    selection["start"] = draw.choice([None, "300", "900"])
    selection["end"] = draw.choice([None, "950"])
    selection["pages"] = draw.choice([[], ["10-20", "30-"]])
    kinds = draw.choice([[], ["write"], ["write", "memcg_create"], ["memcg_create", "memcg_offline"]])
    rows = kept(tmp_path / "t", **selection, events=kinds)
    if all(any(f" {name} " in row for row in rows) for name in selection["memcgs"]):
        assert rows == kept(tmp_path / "t+", **selection, events=kinds)  # there is no more to leave out


def test_a_prologue_stays_one(tmp_path: Path) -> None:
    rows = TraceBuilder().memcg_create("/a").write("/a", 1).write("/a", 2).write("/a", 3)
    rows.save(tmp_path / "cut", TraceMetadata(prologue_rows=3, sample_rate=Fraction(1, 10)))
    filter_trace(tmp_path / "cut", tmp_path / "part", Selection.parse(pages=["2-"]))
    found = open_trace(tmp_path / "part")
    assert (3, 2, Fraction(1, 10)) == (
        found.num_rows,
        found.metadata.prologue_rows,
        found.metadata.sample_rate,
    )
    filter_trace(tmp_path / "cut", tmp_path / "end", Selection.parse(pages=["3"], events=["write"]))
    assert open_trace(tmp_path / "end").metadata.prologue_rows is None
    assert "1/10" == overview("t", open_trace(tmp_path / "part")).as_json()["metadata"]["sample_rate"]


def test_ranges_of_pages() -> None:
    assert ((1, 6), (9, (1 << 64) - 1)) == PageRanges.parse(["3-0x6", "1", "2", "9-", "12"]).ranges
    for text in ("x", "-5", "5-4", "0x", f"{1 << 64}", "1-2-3"):
        with pytest.raises(SettingsError, match="pages: found"):
            PageRanges.parse([text])


def test_the_command(tree: Path, tmp_path: Path) -> None:
    def call(*words: object) -> Any:
        return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)

    out = tmp_path / "out.parquet"
    assert f"13 of 16 rows: {out}\n" == call("filter", tree, "--memcg", "/a", "--to", 240, "-o", out).output
    with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
        call("filter", tree, "-o", out)
    done = call("filter", tree, "-f", "--event", "settle", "-o", out)
    assert f"zswap-replay: warning: {out} holds no page event; a replay of it stores nothing\n" == done.stderr
    for words, told in (
        (("--memcg", "a"), "is no path"),
        (("--event", "look"), "event: found 'look'; expected one of"),
    ):
        with pytest.raises(SettingsError, match=told):
            call("filter", tree, "-f", *words, "-o", out)
