from __future__ import annotations

import gzip
import json
import lzma
import re
import tracemalloc
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests import captures
from tests.captures import LAYOUTS, MINI, Kernel, counters, trace_pipe
from zswap_replay.codec.lengths_file import read_lengths
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.capture import contents, record_spool
from zswap_replay.trace.capture import rows as rows_module
from zswap_replay.trace.capture import text as text_module
from zswap_replay.trace.capture.contents import Contents
from zswap_replay.trace.capture.imported import ImportedCapture, missing_text
from zswap_replay.trace.capture.record import Record
from zswap_replay.trace.capture.record_spool import RecordSpool
from zswap_replay.trace.capture.text import read_text
from zswap_replay.trace.importers.capture import import_capture, lengths_path
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import EVENT_NAMES, Event
from zswap_replay.trace.writer import TraceWriter

Row = tuple[str, str, int | str]
"""Event, memcg, and the page or what is written."""


def rows(path: Path) -> list[Row]:
    reader = open_trace(str(path))
    found: list[Row] = []
    for batch in reader.batches():
        controls = {control.row: control for control in batch.controls}
        for row, event in enumerate(batch.event.tolist()):
            memcg = reader.paths[batch.memcg[row]] if batch.memcg[row] >= 0 else ""
            what: int | str = int(batch.page[row])
            if event > Event.DISCARD:
                what = str(
                    controls[row].value if controls[row].value is not None else controls[row].key or ""
                )
            found.append((EVENT_NAMES[event], memcg, what))
    return found


def imported(tmp_path: Path, text: str, *saved: dict[str, object]) -> tuple[ImportedCapture, list[Row]]:
    """Import a text; return what is known of it, and its rows but for those that every import begins with."""
    path = captures.write(tmp_path, text, saved or None)
    output = tmp_path / "t.parquet"
    known = import_capture(path, output, overwrite=True)
    begun = [("seen_reads", "", "1"), ("param", "", "lz4"), ("param", "", "20")]
    return known, [row for row in rows(output) if row not in begun]


def lengths(tmp_path: Path) -> list[int]:
    table = read_lengths(tmp_path / "t.lengths.parquet").tables[""]
    return [int(length) for length in table.length]


def test_a_recorded_capture_becomes_a_trace_and_its_lengths(tmp_path: Path) -> None:
    output = tmp_path / "mini.parquet"
    known = import_capture(MINI, output)
    assert known.whole
    assert not known.notes
    assert [] == missing_text(known)
    assert lengths_path(output) == tmp_path / "mini.lengths.parquet"
    reader = open_trace(str(output), strict=True)
    assert 2 == reader.metadata.schema
    assert 217772 // 4 == reader.metadata.totalram_pages
    assert known.rows == reader.num_rows == sum(len(batch) for batch in reader.batches())
    assert 824 == known.contents == len(read_lengths(lengths_path(output)).tables[""].length)
    assert ["start", "web", "db", "db_gone", "back", "end"] == list(known.names)
    with pytest.raises(SettingsError, match="is there already"):
        import_capture(MINI, output)


def story() -> Kernel:
    kernel = Kernel()
    kernel.see("param", 'mod="zswap" name="max_pool_percent" value="20"')
    kernel.mkdir(28, "/w b")
    kernel.see("knob", 'cg=28 file="memory.zswap.max" value="1M"')
    kernel.see("knob", 'cg=28 file="memory.max" value="4M"')
    kernel.store(1, 1200)
    kernel.store(2, None)
    kernel.store(3, None, refused=-22)
    kernel.zero(4)
    kernel.read(1)
    kernel.free(2)
    kernel.rmdir(28, "/w b")
    return kernel


