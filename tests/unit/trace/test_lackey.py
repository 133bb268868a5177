from __future__ import annotations

import gzip
import io
import lzma
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.imports import RECORDED
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.importers import lackey
from zswap_replay.trace.importers.lackey import LackeySummary, import_lackey
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import EVENT_NAMES, Event

OUTPUT = b"""==12== Lackey, an example Valgrind tool
==12==
I  04001000,3
 L 1ffeffe7e0,8
I  04001003,4
 S 1ffeffe7e8,8
I  04001007,12
 L 00005000,16
 M 00005ffc,8
I  04001010,1
==12== Exit code:       0
"""


def rows(path: Path) -> list[tuple[int, str, int]]:
    found = []
    for batch in open_trace(path, strict=True).batches():
        columns = zip(batch.time_ns.tolist(), batch.event.tolist(), batch.page.tolist(), strict=True)
        found += [(time_ns, EVENT_NAMES[event], page) for time_ns, event, page in columns]
    return [row for row in found if row[1] != "memcg_create"]


def imported(tmp_path: Path, data: bytes, **options: Any) -> tuple[LackeySummary, list[tuple[int, str, int]]]:
    path = tmp_path / "t.parquet"
    summary = import_lackey(io.BytesIO(data), path, overwrite=True, **options)
    return summary, rows(path)


def test_runs_splits_and_clock(tmp_path: Path) -> None:
    summary, found = imported(tmp_path, OUTPUT, memcg="/p/q", ns_per_instruction=10)
    # The load and the store of the stack are one run; the modify lies on two pages.
    assert [(10, "write", 0x1FFEFFE), (30, "write", 5), (30, "write", 6)] == found
    assert (
        LackeySummary(
            lines=11,
            messages=3,
            instructions=4,
            accesses=4,
            splits=1,
            folded=2,
            events=3,
            pages=3,
            time_ns=30,
        )
        == summary
    )
    assert ["/", "/p", "/p/q"] == all_paths(tmp_path / "t.parquet")


def all_paths(path: Path) -> list[str]:
    reader = open_trace(path)
    reader.sha256()
    return reader.paths


def test_instructions_are_reads_of_their_pages(tmp_path: Path) -> None:
    _, found = imported(tmp_path, b"I  04001000,3\nI  04001ffe,4\n S 04002000,1\n", instructions=True)
    assert [(1, "read", 0x4001), (2, "write", 0x4002)] == found


@pytest.mark.parametrize("block_bytes", [1, 7, 16, 100])
@pytest.mark.parametrize("window", [1, 2])
def test_blocks_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int, window: int
) -> None:
    data = OUTPUT * 3
    expected = imported(tmp_path, data, window=window)
    monkeypatch.setattr(lackey, "_BLOCK_BYTES", block_bytes)
    assert expected == imported(tmp_path, data, window=window)


def accesses(text: str) -> bytes:
    """A line per letter pair: L or S and the page."""
    return "".join(f"I  1000,1\n {item[0]} {int(item[1:]) << 12:08x},4\n" for item in text.split()).encode()


def test_window_hides_what_a_tlb_would(tmp_path: Path) -> None:
    _, found = imported(tmp_path, accesses("L1 L2 L1 S2 S2 L3 L2 L1"), window=2)
    # 1 and 2 come in; 2 is written for the first time; 3 pushes 1 out; 2 is still in; 1 comes back.
    assert [(1, "read", 1), (2, "read", 2), (4, "write", 2), (6, "read", 3), (8, "read", 1)] == found


def test_written_page_that_left_the_window_is_written_again(tmp_path: Path) -> None:
    _, found = imported(tmp_path, accesses("S1 L2 L3 S1"), window=2)
    assert ["write", "read", "read", "write"] == [event for _, event, _ in found]


def test_max_events(tmp_path: Path) -> None:
    summary, found = imported(tmp_path, accesses("L1 L2 L3 L4"), max_events=3)
    assert [1, 2, 3] == [page for _, _, page in found]
    assert (3, 1) == (summary.events, summary.stopped)


def test_cut_off_last_line_is_dropped(tmp_path: Path) -> None:
    summary, found = imported(tmp_path, accesses("L1 L2") + b" S 0000")
    assert [1, 2] == [page for _, _, page in found]
    assert 1 == summary.cut_off


def test_gzip_and_path(tmp_path: Path) -> None:
    packed = tmp_path / "log.gz"
    packed.write_bytes(gzip.compress(OUTPUT))
    import_lackey(packed, tmp_path / "t.parquet")
    assert rows(tmp_path / "t.parquet") == imported(tmp_path, OUTPUT)[1]


@pytest.mark.parametrize(
    "line", ["hello", " L 12", " L ,4", " L xyz,4", " L 1000,", " L 1000,0", " L 1000,x", " X 10,4", "==", ""]
)
def test_other_lines_are_errors(tmp_path: Path, line: str) -> None:
    with pytest.raises(TraceError, match=r"^input: line 5: found .*; expected a row of lackey"):
        imported(tmp_path, accesses("L1 L2") + line.encode() + b"\n")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("data", [b"", b"==1== nothing\n", b"I  04001000,3\n"])
def test_no_access_is_an_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(TraceError, match="found no access in"):
        imported(tmp_path, data)
    assert [] == list(tmp_path.iterdir())


def test_broken_gzip_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be read on"):
        imported(tmp_path, gzip.compress(OUTPUT)[:-20])


