from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from zswap_replay.cli.trace import trace
from zswap_replay.errors import SettingsError
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace


def call(*arguments: object, stdin: bytes | None = None) -> Result:
    """Runs a command; errors of ours are left for the caller, as the program's own entry point takes them."""
    return CliRunner().invoke(trace, [str(each) for each in arguments], input=stdin, catch_exceptions=False)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.parquet"
    builder = TraceBuilder().memcg_create("/a").write("/a", 1, count=3).read("/a", 2).snapshot("mid")
    builder.save(path, TraceMetadata(totalram_pages=99, origin="by hand"))
    return path


INFO = """\
page_size       4096
totalram_pages  99
origin          by hand
schema          1
files           1
rows            4, 1,333 a second
time            0 to 3,000,000 ns
span            3 ms
accesses        4, 1,333 a second
writes          3 (75.0%), reads 1 (25.0%)
distinct pages  3
snapshots       1
sha256          DIGEST
xxh3            FAST
  read                       1
  write                      1
  snapshot                   1
  memcg_create               1

  memcg  page events  reads  writes  distinct pages      peak  limits
  /a               2      1       3               3  12.0 KiB

working set, in windows of 200 µs
  from      reads  writes  pages  new pages      size
  0 ns          0       0      0          0       0 B
  200 µs        0       0      0          0       0 B
  400 µs        0       0      0          0       0 B
  600 µs        0       0      0          0       0 B
  800 µs        0       0      0          0       0 B
  1 ms          0       3      3          3  12.0 KiB  ########################################
  1.2 ms        0       0      0          0       0 B
  1.4 ms        0       0      0          0       0 B
  1.6 ms        0       0      0          0       0 B
  1.8 ms        0       0      0          0       0 B
  2 ms          1       0      1          0   4.0 KiB  #############
  2.2 ms        0       0      0          0       0 B
  2.4 ms        0       0      0          0       0 B
  2.6 ms        0       0      0          0       0 B
  2.8 ms        0       0      0          0       0 B
  3 ms          0       0      0          0       0 B

reuse distances (other pages touched since the last access of a page)
  distance      accesses  share
  1                    1  25.0%  #############
  first access         3  75.0%  ########################################

miss ratio of an LRU cache (first accesses miss)
  size        pages  miss ratio
  4.0 KiB         1     100.00%  ########################################
  8.0 KiB         2      75.00%  ##############################

time_ns\tevent\tmemcg\tpage\tcount\tnode\tcontent\tkey\tvalue
0\tmemcg_create\t/a\t-\t-\t-\t-\t-\t-
"""


def test_info(small: Path) -> None:
    trace = open_trace(small)
    expected = INFO.replace("DIGEST", trace.sha256()).replace("FAST", trace.xxh3())
    assert expected == call("info", "--rows", 1, small).output


def test_info_as_json(small: Path) -> None:
    found = json.loads(call("info", "--json", small).output)
    assert {
        "trace",
        "schema",
        "events",
        "time",
        "pages",
        "memcgs",
        "working_set",
        "reuse_distances",
    } <= found.keys()
    assert {"read": 1, "write": 1, "snapshot": 1, "memcg_create": 1} == found["events"]
    assert (1, 3, 3, 99) == (
        found["reads"],
        found["writes"],
        found["pages"],
        found["metadata"]["totalram_pages"],
    )
    assert [{"from": 1, "to": 1, "accesses": 1}] == found["reuse_distances"]["distances"]
    assert {"pages": 2, "bytes": 8192, "miss_ratio": 0.75} == found["miss_ratio_curve"][-1]
    assert 3 == sum(window["new_pages"] for window in found["working_set"]["windows"])