STORY: list[Row] = [
    ("memcg_create", "/w b", ""),
    ("memcg_set", "/w b", str(1 << 20)),
    *[(event, "/w b", page) for page in range(4) for event in ("write", "pageout")],
    ("read", "/w b", 0),
    ("discard", "/w b", 1),
    ("memcg_offline", "/w b", ""),
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_rows(layout: str, tmp_path: Path) -> None:
    known, found = imported(tmp_path, LAYOUTS[layout](story().events))
    assert STORY == found
    # taken, refused by a limit (its memcg's median), refused by the compressor, zero
    assert [1200, 1200, 0, 0] == lengths(tmp_path)
    assert 1 == known.unknown_lengths


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress])
def test_a_packed_text_is_unpacked(pack: object, tmp_path: Path) -> None:
    path = tmp_path / "c.txt.xz"
    path.write_bytes(pack(trace_pipe(story().events).encode()))  # type: ignore[operator]
    import_capture(path, tmp_path / "t.parquet")
    assert len(STORY) < len(rows(tmp_path / "t.parquet"))


def test_trace_cmds_raw_report_is_read() -> None:
    with RecordSpool() as records:
        text = read_text(captures.RECORDED / "raw-report.txt", records)
        assert {"param", "knob", "cgroup_mkdir", "store", "mark"} <= text.kinds
        assert "start" == next(each.texts["label"] for each in records if each.event == "mark")


def test_a_value_may_span_lines(tmp_path: Path) -> None:
    text = (
        trace_pipe(story().events)
        .replace('value="1M"', 'value="1M\n"')
        .replace('value="4M"', 'value="4\n\nM"')
    )
    assert STORY == imported(tmp_path, text)[1]
    with pytest.raises(TraceError, match=r"c\.txt: line 1: found .*the record is cut off"):
        imported(tmp_path, trace_pipe(story().events[:1]).replace('"20"', '"20'))


def test_lines_out_of_order_are_sorted_and_ties_keep_theirs(tmp_path: Path) -> None:
    events = story().events
    events[-1], events[-5] = events[-5], events[-1]
    known, found = imported(tmp_path, captures.bpftrace(events))
    assert STORY == found
    assert known.text.out_of_order > 0
    ties = [(10**9, *event[1:]) for event in story().events]
    assert STORY == imported(tmp_path, trace_pipe(ties))[1]


@pytest.mark.parametrize(
    ("line", "events"),
    [
        ("CPU:0 [LOST 4539 EVENTS]", 4539),
        ("Lost 113 events", 113),
        ("CPU:1 [12 EVENTS DROPPED]", 12),
        ("# entries-in-buffer/entries-written: 147/4686   #P:1", 4539),
    ],
)
def test_lost_events_are_said(line: str, events: int, tmp_path: Path) -> None:
    known, _ = imported(tmp_path, f"{line}\n{trace_pipe(story().events)}")
    assert not known.whole
    assert f"{events:,} events were lost" in missing_text(known)[0]


def test_events_that_were_dropped_without_a_word_are_found_by_the_counters(tmp_path: Path) -> None:
    text = trace_pipe(story().events)
    whole, _ = imported(tmp_path, text, counters("a"), counters("b", zswpout=1, zswpin=1, pswpout=2))
    assert whole.whole
    short, _ = imported(
        tmp_path, text, counters("a", zswpout=5), counters("b", zswpout=9, zswpin=1, pswpout=2)
    )
    assert not short.whole
    assert ["zswpout: the kernel counted 4, 1 were captured: 3 of 4 are missing"] == missing_text(short)


def test_ring_buffers_that_ran_over_are_said(tmp_path: Path) -> None:
    (tmp_path / "c.buffer-stats.txt").write_text("entries: 0\noverrun: 3\noverrun: 4\n", encoding="utf-8")
    known, _ = imported(tmp_path, trace_pipe(story().events))
    assert "7 events were lost, as the ring buffers say" in missing_text(known)[0]


