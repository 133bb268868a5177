"""What all importers share: opened inputs, lines, order, memcgs, outputs."""

from __future__ import annotations

import bz2
import gzip
import inspect
import io
import lzma
import resource
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pytest
from backports import zstd

from tests.imports import imported, rows, short
from tests.paths import TRACES
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.importers import IMPORTERS, named, run
from zswap_replay.trace.importers.champsim import RECORD
from zswap_replay.trace.importing import distinct, lines, ordering
from zswap_replay.trace.importing.owners import path_of
from zswap_replay.trace.importing.source import opened, stem_of

LIST = b"0x1000\n0x2000\n0x3fff\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, zstd.compress, bz2.compress])
def test_packed_inputs_are_known_by_their_first_bytes(tmp_path: Path, pack: Any) -> None:
    for data in (pack(LIST), pack(LIST[:7]) + pack(LIST[7:])):
        assert [1, 2, 3] == [row[3] for row in imported("addresses", data, tmp_path)[1]]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstd.compress, bz2.compress])
def test_a_packed_input_that_is_cut_off_is_an_error(tmp_path: Path, pack: Any) -> None:
    with pytest.raises(TraceError, match="input: cannot be read on"):
        imported("addresses", pack(LIST * 1000)[:-9], tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LIST)))
    run("addresses", "-", tmp_path / "t.parquet")
    assert ["/program"] * 3 == [row[2] for row in rows(tmp_path / "t.parquet")]
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(TraceError, match="standard input is closed"):
        run("addresses", "-", tmp_path / "u.parquet")


def test_peeked_bytes_are_read_again() -> None:
    with opened(io.BytesIO(LIST)) as source:
        assert LIST[:5] == source.peek(5)
        assert LIST[:7] == source.peek(7)
        assert LIST[:2] == source.read(2)
        assert LIST[2:] == source.read(5) + source.read(100)
        assert b"" == source.peek(3)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("/x/wl.lackey.txt.xz", "wl.lackey"),
        ("a.csv", "a"),
        ("b", "b"),
        (".csv", ".csv"),
        ("run.12.log", "run.12"),
    ],
)
def test_the_name_of_a_file_without_its_endings(name: str, stem: str) -> None:
    assert stem == stem_of(name)


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_lines_are_whole_whatever_the_blocks(size: int) -> None:
    with opened(io.BytesIO(b"\xef\xbb\xbfa\r\nbb\n\nlast")) as source:
        found = [
            (block.first + at, line, block.unfinished)
            for block in lines.blocks(source, size)
            for at, line in enumerate(block.lines())
        ]
    if size > 2:  # the mark of three bytes is looked for in one block
        assert [(1, b"a", False), (2, b"bb", False), (3, b"", False), (4, b"last", True)] == found
    assert [False, False, False, True] == [unfinished for *_, unfinished in found]


def test_a_line_without_an_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_LONGEST_LINE", 10)
    with (
        opened(io.BytesIO(b"ok\n" + b"x" * 40)) as source,
        pytest.raises(TraceError, match="input: line 2: found"),
    ):
        list(lines.blocks(source, 8))


def test_late_rows_find_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "HELD_ROWS", 4)
    times = [1, 2, 5, 4, 3, 6, 8, 7, 9, 12, 11, 10, 13]
    text = "time_ns,page\n" + "".join(f"{time},{time}\n" for time in times)
    monkeypatch.setattr(lines, "BLOCK_BYTES", 12)
    found, put = imported("csv", text, tmp_path)
    assert list(range(1, 14)) == [row[0] for row in put] == [row[3] for row in put]
    assert ["rows that stood behind later ones, and were put in order: 5"] == found.notes
    with pytest.raises(
        TraceError, match=r"input: line 15: found the time 1 ns, where \d+ ns was 4 rows before"
    ):
        imported("csv", text + "1,1\n" + "14,14\n" * 9, tmp_path)