def test_info_draws_memcgs_as_a_tree_with_limits(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    rows = (
        TraceBuilder()
        .memcg_create("/a")
        .memcg_set("/a", "memory.max", "1G")
        .memcg_set("/a", "memory.max", "8M")
    )
    rows.write("/a/b/c", 0, count=4).write("/a", 0).memcg_set("/a/b", "memory.high", "max").save(path)
    table = call("info", path).output.split("\n\n")[1].splitlines()
    assert ["memcg", "/a", "b", "c"] == [line.split()[0] for line in table]
    assert ["  memcg", "  /a", "    b", "      c"] == [
        line[: len(line) - len(line.lstrip()) + 1].rstrip() + line.split()[0][1:] for line in table
    ]
    assert table[1].endswith("20.0 KiB  memory.max 8.0 MiB (last of 2)")
    assert table[2].endswith("16.0 KiB  memory.high max")


def test_head_and_cat(small: Path) -> None:
    lines = call("cat", small).output.splitlines()
    assert 5 == len(lines)
    assert lines[:3] == call("head", "-n", 2, small).output.splitlines()
    assert "2000000\tread\t/a\t2\t1\t0\t-\t-\t-" == lines[3]


def test_validate(small: Path, tmp_path: Path) -> None:
    digest = open_trace(small).sha256()
    assert (
        f"{small}: good; 4 rows, 2 page events, sha256 {digest}\n"
        == call("validate", "--strict", small).stdout
    )
    bad = tmp_path / "bad.parquet"
    TraceBuilder().read("/a", 1, count=0).save(bad)
    result = call("validate", bad)
    told = f"{bad}: row group 0, row 0, column count: found 0; expected at least one page"
    assert (2, "", f"zswap-replay: {told}\n") == (result.exit_code, result.stdout, result.stderr)


def test_validate_names_all_problems(tmp_path: Path) -> None:
    bad = tmp_path / "bad.parquet"
    rows = TraceBuilder().read("/a", 1).row(event="look", memcg="a").row(event="read", memcg="a")
    rows.memcg_offline("/b").at(5).read("/a", 2)
    rows.memcg_set("/a", "memory.max", "much").read("/a", 3).row(event="read", memcg="/a").memcg_create("/a")
    rows.save(bad, row_group_rows=3)
    result = call("validate", bad)
    lines = result.stderr.splitlines()
    assert (2, "", f"zswap-replay: {bad}: 8 problems") == (result.exit_code, result.stdout, lines[-1])
    assert [
        "row group 0, row 1, column event",
        "row group 0, row 2, column memcg",
        "row group 0, row 2, column page",
        "row group 1, row 3, column memcg",
        "row group 1, row 4, column time_ns",
        "row group 1, row 5, column value",
        "row group 2, row 7, column page",
        "row group 2, row 8, column memcg",
    ] == [line.split(": ")[2] for line in lines[:-1]]
    some = call("validate", "--limit", 2, bad).stderr.splitlines()
    assert [*lines[:2], f"zswap-replay: {bad}: 2 problems shown; there are more (--limit)"] == some
    found = json.loads(call("validate", "--json", "--limit", 8, bad).stdout)
    assert (False, 8, False, 9) == (found["good"], len(found["problems"]), found["cut_off"], found["rows"])
    assert {"file", "row_group", "row", "column", "found", "expected"} == found["problems"][0].keys()


def test_validate_names_all_columns_that_do_not_fit(tmp_path: Path) -> None:
    bad = tmp_path / "bad.parquet"
    pq.write_table(pa.table({"pages": [1], "event": [7], "memcg": ["/a"]}), bad)
    result = call("validate", bad)
    lines = [line.removeprefix(f"zswap-replay: {bad}: ") for line in result.stderr.splitlines()]
    assert 2 == result.exit_code
    assert ["column pages", "column event", "column time_ns", "3 problems"] == [
        line.partition(":")[0] for line in lines
    ]
    assert "column time_ns: found no such column; expected uint64" == lines[2]


def test_validate_goes_on_to_what_cannot_be_read(tmp_path: Path) -> None:
    bad = tmp_path / "bad.parquet"
    TraceBuilder().read("/a", 1, count=0).read("/a", 2).save(bad)
    data = bytearray(bad.read_bytes())
    data[4:40] = bytes(36)
    bad.write_bytes(data)
    result = call("validate", bad)
    assert (2, 1) == (result.exit_code, len(result.stderr.splitlines()))
    assert "row group 0: damaged data" in result.stderr


def test_a_trace_without_a_page_event_warns(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    TraceBuilder().snapshot("end").save(path)
    for command in ("validate", "info"):
        result = call(command, path)
        assert 0 == result.exit_code
        assert (
            f"zswap-replay: warning: {path} holds no page event; a replay of it stores nothing\n"
            == result.stderr
        )


def test_import_lackey_from_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    log = b"==1== Lackey\nI  1000,4\n L 2000,8\n S 2ffc,8\n S 30"
    result = call("import", "lackey", "-", "-o", path, "--memcg", "/ls", "--origin", "ls", stdin=log)
    assert (
        "zswap-replay: warning: the input ends in the middle of a line, which was dropped\n" == result.stderr
    )
    assert {"lines": "4", "messages": "1", "splits": "1", "events": "2", "pages": "2"} == {
        name: count
        for name, count in (line.split() for line in result.stdout.splitlines())
        if name in ("lines", "messages", "splits", "events", "pages")
    }
    assert "ls (valgrind lackey, 1 ns per instruction, window 1)" == open_trace(path).metadata.origin


def test_import_without_a_clock_warns(tmp_path: Path) -> None:
    result = call("import", "lackey", "-", "-o", tmp_path / "t.parquet", stdin=b" L 2000,8\n")
    assert "zswap-replay: warning: no instruction rows, so that all events have time 0\n" == result.stderr


def test_import_and_export_by_any_name_of_the_format(small: Path, tmp_path: Path) -> None:
    csv, again = tmp_path / "small.csv", tmp_path / "again.parquet"
    assert f"4 rows, 1 memcgs: {csv}\n" in call("export", "csv", small, "-o", csv).output
    lines = call("import", "CSV", csv, "-o", again).stdout.splitlines()
    assert ["lines", "5"] == lines[0].split()
    assert open_trace(small).sha256() == open_trace(again).sha256()
    with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
        call("export", "csv", small, "-o", csv)


def test_merge(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    result = call("merge", f"{small}=/one", f"{small}=/two/x", "-o", out)
    assert f"11 rows, 6 memcgs: {out}\n" == result.output
    reader = open_trace(out, strict=True)
    reader.sha256()
    assert {"/", "/one", "/one/a", "/two", "/two/x", "/two/x/a"} == set(reader.paths)


def test_merge_moves_contents(tmp_path: Path) -> None:
    path, out = tmp_path / "t.parquet", tmp_path / "out.parquet"
    TraceBuilder().write("/", 1, content=7).save(path)
    call("merge", f"{path}=/a", f"{path}=/b+100", "-o", out)
    (batch,) = open_trace(out).batches()
    assert [7, 107] == batch.content[batch.has_content == 1].tolist()


def test_generate_and_force(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    arguments = ("generate", "scan", "--pages", 10, "--events", 100, "-o", path)
    assert f"101 rows: {path}\n" == call(*arguments).output
    before = open_trace(path).sha256()
    with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
        call(*arguments, "--seed", 5)
    assert before == open_trace(path).sha256()
    call(*arguments, "--seed", 5, "-f")
    assert before != open_trace(path).sha256()


@pytest.mark.parametrize(
    "command", ["import lackey", "merge", "generate", "info", "validate", "cat", "head"], ids=str
)
def test_every_help_has_an_example(command: str) -> None:
    # On a line of its own, not wrapped into the text.
    lines = [line.strip(" |") for line in call(*command.split(), "--help").output.splitlines()]
    assert any(line.startswith(f"zswap-replay trace {command}") for line in lines)


def test_generate_of_a_workload(tmp_path: Path) -> None:
    out = tmp_path / "t.parquet"
    printed = call("generate", "--preset", "web-cache", "--print").output
    (tmp_path / "w.toml").write_text(printed)
    for what in (("--preset", "web-cache"), (tmp_path / "w.toml",)):
        result = call("generate", *what, "--events", 100, "--seed", 5, "-o", out, "-f")
        assert f"103 rows: {out}\n" == result.output
    for arguments, expected in (
        ((), "found none of what to make; expected one of zipf, "),
        (("zipf", "--preset", "web-cache", "-o", out), "found two of what to make"),
        (("zipf",), "Missing option '-o'"),
        (("--print", "zipf"), "--print: expected --preset NAME beside it"),
        (("--preset", "web-cache", "--skew", 2, "-o", out), "--skew: a workload says this in its file"),
        (
            ("zipf", "--hot-share", 0.2, "-o", out),
            "--hot-share: an option of the pattern hot-scan and hot-cold, not of zipf",
        ),
        (("--preset", "web-cache", "--seed", -1, "-o", out, "-f"), "-1: expected 0 to 2^64 - 1"),
    ):
        result = call("generate", *arguments)
        assert 2 == result.exit_code
        assert expected in result.stderr
    with pytest.raises(SettingsError, match="is an input of this command"):
        call("generate", tmp_path / "w.toml", "-o", tmp_path / "w.toml", "-f")


def test_sample(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    result = call("sample", small, "--rate", "100%", "-o", out)
    assert f"4 rows of 4: {out}\n" == result.output
    with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
        call("sample", small, "--rate", "1/2", "-o", out)
    assert 0 == call("sample", small, "--rate", "1/2", "-o", out, "-f").exit_code
    assert "1/2" == str(open_trace(out).metadata.sample_rate)
    result = call("sample", small, "--rate", "7", "-o", out, "-f")
    assert 2 == result.exit_code
    assert "'7' is no share of pages: expected one above 0 and at most 1" in result.stderr


def test_cut(tmp_path: Path) -> None:
    trace, out = tmp_path / "t.parquet", tmp_path / "out.parquet"
    builder = (
        TraceBuilder().memcg_create("/a").write("/a", 1, count=3).pageout("/a", 1, count=2).read("/a", 2)
    )
    builder.save(trace)
    result = call("cut", trace, "--to", "2ms", "-o", out)
    assert f"2 rows: {out}\n" == result.output
    with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
        call("cut", trace, "--from", "3ms", "-o", out)
    for place in (
        ("--from", "3ms"),
        ("--from", "3000000", "--events", 9),
        ("--events", "3.."),
        ("--events", "3:4"),
    ):
        result = call("cut", trace, *place, "-c", "lz4", "--set", "/a:memory.max=1M", "-o", out, "-f")
        assert f"1 rows after a prologue of 6, for 3 pages: {out}\n" == result.output, result.stderr
    assert 6 == open_trace(out).metadata.prologue_rows
    for arguments, expected in (
        ((), "found no place to cut at; expected --from, --to or --events"),
        (("--events", "a..b"), "'a..b': expected rows such as 1000..2000"),
        (("--events", ".."), "'..': expected rows such as"),
        (("--events", "1..2", "--to", "1s"), "--events A..B and --from or --to: give one"),
    ):
        result = call("cut", trace, *arguments, "-o", out, "-f")
        assert 2 == result.exit_code
        assert expected in result.stderr
    with pytest.raises(SettingsError, match="'soon' is no time: expected nanoseconds"):
        call("cut", trace, "--from", "soon", "-o", out, "-f")
    with pytest.raises(SettingsError, match="found no row between the two places"):
        call("cut", trace, "--from", "9s", "-o", out, "-f")


def test_what_writes_a_trace_shows_how_far_it_is_and_overwrites_when_told(
    small: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    for words in (
        ("annotate", small, "-c", "lz4"),
        ("filter", small),
        ("merge", small),
        ("rewrite", small),
        ("shift", small, "--to", "1s"),
        ("sort", small),
    ):
        out.write_bytes(b"mine")
        with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
            call(*words, "-o", out)
        assert b"mine" == out.read_bytes()
        assert 0 == call(*words, "-o", out, "-f", "--progress").exit_code
        assert b"PAR1" == out.read_bytes()[:4]
        assert {small, out} == set(tmp_path.iterdir())
