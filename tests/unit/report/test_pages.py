from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from tests.factories import make_result, make_snapshot
from tests.timelines import LENGTHS, make_timeline
from zswap_replay.codec.footprint import footprint
from zswap_replay.errors import ResultError
from zswap_replay.report.html.charts.bars import BarChart
from zswap_replay.report.html.charts.lines import LineChart
from zswap_replay.report.html.pages.compression import bins_of, median, microseconds_per_page
from zswap_replay.report.html.pages.content import Chart, Page, Section
from zswap_replay.report.html.pages.results import result_page
from zswap_replay.report.html.pages.runs import Runs
from zswap_replay.report.html.render import render
from zswap_replay.report.html.text import plain, short, slug
from zswap_replay.result.pool_limits import pool_limit, pool_threshold
from zswap_replay.result.ranges import Ranges
from zswap_replay.result.result import Result


def section(page: Page, title: str) -> Section:
    (found,) = [section for section in page.sections if section.title == title]
    return found


def chart(page: Page, name: str) -> Chart:
    (found,) = [chart for chart in page.charts() if chart.name == name]
    return found


def line_chart(page: Page, name: str) -> LineChart:
    drawing = chart(page, name).drawing
    assert isinstance(drawing, LineChart)
    return drawing


def bar_chart(page: Page, name: str) -> BarChart:
    drawing = chart(page, name).drawing
    assert isinstance(drawing, BarChart)
    return drawing


def test_a_timeline_begins_at_nothing_and_ends_at_the_last_snapshot() -> None:
    pool = line_chart(result_page([make_timeline(steps=4)]), "pool")
    (line,) = pool.lines
    assert [0, 1, 2, 3, 4] == line.x
    assert [0, 475 * 4096 / 2**20, 950 * 4096 / 2**20] == list(line.y)[:3]
    assert "7.4 MiB" == line.end


def test_after_a_warm_up_nothing_is_known_of_the_start() -> None:
    result = make_timeline(steps=4)
    settings = {**result.manifest.settings, "warmup": 1000}
    warmed = replace(result, manifest=replace(result.manifest, settings=settings))
    (line,) = line_chart(result_page([warmed]), "pool").lines
    assert [1, 2, 3, 4] == line.x
    assert (
        "Counted from the end of the warm-up"
        in section(result_page([warmed]), "Writebacks and rejects").intro
    )


def test_the_pools_limit_follows_the_parameters_in_effect() -> None:
    now = make_snapshot()
    result = make_result(snapshots=(now,))
    assert (4 << 30) // 4096 * 20 // 100 * 4096 == pool_limit(result, now)
    lowered = replace(now, params={"max_pool_percent": 10, "accept_threshold_percent": 50})
    assert (4 << 30) // 4096 * 10 // 100 * 4096 == pool_limit(result, lowered)
    assert pool_limit(result, lowered) // 4096 // 2 * 4096 == pool_threshold(result, lowered)


def test_the_memcgs_of_one_run_are_together() -> None:
    page = result_page([make_timeline()])
    assert ["/batch", "/web", "/web/worker"] == [line.name for line in line_chart(page, "writebacks").lines]
    rejects = {line.name: line.end for line in line_chart(page, "rejected-stores").lines}
    assert {"/batch": f"{8 * 8 * 1:,}", "/web": f"{8 * 8 * 3:,}", "/web/worker": f"{8 * 8 * 2:,}"} == rejects
    assert () == tuple(section(page, "Writebacks and rejects").legend)


def test_several_runs_are_laid_over_each_other_by_memcg() -> None:
    page = result_page([make_timeline("zstd"), make_timeline("lz4", scale=2)])
    for title in ("Compressed bytes per memcg", "Writebacks", "Rejected stores"):
        found = section(page, title)
        assert ["/batch", "/web", "/web/worker"] == [each.title for each in found.charts]
        assert [("zstd", 0), ("lz4", 1)] == [(key.name, key.slot) for key in found.legend]
        for each in found.charts:
            assert isinstance(each.drawing, LineChart)
            assert ["zstd", "lz4"] == [line.name for line in each.drawing.lines]
    assert ["zstd", "lz4"] == [line.name for line in line_chart(page, "pool").lines]
    assert ["limit 819.2 MiB", "reopens at 737.3 MiB"] == [
        each.text for each in line_chart(page, "pool").limits
    ]