def test_superblocks_and_lines_of_another_system(tmp_path: Path) -> None:
    plain = accesses("L1 S2 L3")
    summary, found = imported(tmp_path, b"SB 04000a60\n" + plain.replace(b"\n", b"\r\n"))
    assert imported(tmp_path, plain)[1] == found
    assert (1, 0) == (summary.superblocks, summary.messages)
    assert imported(tmp_path, plain[:-1])[1] == found


def memcgs(path: Path) -> list[tuple[str, int]]:
    """The memcg and page of each access."""
    reader = open_trace(path, strict=True)
    return [
        (reader.paths[memcg], page)
        for batch in reader.batches()
        for memcg, page, event in zip(
            batch.memcg.tolist(), batch.page.tolist(), batch.event.tolist(), strict=True
        )
        if event <= Event.WRITE
    ]


def header(pid: int, command: str) -> bytes:
    return f"=={pid}== Lackey, an example Valgrind tool\n=={pid}== Command: {command}\n".encode()


CHILDREN = (
    header(7, "/bin/sh x.sh")
    + accesses("L1 S2")
    + header(8, "/bin/true")
    + accesses("L1 L2")
    + b"==8== Exit code:       0\n"
    + accesses("L2")
    + header(9, "sh y.sh")
    + accesses("L2")
    + header(9, "/usr/bin/env a")  # it has become another program
    + accesses("L2")
    + b"==9== Exit code:       0\n==7== Exit code:       0\n"
)


@pytest.mark.parametrize("block_bytes", [16, 1 << 20])
def test_processes_are_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    monkeypatch.setattr(lackey, "_BLOCK_BYTES", block_bytes)
    summary, _ = imported(tmp_path, CHILDREN)
    assert (4, 0) == (summary.processes, summary.forks)
    assert [
        ("/sh", 1),
        ("/sh", 2),
        ("/true", 1),
        ("/true", 2),
        ("/sh", 2),
        ("/sh-9", 2),
        ("/env", 2),
    ] == memcgs(tmp_path / "t.parquet")
    imported(tmp_path, CHILDREN, memcg="/all")
    found = memcgs(tmp_path / "t.parquet")
    assert {"/all"} == {memcg for memcg, _ in found}
    assert [1, 2, 1, 2, 2, 2, 2] == [page % (1 << 52) for _, page in found]
    assert [0, 0, 1, 1, 0, 2, 3] == [page >> 52 for _, page in found]


def test_of_nested_processes_the_last_that_runs_has_the_rows(tmp_path: Path) -> None:
    ends = [f"=={pid}== Exit code: 0\n".encode() for pid in (12, 10, 11)]
    begun = b"".join(header(pid, f"/bin/p{pid}") for pid in (9, 10, 11, 12))
    imported(tmp_path, begun + accesses("L1") + b"".join(end + accesses("L2") for end in ends))
    assert [("/p12", 1), ("/p11", 2), ("/p9", 2)] == memcgs(tmp_path / "t.parquet")


def test_the_messages_of_many_processes_are_no_more_work(tmp_path: Path) -> None:
    most = 400
    begun = [header(pid, "/bin/p") for pid in range(1, most + 1)]
    said = [f"=={pid}== so\n".encode() for pid in range(1, most + 1)] * 5

    def calls(lines: list[bytes]) -> int:
        """Count the functions and steps of generators that an import runs."""
        counted = Counter[str]()
        before = sys.getprofile()
        sys.setprofile(lambda _frame, event, _argument: counted.update([event]))
        try:
            imported(tmp_path, b"".join(lines) + accesses("L1"))
        finally:
            sys.setprofile(before)
        return counted["call"]

    assert calls(begun + said) < 4 * calls(begun[:1] + said[:1] * len(said))


def test_processes_without_a_header_are_told(tmp_path: Path) -> None:
    summary, _ = imported(
        tmp_path, header(7, "a") + accesses("L1") + b"==8== Exit code: 0\n" + accesses("L2")
    )
    assert 1 == summary.forks
    assert summary.warnings[0].startswith("1 processes were forked and run no program of their own")


def test_a_program_is_never_in_the_root(tmp_path: Path) -> None:
    log = tmp_path / "run of ls.log"
    log.write_bytes(accesses("L1"))
    import_lackey(log, tmp_path / "t.parquet")
    assert [("/run_of_ls", 1)] == memcgs(tmp_path / "t.parquet")
    imported(tmp_path, OUTPUT)
    assert "/program" == memcgs(tmp_path / "t.parquet")[0][0]
    imported(tmp_path, OUTPUT, memcg="/")
    assert "/" == memcgs(tmp_path / "t.parquet")[0][0]


def test_a_recorded_program(tmp_path: Path) -> None:
    summary = import_lackey(RECORDED / "tiny.lackey.xz", tmp_path / "t.parquet")
    (counted,) = re.findall(
        rb"guest instrs: +([0-9,]+)\n", lzma.decompress((RECORDED / "tiny.lackey.xz").read_bytes())
    )
    assert int(counted.replace(b",", b"")) == summary.instructions
    assert {"/tiny"} == {memcg for memcg, _ in memcgs(tmp_path / "t.parquet")}


def test_missing_input_and_bad_options(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="nowhere: cannot be opened: No such file"):
        import_lackey(tmp_path / "nowhere", tmp_path / "t.parquet")
    with pytest.raises(SettingsError, match="window is 0: expected 1 or more"):
        imported(tmp_path, OUTPUT, window=0)
    with pytest.raises(SettingsError, match=r"memcg 'a' is no path .not absolute"):
        imported(tmp_path, OUTPUT, memcg="a")