def test_equal_times_keep_their_order(tmp_path: Path) -> None:
    text = "time_ns,page\n" + "".join(f"{time},{page}\n" for page, time in enumerate([5, 5, 4, 5, 4]))
    assert [2, 4, 0, 1, 3] == [row[3] for row in imported("csv", text, tmp_path)[1]]


def test_outputs_and_memcgs_that_cannot_be(tmp_path: Path) -> None:
    source, output = tmp_path / "a.txt", tmp_path / "t.parquet"
    source.write_bytes(LIST)
    run("addresses", source, output)
    with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
        run("addresses", source, output)
    with pytest.raises(SettingsError, match="is an input of this command"):
        run("addresses", source, source, overwrite=True)
    with pytest.raises(SettingsError, match=r"memcg 'a' is no path .not absolute"):
        run("addresses", source, output, memcg="a", overwrite=True)
    with pytest.raises(TraceError, match="nowhere: cannot be opened: No such file"):
        run("addresses", tmp_path / "nowhere", output, overwrite=True)
    before = output.read_bytes()
    source.write_text("0x1000\nnothing\n")
    with pytest.raises(TraceError, match=r"a\.txt: line 2: found 'nothing'; expected a hexadecimal address"):
        run("addresses", source, output, overwrite=True)
    assert before == output.read_bytes()
    assert {source, output} == set(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "text", "rate"),
    [
        ("lackey", "I  1000,3\nI  1000,3\n S 1000,8\n", {"ns_per_instruction": 1 << 63}),
        (
            "champsim",
            (b"\0\0\x40" + bytes(61)) * 2,
            {"ns_per_instruction": 1 << 63, "instructions": True, "window": 0},
        ),
        ("addresses", "0x1000\n0x2000\n0x3000\n", {"step_ns": 1 << 63}),
        ("addresses", "0x1000\n0x2000\n", {"step_ns": 1 << 80}),
        ("csv", "page\n1\n2\n3\n", {"step_ns": 1 << 63}),
    ],
)
def test_a_clock_does_not_wrap(tmp_path: Path, name: str, text: str | bytes, rate: dict[str, int]) -> None:
    with pytest.raises(TraceError, match=r"steps of [0-9]+ ns; expected a time below 2.64 ns"):
        imported(name, text, tmp_path, **rate)


COMMON = ("output", "memcg", "origin", "overwrite", "progress")
TEXTS = [name for name in IMPORTERS if name not in ("capture", "lackey")]
OPTIONS: dict[str, dict[str, Any]] = {"damon": {"sample": 10**6, "aggr": 10**7}}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("data", [b"", b"\n", b"# nothing\n", b"hello, world\n", b"\x00\xff\x80" * 50])
def test_what_is_no_input_is_one_clear_error(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises((TraceError, SettingsError), match=r"^input: .*|no column") as raised:
        imported(name, data, tmp_path, **OPTIONS.get(name, {}))
    assert (
        "expected" in str(raised.value)
        or "name one with --column" in str(raised.value)
        or "name it" in str(raised.value)
    )
    assert "\n" not in str(raised.value)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "file", "options"),
    [
        ("csv", "accesses.csv", {"column": ["page=addr>>12", "time_ns=seconds*1000000000"]}),
        ("libcachesim-csv", "requests.csv", {}),
        ("addresses", "addresses.txt", {}),
        ("perf-script", "faults.txt", {}),
        ("perf-trace", "perf-trace.txt", {}),
        ("perf-mem", "perf-mem.txt", {}),
        ("damon", "damon.txt", {"sample": 20_000_000, "aggr": 400_000_000}),
        ("soft-dirty", "soft-dirty.txt", {}),
        ("idle-page", "idle-page.txt", {}),
        ("drmemtrace", "drmemtrace.txt", {}),
    ],
)
def test_a_text_of_other_programs_is_the_same_text(
    name: str, file: str, options: dict[str, Any], tmp_path: Path
) -> None:
    """With the mark and the line ends of Windows, and lines at its end that have nothing in them."""
    text = (TRACES / "imports" / file).read_bytes()
    run(name, TRACES / "imports" / file, tmp_path / "plain.parquet", memcg="/a", **options)
    source = tmp_path / "odd.txt"
    source.write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n") + b"\r\n\r\n")
    run(name, source, tmp_path / "odd.parquet", memcg="/a", **options)
    assert rows(tmp_path / "plain.parquet") == rows(tmp_path / "odd.parquet")