def test_a_limit_is_drawn_at_the_times_of_the_snapshots() -> None:
    page = result_page([make_timeline(steps=4)])
    seconds = [1.0, 2.0, 3.0, 4.0]
    assert [seconds, seconds] == [list(each.x) for each in line_chart(page, "pool").limits]
    assert [seconds] == [list(line.x)[-4:] for line in line_chart(page, "pool").lines]
    charts = {each.title: each.drawing for each in section(page, "Compressed bytes per memcg").charts}
    web = charts["/web"]
    assert isinstance(web, LineChart)
    assert [(seconds, [8.0] * 4)] == [(list(limit.x), list(limit.y)) for limit in web.limits]


def test_a_memcgs_limit_is_beside_its_bytes() -> None:
    page = result_page([make_timeline()])
    limits = {each.title: each.drawing.limits for each in section(page, "Compressed bytes per memcg").charts}  # type: ignore[attr-defined]
    assert ["zswap.max 8.0 MiB"] == [limit.text for limit in limits["/web"]]
    assert ["zswap.max 0 B"] == [limit.text for limit in limits["/batch"]]
    assert [] == limits["/web/worker"]


def test_a_limit_is_drawn_at_the_time_at_which_it_held() -> None:
    result = make_timeline(steps=4)
    changed = [
        replace(
            now, params={"max_pool_percent": 10 * place}, limits={"/web": {"memory.zswap.max": place << 20}}
        )
        for place, now in enumerate(result.snapshots, 1)
    ]
    page = result_page([replace(result, snapshots=tuple(changed))])
    limit, _reopens = line_chart(page, "pool").limits
    assert [1, 2, 3, 4] == list(limit.x)
    assert [(4 << 10) * percent / 100 for percent in (10, 20, 30, 40)] == pytest.approx(
        list(limit.y), abs=0.01
    )
    (web,) = (each for each in section(page, "Compressed bytes per memcg").charts if each.title == "/web")
    assert isinstance(web.drawing, LineChart)
    (limit,) = web.drawing.limits
    assert ([1, 2, 3, 4], [1, 2, 3, 4]) == (list(limit.x), list(limit.y))


def test_without_a_timeline_the_page_says_so_and_has_bars() -> None:
    page = result_page([make_result()])
    assert "This file holds the counters of the end alone" in section(page, "At the end of the trace").intro
    assert "--interval" in section(page, "At the end of the trace").intro
    assert [] == [each.name for each in page.charts() if isinstance(each.drawing, LineChart)]
    ((_name, bars),) = bar_chart(page, "pool").groups
    assert ["5.6 MiB of 819.2 MiB"] == [bar.text for bar in bars]
    written = {name: bars[0].text for name, bars in bar_chart(page, "pages-written-back").groups}
    assert {"/web": f"{62 * 6:,}", "/web/worker": f"{62 * 3:,}"} == written


def test_two_snapshots_are_no_timeline() -> None:
    page = result_page([make_timeline(steps=2)])
    assert "This file holds the counters of 2 moments alone" in section(page, "At the end of the trace").intro


def test_rejects_are_told_by_cause_and_loads_by_source() -> None:
    page = result_page([make_result(), make_result("lz4", scale=6)])
    refused = dict(bar_chart(page, "stores-refused-limit-of-a-memcg").groups)["/web"]
    assert [(8 * 9, 0), (8 * 18, 1)] == [part for bar in refused for part in bar.parts]
    loaded = dict(bar_chart(page, "pages-that-came-back-from-zswap").groups)["/web"]
    assert [(500 * 9, 0), (500 * 18, 1)] == [part for bar in loaded for part in bar.parts]
    assert section(page, "At the end of the trace").intro.endswith(
        "There were none of these: stores refused, limit of the pool; stores refused, compressed length; "
        "pages that came back from the swap device."
    )


def slots(page: Page) -> dict[int, set[str]]:
    """What the colour slots of a page stand for: names of runs, or memcgs of the only run."""
    found: dict[int, set[str]] = {}
    runs = {slot: name for figure in page.figures for name, slot, _v, _n in figure.values if slot is not None}
    for each in page.charts():
        if isinstance(each.drawing, LineChart):
            pairs = [(line.slot, line.name) for line in each.drawing.lines]
        elif isinstance(each.drawing, BarChart):
            pairs = [
                (slot, runs.get(slot, ""))
                for _n, bars in each.drawing.groups
                for bar in bars
                for _v, slot in bar.parts
            ]
        else:
            continue
        for slot, name in pairs:
            found.setdefault(slot, set()).add(name)
    return found


def test_a_colour_means_one_run_all_over_the_page() -> None:
    made = [
        make_timeline(name, scale=place + 1) for place, name in enumerate(("zstd", "lz4", "lzo", "deflate"))
    ]
    assert {0: {"zstd"}, 1: {"lz4"}, 2: {"lzo"}, 3: {"deflate"}} == slots(result_page(made))


