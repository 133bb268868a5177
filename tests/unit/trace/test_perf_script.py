from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports import RECORDED, imported
from zswap_replay.errors import TraceError

LINES = """\
            wl   262/262      10.000001: page-faults:     7f0000001000 [unknown]     401d00 main
            wl   262/263      10.000002500: page-faults:     7f0000002000
     Web Content 300/300 [001] 10.0000035:  1 page-faults: 7f0000001008 x+0x0 (/bin/x) ffffffff81 y+0x1 ([kernel])
            wl   262/262      10.000004: minor-faults:     7f0000001fff
            wl   265/265      10.000005: major-faults:     7f0000001000
"""


def test_processes_have_memcgs_and_pages_of_their_own(tmp_path: Path) -> None:
    _, put = imported("perf-script", LINES, tmp_path)
    assert [
        (10_000_001_000, "read", "/wl", 0x7F0000001, 1),
        (10_000_002_500, "read", "/wl", 0x7F0000002, 1),
        (10_000_003_500, "read", "/Web_Content", 0x7F0000001, 1),
        (10_000_004_000, "read", "/wl", 0x7F0000001, 1),
        (10_000_005_000, "read", "/wl-265", 0x7F0000001, 1),
    ] == put
    apart = (1 << 52) + 0x7F0000001
    _, put = imported("perf-script", LINES, tmp_path, by="program", event="write")
    assert [("/wl", 0x7F0000001), ("/wl", apart)] == [row[2:4] for row in put[3:]]
    assert {"write"} == {row[1] for row in put}
    _, put = imported("perf-script", LINES, tmp_path, memcg="/all")
    assert {"/all"} == {row[2] for row in put}
    assert [0x7F0000001, 0x7F0000002, apart, 0x7F0000001, apart + (1 << 52)] == [row[3] for row in put]


def test_only_some_programs_and_processes(tmp_path: Path) -> None:
    found, put = imported("perf-script", LINES, tmp_path, comm=["wl"], pid=["265"])
    assert [("/wl", 10_000_005_000)] == [(row[2], row[0]) for row in put]
    assert 4 == found.figures["others' samples"]


def test_a_process_that_becomes_another_program(tmp_path: Path) -> None:
    text = "".join(
        f"{comm} 7/{tid} {at}.0: page-faults: 1000\n"
        for at, (comm, tid) in enumerate(
            [("helper", 8), ("sh", 7), ("helper", 8), ("exe", 7), ("helper", 8), ("exe", 7)]
        )
    )
    # its threads have names too, which are no programs
    assert ["/helper", "/helper", "/helper", "/exe", "/exe", "/exe"] == [
        row[2] for row in imported("perf-script", text, tmp_path)[1]
    ]


def test_error_codes_tell_writes(tmp_path: Path) -> None:
    text = (
        "wl   259 [000]    27.156159: exceptions:page_fault_user: address=0x401d00 ip=0x401d00 error_code=0x14\n"
        "wl   259 [000]    27.156814: exceptions:page_fault_user: address=0x4cba58 ip=0x402fe1 error_code=0x6\n"
    )
    assert [("read", 0x401), ("write", 0x4CB)] == [
        (row[1], row[3]) for row in imported("perf-script", text, tmp_path)[1]
    ]


def test_other_events_stacks_and_records_are_passed_over(tmp_path: Path) -> None:
    text = (
        "# header\n"
        "wl 0 [000] 0.0: PERF_RECORD_MMAP2 1/1: [0x400000(0x1000) @ 0 00:18 5 0]: r--p /bin/busybox\n"
        "wl 7/7 1.0: cpu-clock:\n\tffffffff81 foo+0x1 ([kernel.kallsyms])\n\n"
        "wl 7/7 2.0: page-faults: 1000\n\tffffffff81 foo+0x1 ([kernel.kallsyms])\n\n"
        "wl 7/7 3.0: PERF_RECORD_LOST lost 12\n"
    )
    found, put = imported("perf-script", text, tmp_path)
    assert 1 == len(put)
    assert ["perf lost 12 samples: they are missing in the trace"] == found.warnings
    assert (1, 2) == (found.figures["other events"], found.figures["other records"])


@pytest.mark.parametrize(
    "line",
    [
        "  perf   199 [000]    12.836740:      1 page-faults:  ffffffffbb17ec7b fault_in_readable+0x8b ([kernel])",
        "  perf   199 [000]    12.837548:          1 page-faults:      56486dcc543d [unknown] (/usr/bin/perf)",
        "  true  7901 24879.502542: page-faults:  ffffffff8175336a",
        "  wl  7901 24879.502542: major-faults:  56486dcc543d main",
    ],
)
def test_layouts_without_the_address_are_refused_by_name(tmp_path: Path, line: str) -> None:
    with pytest.raises(
        TraceError, match=r"line 2: found perf script's default layout, .*; expected perf script --ns -F comm"
    ):
        imported("perf-script", f"\n{line}\n", tmp_path)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("hello", "line 1: found 'hello'; expected a line of perf script"),
        ("wl 7/7 99999999999999999999.0: page-faults: 1000", "expected a line of perf script"),
        ("wl 7/7 1.0: page-faults:", "expected an address after the event"),
        ("wl 7 1.0: exceptions:page_fault_user: ip=0x4", "expected address=0x... and error_code"),
        ("wl 7/7 1.0: cpu-clock: 1000", "found no access in 1 lines; expected samples of page faults"),
    ],
)
def test_the_first_bad_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(TraceError, match=why):
        imported("perf-script", f"{line}\n", tmp_path)


@pytest.mark.parametrize("name", ["perf-script", "perf-mem"])
def test_what_perf_recorded_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        TraceError, match=r"found perf's own data; expected the text that perf .* prints of it"
    ):
        imported(name, b"PERFILE2" + bytes(200), tmp_path)


def test_faults_of_a_machine(tmp_path: Path) -> None:
    found, put = imported("perf-script", RECORDED / "faults.txt", tmp_path)
    assert (120, 120) == (found.figures["lines"], len(put))
    assert ["/perf", "/sleep", "/sh"] == list(dict.fromkeys(row[2] for row in put))[:3]
    assert (12_836_740_430, 0x7F63D25CB) == (put[0][0], put[0][3])