def test_a_page_is_known_by_its_slot_and_by_its_place(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.mkdir(28, "/w")
    kernel.store(1, place=70)
    kernel.read(1)
    kernel.store(2, place=70)  # back in another slot: the same page
    kernel.store(3, place=70)  # at the place of one that is out: another page
    kernel.read(2)
    kernel.read(2)  # clean, and dropped unseen
    kernel.store(3)  # its page was freed unseen
    kernel.read(3)
    kernel.free(3)  # the page lives on without a slot
    kernel.free(9)
    known, found = imported(tmp_path, trace_pipe(kernel.events))
    assert [(event, page) for event, _, page in found[1:]] == [
        ("write", 0),
        ("pageout", 0),
        ("read", 0),
        ("write", 0),
        ("pageout", 0),
        ("write", 1),
        ("pageout", 1),
        ("read", 0),
        ("pageout", 0),
        ("read", 0),
        ("discard", 1),
        ("write", 2),
        ("pageout", 2),
        ("read", 2),
    ]
    assert {1} == set(known.notes.values())


def test_a_path_that_is_made_again_while_old_pages_live_gets_another_name(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.mkdir(28, "/w")
    kernel.store(1)
    kernel.rmdir(28, "/w")
    kernel.mkdir(66, "/w")
    kernel.mkdir(67, "/w/x")
    kernel.store(2, cg=67)
    kernel.read(1, cg=1)
    kernel.mark("m")
    known, found = imported(tmp_path, trace_pipe(kernel.events))
    assert ("memcg_create", "/w.2", "") in found
    assert ("write", "/w.2/x", 0) in found
    assert ("read", "/w", 0) in found
    assert {"/": "/", "/w": "/w.2", "/w/x": "/w.2/x"} == known.names["m"]


def test_a_large_folio_goes_past_zswap(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.mkdir(28, "/w")
    kernel.store(512, None, flags=0x49, order=2)
    kernel.store(1, None, flags=0x9, order=40)  # an order without the flag means nothing
    _, found = imported(tmp_path, trace_pipe(kernel.events), counters("a"), counters("b", pswpout=5))
    assert ["param", *["write", "pageout"] * 4, "param", "write", "pageout"] == [row[0] for row in found[1:]]
    assert "0" == found[1][2]


def test_a_node_is_read_from_the_flags(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.store(1, flags=(1 << 54) | 9)
    imported(tmp_path, trace_pipe(kernel.events))
    reader = open_trace(str(tmp_path / "t.parquet"))
    assert 2 == reader.metadata.nodes
    assert 1 == max(int(batch.node.max()) for batch in reader.batches())


def test_the_worker_takes_a_turn_where_its_entry_is_freed(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.mkdir(28, "/w")
    kernel.store(1)
    kernel.store(5)
    kernel.see("worker_in", "", 9)
    kernel.see("shrink", "cg=1 ret=-2", 9)
    kernel.see("look", "swp=0x1 len=1000 ref=1", 9)
    kernel.see("shrink", "cg=28 ret=-11", 9)
    kernel.see("look", "swp=0x1 len=1000 ref=0", 9)
    kernel.store(2, None, task=9)  # made by the worker itself, and written to the device
    kernel.see("look", "swp=0x5 len=1000 ref=1", 9)
    kernel.see("shrink", "cg=28 ret=-11", 9)  # within the writeback: no turn
    kernel.store(3, task=9)
    kernel.see("decomp", "len=1000", 9)
    kernel.see("disk", "swp=0x1", 9)
    kernel.store(4)
    kernel.see("wb", "swp=0x1 ret=0", 9)
    kernel.see("shrink", "cg=28 ret=0", 9)
    kernel.see("worker_out", "", 9)
    known, found = imported(tmp_path, trace_pipe(kernel.events))
    told = [str(what) if event == "worker" else event for event, _, what in found if event != "write"]
    assert [
        "end",
        "memcg_create",
        "pageout",
        "pageout",
        "begin",
        "2",
        "pageout",
        "pageout",
        "1",
        "pageout",
        "end",
    ] == told
    assert 1 == known.worker_runs


def test_labels_are_put_where_the_uptime_says(tmp_path: Path) -> None:
    events = story().events
    between = (events[-1][0] + events[-2][0]) / 2e9
    text = captures.bpftrace(events)
    saved = [counters("before"), counters("then"), counters("after", zswpout=1, zswpin=1, pswpout=2)]
    for each, uptime in zip(saved, (0.5, between, 99.0), strict=True):
        each["uptime"] = uptime
    _, found = imported(tmp_path, text, *saved)
    assert [("snapshot", "", "before"), *STORY[:-1], ("snapshot", "", "then"), STORY[-1]] == found[:-1]
    assert ("snapshot", "", "after") == found[-1]


def test_a_start_in_the_middle_gets_its_prologue(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.mkdir(28, "/w")
    kernel.see("knob", 'cg=28 file="memory.zswap.max" value="1K"')
    kernel.mark("now")
    kernel.read(1, length=800)
    kernel.read(2, length=None)
    kernel.see("rpage", "swp=0x3 cg=28")
    kernel.free(4)
    start = counters("now", stored_pages=3)
    start["memcg"] = {
        "/": {"zswap": 3000, "zswapped": 3 * 4096},
        "/w": {"zswap": 3000, "zswapped": 3 * 4096},
    }
    known, found = imported(tmp_path, trace_pipe(kernel.events), start, counters("end"))
    # in zswap, on the device, zero; then the slot that is only freed, and one that is never touched
    assert 5 == known.prologue_pages
    assert sorted(lengths(tmp_path)) == [0, 0, 800, 1100, 1100]
    place = found.index(("snapshot", "", "now"))
    assert [("memcg_set", "/w", "1024")] == found[place - 1 : place]
    assert 10 == sum(event in ("write", "pageout") for event, _, _ in found[:place])
    assert [event for event, _, _ in found[place + 1 :]] == ["read", "read", "read", "discard"]


def test_what_the_pool_held_from_before_and_is_no_memcg_s_is_the_root_s(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.mkdir(28, "/w")
    kernel.mark("now")
    kernel.store(1)
    start = counters("now")
    start["zswap"] = {"stored_pages": 3, "pool_total_size": 8192}
    start["memcg"] = {"/": {"zswap": 0, "zswapped": 0}, "/w": {"zswap": 3000, "zswapped": 4096}}
    known, found = imported(tmp_path, trace_pipe(kernel.events), start, counters("end"))
    assert (3, 2) == (known.prologue_pages, sum((event, path) == ("write", "/") for event, path, _ in found))
    assert {2596, 3000} <= set(lengths(tmp_path))


def test_more_pages_from_before_than_memory_holds_are_refused_with_their_number(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.mkdir(28, "/w")
    kernel.mark("now")
    kernel.store(1)
    start = counters("now", stored_pages=3)
    start["memcg"] = {"/": {"zswap": 9, "zswapped": 10**17}, "/w": {"zswap": 9, "zswapped": 10**17}}
    expected = (
        "counters at 'now': found 24,414,062,500,000 pages in zswap .* of them of /w; expected no more than"
    )
    with pytest.raises(TraceError, match=expected):
        imported(tmp_path, trace_pipe(kernel.events), start)
    assert not list(tmp_path.glob("t.*"))


def test_cgroups_from_before_are_named_by_what_was_saved(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.store(1)
    kernel.store(2, cg=99)
    (tmp_path / "c.cgroups.txt").write_text("1 \n28 system.slice/a b\n", encoding="utf-8")
    _, found = imported(tmp_path, trace_pipe(kernel.events))
    assert ("write", "/system.slice/a b", 0) in found
    assert ("write", "/cgroup-99", 0) in found
    # or by what is seen of them later on
    kernel.see("cgroup_attach_task", "dst_root=0 dst_id=99 dst_level=1 dst_path=/w pid=7 comm=a b")
    _, found = imported(tmp_path, trace_pipe(kernel.events))
    assert ("write", "/w", 0) in found


def test_a_folder_is_a_capture(tmp_path: Path) -> None:
    folder = tmp_path / "capture"
    folder.mkdir()
    (folder / "trace.txt").write_text(trace_pipe(story().events), encoding="utf-8")
    (folder / "env.txt").write_text(captures.ENV, encoding="utf-8")
    (folder / "cgroups.txt").write_text("28 w\n", encoding="utf-8")
    known = import_capture(folder, tmp_path / "t.parquet")
    assert 16384 == known.environment.totalram_pages
    (tmp_path / "empty").mkdir()
    with pytest.raises(TraceError, match="found none; expected one text of a capture"):
        import_capture(tmp_path / "empty", tmp_path / "u.parquet")


def test_a_text_that_ends_in_the_middle_of_a_line_is_read_to_there(tmp_path: Path) -> None:
    known, found = imported(tmp_path, trace_pipe(story().events) + "  sh-12 [000] d..1.  2.0000")
    assert STORY == found
    assert 1 == known.text.cut_off
    assert any("in the middle of a line" in text for text in known.remarks())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "nonsense here\n",
            r"c\.txt: line 1: found 'nonsense here'; expected a line of trace_pipe, trace-cmd",
        ),
        (
            "  sh-1 [000] d..1. 1.000001: store: (f) swp=0x1\n",
            "line 1: .*expected a field ret of the event store",
        ),
        ("  sh-1 [000] d..1. 1.000001: store: (f) swp=zz ret=1\n", "expected a number in swp, not 'zz'"),
        (
            f"  sh-1 [000] d..1. 1.000001: store: (f) swp={1 << 64} ret=1\n",
            "expected a number from 0 to 18446744073709551615 in swp",
        ),
        (
            "  sh-1 [000] d..1. 1.000001: store: (f) swp=1 fl=0x40 ord=60 ret=1\n",
            "expected an order up to 20",
        ),
        (
            f"  sh-1 [000] d..1. 1.000001: store: (f) swp=1 fl={1 << 63} ret=1\n",
            "line 1: found a page of node 512",
        ),
        (
            f"  sh-1 [000] d..1. {'9' * 5000}.000001: print: zr: snapshot a\n",
            "line 1: found .*expected a line of",
        ),
        (f"CPU:0 lost {'9' * 5000} events\n", "found no event of the probes in 1 lines"),
        ("  sh-1 [000] d..1. 1.000001: sched_switch: prev=1\n", "found no event of the probes in 1 lines"),
        ("", "found no event of the probes in 0 lines"),
    ],
)
def test_the_first_line_that_is_no_record_is_named(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=expected):
        imported(tmp_path, text)
    assert not (tmp_path / "t.parquet").exists()
    assert not (tmp_path / "t.lengths.parquet").exists()


@pytest.mark.parametrize(
    ("saved", "expected"),
    [
        ("{", "found no JSON"),
        ("{}", "expected a list"),
        ('[{"x": 1}]', "with a label"),
        ('[{"label": "a", "uptime": Infinity}]', "a, uptime: found 'inf'; expected seconds"),
        (
            '[{"label": "a", "zswap": {"stored_pages": -1}}]',
            "a, zswap stored_pages: found '-1'; expected a number",
        ),
        (
            '[{"label": "a", "memcg": {"/b": {"zswap": 9223372036854775808}}}]',
            "a, /b zswap: found '92233720368",
        ),
    ],
)
def test_counters_that_are_none_are_named(saved: str, expected: str, tmp_path: Path) -> None:
    path = captures.write(tmp_path, trace_pipe(story().events))
    (tmp_path / "c.counters.json").write_text(saved, encoding="utf-8")
    with pytest.raises(TraceError, match=rf"c\.counters\.json: .*{expected}"):
        import_capture(path, tmp_path / "t.parquet")
    with pytest.raises(TraceError, match=r"no\.json: cannot be read"):
        import_capture(path, tmp_path / "t.parquet", counters=tmp_path / "no.json")


def test_cgroups_whose_making_or_end_was_lost_do_not_break_the_trace(tmp_path: Path) -> None:
    kernel = Kernel()
    kernel.mkdir(30, "/lost/child")
    kernel.store(1, cg=30)
    kernel.mkdir(31, "/lost/child")
    kernel.store(2, cg=31)
    kernel.free(1)
    kernel.rmdir(99, "/never")
    kernel.rmdir(29, "/lost")
    kernel.store(3, cg=77)
    kernel.rmdir(77, "/other")
    _, found = imported(tmp_path, trace_pipe(kernel.events))
    assert [(event, memcg) for event, memcg, _ in found if event.startswith("memcg")] == [
        ("memcg_create", "/lost"),
        ("memcg_create", "/never"),
        ("memcg_create", "/other"),
        ("memcg_create", "/lost/child"),
        ("memcg_create", "/lost/child.2"),
        ("memcg_offline", "/never"),
        ("memcg_offline", "/lost/child.2"),
        ("memcg_offline", "/lost/child"),
        ("memcg_offline", "/lost"),
        ("memcg_offline", "/other"),
    ]


def test_calls_that_probes_missed_are_said(tmp_path: Path) -> None:
    (tmp_path / "c.profile.txt").write_text("  store   9   2\n  load 4 1\n  theirs 1 5\n", encoding="utf-8")
    known, _ = imported(tmp_path, trace_pipe(story().events))
    assert not known.whole
    assert ["3 calls were missed by the probes, of which too many were under way"] == missing_text(known)


def test_a_load_that_returns_an_error_or_none_is_as_one_that_tells_success(tmp_path: Path) -> None:
    kernel = story()
    text = trace_pipe(kernel.events)
    assert " ret=1" in text
    later = re.sub(r"(: load: .*) ret=([01])", lambda at: f"{at[1]} err={0 if at[2] == '1' else -2}", text)
    assert "err=0" in later
    with RecordSpool() as records, RecordSpool() as theirs:
        read_text(captures.write(tmp_path, text), records)
        read_text(captures.write(tmp_path, later), theirs)
        assert [each.numbers["ret"] for each in records if each.event == "load"] == [
            each.numbers["ret"] for each in theirs if each.event == "load"
        ]


@pytest.mark.parametrize(("shift", "node"), [(10, 1), (6, 0), (0, 0)])
def test_the_node_is_where_the_kernel_was_built_to_have_it(tmp_path: Path, shift: int, node: int) -> None:
    kernel = Kernel()
    kernel.mkdir(28, "/web")
    kernel.store(1, flags=1 << 54 | 9)
    path = captures.write(tmp_path, trace_pipe(kernel.events), env=f"{captures.ENV}nodes_shift {shift}\n")
    import_capture(path, tmp_path / "t.parquet")
    table = pq.read_table(tmp_path / "t.parquet")
    assert [node] == [row["node"] for row in table.to_pylist() if row["event"] == "write"]


@pytest.mark.parametrize("number", ["\N{SUPERSCRIPT TWO}", "9" * 5000, "1" + "0" * 18])
def test_numbers_that_a_machine_cannot_have(tmp_path: Path, number: str) -> None:
    text = trace_pipe(story().events)
    path = captures.write(tmp_path, text, env=f"{captures.ENV}nodes_shift {number}\n")
    with pytest.raises(
        TraceError, match=r"env\.txt: nodes_shift: found .*; expected a whole number up to 10"
    ):
        import_capture(path, tmp_path / "t.parquet")
    path = captures.write(tmp_path, text)
    (tmp_path / "c.buffer-stats.txt").write_text(f"overrun: {number}\n", encoding="utf-8")
    (tmp_path / "c.profile.txt").write_text(f"store 5 {number}\n", encoding="utf-8")
    import_capture(path, tmp_path / "t.parquet")
    (tmp_path / "c.cgroups.txt").write_text(f"{number * 2} /a\n", encoding="utf-8")
    with pytest.raises(TraceError, match=r"cgroups\.txt: line 1: found .*; expected INODE PATH"):
        import_capture(path, tmp_path / "t.parquet", overwrite=True)


def test_a_manifest_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.capture.json").write_text('{"ended": 1}', encoding="utf-8")
    with pytest.raises(TraceError, match=r"c\.capture\.json: found no manifest of a capture"):
        imported(tmp_path, trace_pipe(story().events))


def test_a_worker_that_was_watched_and_never_ran_never_runs(tmp_path: Path) -> None:
    _, bare = imported(tmp_path, trace_pipe(story().events))
    assert [] == [row for row in bare if row[0] == "worker"]
    manifest = {"ended": "command", "probes": {"worker_in": "f:zr/worker_in shrink_worker", "store_in": ""}}
    (tmp_path / "c.capture.json").write_text(json.dumps(manifest), encoding="utf-8")
    _, watched = imported(tmp_path, trace_pipe(story().events))
    assert ["end"] == [row[2] for row in watched if row[0] == "worker"]


def churn(stores: int) -> str:
    """Stores to one slot again and again."""
    kernel = Kernel()
    kernel.mkdir(28, "/web")
    for _ in range(stores):
        kernel.store(1, place=1)
        kernel.free(1)
    return trace_pipe(kernel.events)


def test_a_capture_larger_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thrice the events take as much memory: all that is held of them is what is under way."""
    for module, name in ((record_spool, "RUN_RECORDS"), (rows_module, "_TABLE_ROWS"), (contents, "_HELD")):
        monkeypatch.setattr(module, name, 64)
    monkeypatch.setattr(text_module, "_BLOCK_BYTES", 1 << 12)
    # where the writer's rows are encoded, and not kept
    written: list[int] = []
    monkeypatch.setattr(TraceWriter, "write", lambda _, table: written.append(table.num_rows))
    peaks = []
    import_capture(captures.write(tmp_path, churn(10)), tmp_path / "t.parquet")  # what is imported late
    for stores in (120, 360):
        path = captures.write(tmp_path, churn(stores))
        tracemalloc.start()
        try:
            import_capture(path, tmp_path / "t.parquet", overwrite=True)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
    assert max(written) <= 65


def test_records_come_in_order_of_time_however_late_they_were_printed() -> None:
    times = [5, 1, 9, 9, 2, 0, 9, 7, 3, 3, 8, 1]
    with RecordSpool(run_records=2) as spool:
        for line, time_ns in enumerate(times):
            spool.add(Record(time_ns, 7, "mark", {}, {"label": str(line)}, line))
        assert [*range(len(times))] != [each.line for each in spool]
        expected = sorted(range(len(times)), key=lambda line: times[line])
        assert expected == [each.line for each in spool] == [each.line for each in spool]
        assert 8 == spool.out_of_order


def test_a_length_that_is_not_known_is_the_median_of_its_memcg() -> None:
    with Contents() as known:
        for memcg, length in (
            ("/a", 10),
            ("/a", None),
            ("/b", None),
            ("/a", 30),
            ("/a", 20),
            ("/c", 40),
            ("/a", 0),
        ):
            known.new(memcg, length)
        known.new("/a", None, zero=True)
        (table,) = known.tables()
    assert [10, 20, 20, 30, 20, 40, 0, 0] == table["length"].to_pylist()
    assert [None] * 7 + [0] == table["fill"].to_pylist()
    assert 2 == known.unknown


def charged(label: str, **cgroups: dict[str, int]) -> dict[str, object]:
    return {**counters(label), "memcg": {f"/{path}": values for path, values in cgroups.items()}}


def test_what_a_cgroup_is_charged_besides_its_pages_is_in_the_trace(tmp_path: Path) -> None:
    """At the labels before which it stored: 40 KiB and 80 KiB, and not the 400 at which it was idle."""
    kernel = story()
    kernel.mkdir(29, "/w b/kid")
    kib = 1024
    saved = [
        charged("start"),
        charged(
            "a",
            **{
                "w b": {"file": 50 * kib, "kernel": 20 * kib, "zswap": 10 * kib, "zswpout": 1},
                "w b/kid": {"memory.current": 30 * kib, "anon": 9 * kib, "zswap": kib},
            },
        ),
        charged("b", **{"w b": {"file": 500 * kib, "kernel": 0, "zswpout": 1}}),
        charged("c", **{"w b": {"file": 80 * kib, "kernel": 0, "zswpout": 2}, "gone": {"anon": 3}}),
    ]
    known, found = imported(tmp_path, trace_pipe(kernel.events), *saved)
    assert {"/w b": 60 * kib, "/w b/kid": 20 * kib} == known.besides
    assert "charged besides these pages: /w b:file=60K, /w b/kid:file=20K" in (known.remarks())
    at = [found.index(("memcg_create", memcg, "")) + 1 for memcg in ("/w b", "/w b/kid")]
    assert [("memcg_set", "/w b", "61440"), ("memcg_set", "/w b/kid", "20480")] == [found[row] for row in at]