def test_the_memcgs_of_one_run_have_colours_that_are_not_the_runs() -> None:
    found = slots(result_page([make_timeline()]))
    assert {1: {"/batch"}, 2: {"/web"}, 3: {"/web/worker"}} == {slot: found[slot] for slot in (1, 2, 3)}
    assert {"/batch", "/web", "/web/worker"}.isdisjoint(found[0])


def test_of_many_memcgs_the_busiest_are_drawn_and_the_page_says_so() -> None:
    result = make_timeline()
    first = result.end.replay_memcg["/web"]
    snapshots = tuple(
        replace(
            now,
            replay_memcg={
                f"/t{number}": {**first, "written_back_pages": number, "memcg_limit_reject": 0}
                for number in range(30)
            },
            memcg={f"/t{number}": now.memcg["/web"] for number in range(30)},
        )
        for now in result.snapshots
    )
    page = result_page([replace(result, snapshots=snapshots)])
    shown = [line.name for line in line_chart(page, "writebacks").lines]
    assert ["/t24", "/t25", "/t26", "/t27", "/t28", "/t29"] == shown
    assert (
        "Shown are the 6 memcgs with most, of 30; the table below has all."
        in section(page, "Writebacks and rejects").intro
    )
    (table,) = section(page, "Counters per memcg").tables
    assert 30 == len(table.rows)


def idle(result: Result) -> Result:
    """The same result, had zswap had nothing to do."""
    snapshots = tuple(
        replace(
            now,
            zswap=dict.fromkeys(now.zswap, 0),
            replay=dict.fromkeys(now.replay, 0),
            memcg={path: dict.fromkeys(values, 0) for path, values in now.memcg.items()},
            replay_memcg={path: dict.fromkeys(values, 0) for path, values in now.replay_memcg.items()},
        )
        for now in result.snapshots
    )
    return replace(result, snapshots=snapshots)


@pytest.mark.parametrize("runs", [1, 2])
def test_what_never_happened_is_said_and_not_drawn(runs: int) -> None:
    page = result_page([idle(make_timeline(compressor)) for compressor in ("zstd", "lz4")[:runs]])
    intros = {section.title: section.intro for section in page.sections}
    assert "The pool stayed empty." == intros["Pool"]
    assert "No memcg had any." == intros["Compressed bytes per memcg"]
    written = intros["Writebacks and rejects" if runs == 1 else "Writebacks"]
    assert written.startswith("Nothing was written back.")
    assert (
        "There were none of these: stores refused, limit of a memcg; "
        in intros["Rejects and loads at the end"]
    )
    kinds = {type(each.drawing) for each in page.charts() if not each.name.startswith(("lengths", "class"))}
    assert set() == kinds
    render(page)


def test_memcgs_with_nothing_to_show_are_counted() -> None:
    result = make_timeline(steps=4)
    busy = "/web"
    snapshots = tuple(
        replace(
            now,
            replay_memcg={
                path: values if path == busy else dict.fromkeys(values, 0)
                for path, values in now.replay_memcg.items()
            },
        )
        for now in result.snapshots
    )
    page = result_page([replace(result, snapshots=snapshots)])
    assert [busy] == [line.name for line in line_chart(page, "rejected-stores").lines]
    assert section(page, "Writebacks and rejects").intro.endswith("The other 2 memcgs have none.")
    assert [busy] == [name for name, _bars in bar_chart(page, "stores-refused-limit-of-a-memcg").groups]


def test_a_memcg_that_comes_and_goes_keeps_its_place_in_time() -> None:
    result = make_timeline(steps=6)
    snapshots = tuple(
        now if 2 < step < 5 else replace(now, replay_memcg={"/batch": now.replay_memcg["/batch"]})
        for step, now in enumerate(result.snapshots, 1)
    )
    chart = line_chart(result_page([replace(result, snapshots=snapshots)]), "rejected-stores")
    assert {"/batch": [0, 1, 2, 3, 4, 5, 6], "/web": [3, 4], "/web/worker": [3, 4]} == {
        line.name: line.x for line in chart.lines
    }
    assert 6 == chart.until


def test_the_root_is_drawn_only_where_it_is_alone() -> None:
    now = make_snapshot()
    alone = replace(now, memcg={"/": now.memcg["/"]}, replay_memcg={"/": now.replay_memcg["/"]}, limits={})
    assert ["/"] == Runs(["zstd"], [make_result(snapshots=(alone,))]).paths()
    assert "/" not in Runs(["zstd"], [make_result()]).paths()


