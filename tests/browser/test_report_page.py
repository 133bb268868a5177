from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser.chromium import Browser
from tests.factories import make_figures, make_result
from tests.sweeps import make_rows, write_sweep
from tests.timelines import make_timeline
from zswap_replay.report.html.charts.theme import DARK, LIGHT, Theme
from zswap_replay.report.html.pages.content import Page
from zswap_replay.report.html.pages.measured import measured_page
from zswap_replay.report.html.pages.results import result_page
from zswap_replay.report.html.pages.sweeps import sweep_page
from zswap_replay.report.html.render import render
from zswap_replay.sweep.file import read
from zswap_replay.sweep.result import Cell

HOSTILE = "/<script>document.title='taken'</script>&amp;\"'\x07" + "/kubepods.slice" * 12


def one_run(_folder: Path) -> Page:
    return result_page([make_timeline()])


def two_runs(_folder: Path) -> Page:
    return result_page([make_timeline("zstd"), make_timeline("lz4", scale=2)])


def the_end_alone(_folder: Path) -> Page:
    return result_page([make_result("zstd", scale=4), make_result("lz4", scale=5)])


def sweep(folder: Path) -> Page:
    return sweep_page(read(write_sweep(folder / "sweep.parquet", make_rows())))


def long_front(folder: Path) -> Page:
    """A sweep with many points on its front, one that stored nothing, and long names."""
    axes: dict[str, Sequence[Cell]] = {
        "compressor": ("zstd", "lz4"),
        "max_pool_percent": range(1, 20),
        "/kubepods.slice/kubepods-burstable.slice:memory.zswap.max": (8 << 20, -1),
    }
    rows = [{**row, "pareto": row["compressor"] == "zstd"} for row in make_rows(axes)]
    rows[-1]["vmstat.zswpout"] = 0
    figures = ("derived.swap_write_bytes:min", "zswap.pool_total_size:min")
    return sweep_page(read(write_sweep(folder / "front.parquet", rows, tuple(axes), figures)))


def hostile(_folder: Path) -> Page:
    result = make_timeline()
    manifest = replace(result.manifest, trace={**result.manifest.trace, "path": HOSTILE})
    snapshots = tuple(
        replace(
            now,
            memcg={HOSTILE: now.memcg["/web"]},
            replay_memcg={HOSTILE: now.replay_memcg["/web"]},
            limits={HOSTILE: now.limits["/web"]},
        )
        for now in result.snapshots
    )
    return result_page([replace(result, manifest=manifest, snapshots=snapshots, warnings=(HOSTILE,))])


def measured_lengths(_folder: Path) -> Page:
    """A file of lengths under four compressors, one of which takes no page, and one with a long name."""
    return measured_page("lengths.parquet", make_figures())


PAGES = (one_run, two_runs, the_end_alone, sweep, long_front, hostile, measured_lengths)


@pytest.fixture(scope="module", params=PAGES, ids=lambda make: str(make.__name__).replace("_", " "))
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, Path]:
    make: Callable[[Path], Page] = request.param
    folder = tmp_path_factory.mktemp("page")
    made = make(folder)
    file = folder / "report.html"
    file.write_text(render(made), encoding="utf-8")
    return made, file


@pytest.mark.parametrize(("width", "dark"), [(360, False), (400, True), (1280, False), (1280, True)])
def test_a_page_is_whole(browser: Browser, page: tuple[Page, Path], width: int, dark: bool) -> None:
    made, file = page
    browser.open(file, width=width, dark=dark)
    assert [] == browser.messages()
    assert [file.as_uri()] == browser.requests()  # itself, and nothing else: neither a font nor an icon
    assert f"{made.title} · zswap-replay" == browser.driver.title

    assert (width, width) == tuple(
        browser.ask("return [document.documentElement.scrollWidth, document.body.scrollWidth]")
    )
    assert [] == browser.texts_outside()
    assert [] == browser.clipped()
    sizes = browser.text_sizes()
    assert min(sizes) > 9
    assert max(sizes) < 16

    theme = DARK if dark else LIGHT
    assert css(theme["page"]) == browser.ask("return getComputedStyle(document.body).backgroundColor")
    check_marks(browser, made, theme)


def check_marks(browser: Browser, made: Page, theme: Theme) -> None:
    marks = browser.marks()
    assert [f"chart-{chart.name}" for chart in made.charts()] == list(
        dict.fromkeys(mark.chart for mark in marks)
    )
    background = css(theme["surface"])
    known = {css(colour) for colour in theme.colours.values()}
    for mark in marks:
        assert mark.width > 0, mark
        assert mark.height > 0 or mark.width > 20, mark  # a line may lie flat
        drawn = {mark.fill, mark.stroke} - {"none", background}
        assert drawn, f"{mark} cannot be told from the background"
        assert drawn <= known, mark


def css(colour: str) -> str:
    red, green, blue = (int(part, 16) for part in re.findall("[0-9a-f]{2}", colour))
    return f"rgb({red}, {green}, {blue})"


@pytest.mark.parametrize("width", [400, 1280])
def test_folded_sections_open(browser: Browser, page: tuple[Page, Path], width: int) -> None:
    made, file = page
    browser.open(file, width=width)
    browser.change("document.querySelectorAll('details').forEach(part => part.open = true)")
    browser.wait_until(
        "[...document.querySelectorAll('details')].every(part => part.innerText.includes('\\n'))"
    )
    assert width == browser.ask("return document.documentElement.scrollWidth")
    assert [] == browser.clipped()
    shown = browser.ask("return [...document.querySelectorAll('details')].map(part => part.innerText)")
    folded = [section for section in made.sections if section.folded]
    assert [section.title for section in folded] == [text.split("\n", 1)[0] for text in shown]
    assert ("Manifest" == folded[-1].title) == ('"sha256": "5ca1ab1e' in shown[-1])