@pytest.mark.parametrize(
    "name", [name for name in IMPORTERS if name not in ("arrow", "parquet", "lcs", "damo")]
)
def test_one_line_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    """It may lack a newline: a last line is left out as cut off only where others were read before it."""
    (tmp_path / "a.txt").write_bytes(b"\1\2 what is this")
    with pytest.raises((TraceError, SettingsError), match=r"what is this|found (text|15 bytes)"):
        run(
            name,
            tmp_path / "a.txt",
            tmp_path / "t.parquet",
            **({"sample": 1, "aggr": 2} if name == "damon" else {}),
        )


def test_importers_have_other_names_in_any_letters() -> None:
    assert "oraclegeneral" == named("oracleGeneral") == named("ORACLE_GENERAL")
    assert "perf-script" == named("perf") == named("perf_script")
    assert named("nothing") is None
    every = [*IMPORTERS, *(alias for row in IMPORTERS.values() for alias in row.aliases)]
    assert len(every) == len(set(every))


def test_importers_of_the_same_options_take_the_same_arguments() -> None:
    """An option that several importers have is one argument, with one default, which is that of the command."""
    arguments: dict[tuple[str, object], set[str]] = {}
    for name, row in IMPORTERS.items():
        module, function = row.place(name)
        parameters = inspect.signature(getattr(import_module(module), function)).parameters
        defaults: dict[str, object] = {option.name: option.default for option in row.options}
        for argument in {*COMMON, *defaults} & set(parameters):
            default = defaults.get(argument)
            arguments.setdefault((argument, default), set()).add(str(parameters[argument]))
            assert default is None or default == parameters[argument].default
    assert {} == {argument: found for argument, found in arguments.items() if len(found) > 1}


@pytest.mark.parametrize(
    ("program", "path"),
    [
        ("ls", "/ls"),
        ("kworker/0:1-ev", "/kworker_0_1-ev"),
        ("Web Content", "/Web_Content"),
        ("..", "/program"),
        ("/", "/program"),
    ],
)
def test_paths_of_programs(program: str, path: str) -> None:
    assert path == path_of(program)


def test_distinct_pages_are_counted_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = distinct.DistinctPages()
    for memcg in (0, 1, 0):
        counted.add(np.full(3, memcg, np.int32), np.array([1, 2, 1], np.uint64))
    assert 4 == counted.number
    monkeypatch.setattr(distinct, "MOST_PAGES", 5)
    counted.add(np.zeros(2, np.int32), np.array([8, 9], np.uint64))
    assert counted.number is None


class Endless:
    """A binary stream that gives one piece of bytes again and again."""

    def __init__(self, piece: bytes, times: int) -> None:
        self._piece, self._left = piece, times

    def read(self, size: int = -1) -> bytes:
        if not self._left:
            return b""
        if size < len(self._piece):  # the first bytes are looked at
            head, self._piece = self._piece[:size], self._piece[size:]
            return head
        self._left -= 1
        return self._piece


def test_an_input_larger_than_memory(tmp_path: Path) -> None:
    """With 128 MB more address space than the process has, 250 MB of records are read."""
    records = np.zeros(1 << 16, RECORD)
    records["ip"] = 0x400000
    records["source_memory"][:, 0] = np.arange(len(records)) // 4096 * 4096
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + (128 << 20), hard))
    try:
        stream = cast("BinaryIO", Endless(records.tobytes(), 64))
        found = run("champsim", stream, tmp_path / "t.parquet", window=64)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert found.figures["records"] * RECORD.itemsize > 250 << 20
    assert 15 == found.figures["pages"]
    assert short(rows(tmp_path / "t.parquet"))[0][1:] == ("read", 1)