def test_lengths_are_binned_with_the_waste_of_their_class() -> None:
    lengths = {1: 2, 64: 3, 65: 5, 4096: 7}
    bins = bins_of(lengths, zsmalloc=True)
    assert [(1, 64, 5), (65, 128, 5), (4033, 4096, 7)] == [
        (each.first, each.last, each.pages) for each in bins
    ]
    waste = [each.waste * 2**20 for each in bins if each.waste is not None]
    expected = [2 * (footprint(1) - 1) + 3 * (footprint(64) - 64), 5 * (footprint(65) - 65), 0]
    assert pytest.approx(expected) == waste
    assert [None, None, None] == [each.waste for each in bins_of(lengths, zsmalloc=False)]


@pytest.mark.parametrize(("lengths", "middle"), [({5: 1}, 5), ({5: 1, 9: 1}, 5), ({5: 1, 9: 2}, 9)])
def test_half_of_the_pages_are_at_most_the_median(lengths: dict[int, int], middle: int) -> None:
    assert middle == median(lengths)


def test_lengths_are_drawn_where_the_result_has_them() -> None:
    page = result_page([make_timeline("zstd"), replace(make_timeline("lz4"), compressed_lengths={3000: 7})])
    assert ["lengths-1-zstd", "lengths-2-lz4"] == [
        each.name for each in page.charts() if each.name.startswith("lengths")
    ]
    pages = sum(LENGTHS.values())
    assert chart(page, "lengths-1-zstd").note.startswith(f"{pages:,} pages in ")
    assert "zsmalloc adds" in chart(page, "lengths-1-zstd").note
    assert [] == [
        each.name for each in result_page([make_result()]).charts() if each.name.startswith("lengths")
    ]


def test_no_waste_is_claimed_of_another_allocator() -> None:
    result = make_timeline()
    settings = {**result.manifest.settings, "zpool": "zbud"}
    page = result_page([replace(result, manifest=replace(result.manifest, settings=settings))])
    assert chart(page, "lengths-1-zstd").note.endswith("what zbud adds is not drawn")
    assert None is chart(page, "lengths-1-zstd").drawing.most_waste  # type: ignore[attr-defined]


def test_cost_is_drawn_of_runs_that_were_timed() -> None:
    zstd, lz4 = make_timeline("zstd"), make_timeline("lz4", scale=2)
    assert pytest.approx(1.25 / 12_021 * 1e6) == microseconds_per_page(zstd)
    assert "codec-cost" in [each.name for each in result_page([zstd, lz4]).charts()]
    untimed = result_page([zstd, replace(lz4, timing=None)])
    assert "codec-cost" not in [each.name for each in untimed.charts()]
    assert "codec-cost" not in [each.name for each in result_page([zstd]).charts()]


def test_a_result_without_timing_has_no_table_of_it() -> None:
    titles = [section.title for section in result_page([replace(make_result(), timing=None)]).sections]
    assert "Where the time went" not in titles
    assert "Where the time went" in [section.title for section in result_page([make_result()]).sections]


def test_ranges_are_tabled_where_a_result_has_them() -> None:
    result = make_timeline(steps=2)
    assert not [each for each in result_page([result]).sections if "sure" in each.title]
    ranges = Ranges({"vmstat.pswpout": (900, 1000, 1200), "zswap.stored_pages": (7, 7, 7)})
    title = "How sure the counters are"
    found = section(result_page([replace(result, range=ranges)]), title)
    (table,) = found.tables
    assert [("vmstat.pswpout", "pages", "900", "1,000", "1,200")] == list(table.rows)
    same = section(result_page([replace(result, range=Ranges({"zswap.stored_pages": (7, 7, 7)}))]), title)
    assert not same.tables
    assert "No counter depends" in same.intro


def test_headline_figures() -> None:
    shown = {figure.name: figure.values for figure in result_page([make_result()]).figures}
    assert [("", None, "3.5 MiB", "900 pages")] == list(shown["Swap device writes"])
    assert [("", None, "3.1 MiB", "peak 8.2 MiB, end 6.2 MiB")] == list(shown["Memory saved, mean"])
    assert [("", None, "2.8 MiB", "peak 7.4 MiB of 819.2 MiB, end 5.6 MiB")] == list(shown["Pool size, mean"])
    assert [("", None, "2.25 ×", "end 2.27 ×, 104.0 µs to compress a page")] == list(
        shown["Compression ratio, mean"]
    )
    assert [("", None, "2.9 MiB", "750 pages")] == list(shown["Zswap writeback"])
    assert [("", None, "153", "1.3 % of stores tried")] == list(shown["Rejected stores"])
    (several,) = [
        each
        for each in result_page([make_result("zstd"), make_result("lz4", scale=6)]).figures
        if each.name == "Rejected stores"
    ]
    assert [("zstd", 0, "153"), ("lz4", 1, "306")] == [value[:3] for value in several.values]


def test_a_file_of_an_earlier_version_has_the_end_alone_on_its_cards() -> None:
    shown = {
        figure.name: figure.values for figure in result_page([replace(make_result(), over_time={})]).figures
    }
    assert [("", None, "–", "peak –, end –")] == list(shown["Memory saved, mean"])
    assert [("", None, "–", "peak – of 819.2 MiB, end 5.6 MiB")] == list(shown["Pool size, mean"])


def test_counters_of_memcgs_are_exact_and_in_the_order_of_the_tree() -> None:
    (table,) = section(result_page([make_result()]), "Counters per memcg").tables
    assert ["/", "/batch (writeback off)", "/web", "/web/worker"] == [row[0] for row in table.rows]
    web = dict(zip(table.headings, table.rows[2], strict=True))
    wanted = {
        "zswap": "3,653,496",
        "zswpout": "9,000",
        "memcg_limit_reject": "72",
        "memory.zswap.max": "8,388,608",
    }
    assert wanted == {name: web[name] for name in wanted}
    assert "max" == dict(zip(table.headings, table.rows[0], strict=True))["memory.zswap.max"]
    assert "memory.high" not in table.headings  # no memcg has one
    assert len(table.headings) == len(table.units) == len(table.hints) == len(table.rows[0])


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_warnings_and_settings_are_there() -> None:
    page = result_page([make_result(warnings=("nothing was <stored>",))])
    assert ["nothing was <stored>"] == list(page.warnings)
    text = render(page)
    assert "nothing was &lt;stored&gt;" in text
    rows = {row[0]: row[1] for row in section(page, "Settings").tables[0].rows}
    assert "4.0 GiB" == rows["totalram"]
    assert "/web:memory.zswap.max=8388608" == rows["set"]
    assert '"sha256": "5ca1ab1e' in section(page, "Manifest").text


def test_a_result_that_lacks_a_counter_is_named() -> None:
    now = make_snapshot()
    vmstat = {name: value for name, value in now.vmstat.items() if name != "zswpin"}
    with pytest.raises(ResultError, match=r"has no vmstat\.zswpin"):
        result_page([make_result(snapshots=(replace(now, vmstat=vmstat),))])


def hostile(name: str) -> Result:
    now = make_snapshot()
    result = make_result(
        snapshots=(
            replace(now, memcg={name: now.memcg["/web"]}, replay_memcg={name: now.replay_memcg["/web"]}),
        ),
        warnings=(name,),
    )
    return replace(result, manifest=replace(result.manifest, trace={**result.manifest.trace, "path": name}))


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_names_from_outside_are_text() -> None:
    name = "/<script>alert(1)</script>\"'&\x00\ud800 ]]>"
    text = render(result_page([hostile(name), replace(hostile(name), compressed_lengths=LENGTHS)]))
    text.encode("utf-8")
    assert "<script" not in text
    assert "/&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert r"\x00\ud800" in text
    assert "\x00" not in text


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_each_chart_that_is_drawn_is_told() -> None:
    page = result_page([make_timeline(steps=2)])
    drawn: list[int] = []
    render(page, drawn.append)
    assert list(range(1, len(list(page.charts())) + 1)) == drawn


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_a_page_asks_for_nothing_and_is_the_same_again() -> None:
    results = [make_timeline("zstd"), make_timeline("lz4", scale=2)]
    text = render(result_page(results))
    assert text == render(result_page(results))
    assert [] == re.findall(r"https?://", text)
    assert [] == re.findall(r"<script|@import|@font-face|url\((?!#)", text)
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("/web", "/web"), ("a\nb\x07", r"a\nb\x07"), ("\ud800é", r"\ud800é"), ("日本", "日本")],
)
def test_what_cannot_be_printed_is_escaped(text: str, shown: str) -> None:
    assert shown == plain(text)


@given(st.text(st.characters(exclude_categories=())))
def test_plain_text_can_be_written_anywhere(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert shown == ElementTree.fromstring(f"<a>{escape(shown)}</a>").text or not shown
    assert plain(shown) == shown


def test_long_names_lose_their_middle() -> None:
    assert "/web" == short("/web", 18)
    shown = short("/kubepods.slice/burstable/pod1234", 18)
    assert 18 == len(shown)
    assert shown.startswith("/kube")
    assert shown.endswith("le/pod1234")


def test_file_names_are_tame() -> None:
    assert "a-b-c" == slug("/A/../b:C\x00")
