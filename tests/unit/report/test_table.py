from __future__ import annotations

import io

import pytest
from rich.console import Console

from tests.factories import make_result, make_snapshot
from tests.golden import assert_golden
from zswap_replay.report.terminal import memcgs, table
from zswap_replay.report.terminal.style import PLAIN_WIDTH, ratio, share, size
from zswap_replay.result.result import Result
from zswap_replay.units import UNLIMITED


def test_one_result() -> None:
    assert_golden("table-one.txt", table.render([make_result()], timing=True))


def test_two_compressors_stand_side_by_side() -> None:
    results = [make_result(), make_result("lz4", scale=5, warnings=("the pool was full",))]
    assert_golden("table-two.txt", table.render(results, timing=False))


@pytest.mark.parametrize("width", [80, 140])
def test_terminal(width: int) -> None:
    file = io.StringIO()
    console = Console(
        file=file, width=width, force_terminal=True, color_system=None, legacy_windows=False, _environ={}
    )
    table.show([make_result()], console, timing=True)
    assert_golden(f"terminal-{width}.txt", file.getvalue())


def _long_names() -> Result:
    end = make_snapshot()
    path = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0123456789abcdef.slice/" + "f" * 64
    end.memcg[path] = end.memcg["/batch"]
    end.replay_memcg[path] = end.replay_memcg["/batch"]
    return make_result("zstd-of-an-uncommonly-long-name:19", snapshots=(end,))


@pytest.mark.parametrize("results", [[make_result()], [make_result(), make_result("lz4")], [_long_names()]])
def test_plain_text_keeps_to_its_width(results: list[Result]) -> None:
    text = table.render(results, timing=True)
    assert [] == [line for line in text.splitlines() if len(line) > PLAIN_WIDTH]
    assert text.isascii()
    assert [] == [line for line in text.splitlines() if line != line.rstrip()]


def test_of_many_memcgs_the_busiest_have_rows_and_the_others_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memcgs, "SHOWN", 6)
    end = make_snapshot()
    for number in range(8):
        path = f"/jobs/j{number}"
        end.memcg[path] = {"zswpout": 1_000_000 if number in (3, 5) else 0}
    end.memcg["/jobs"] = {}
    assert ["/", "/jobs", "/jobs/j3", "/jobs/j5", "/web", "/web/worker"] == memcgs.shown(end)
    text = table.render([make_result(snapshots=(end,))], timing=False)
    told = "here and among costs: the 6 with most pages stored, loaded or refused, and parents; "
    assert f"{told}csv and json have all 13" in " ".join(text.split())
    assert "/jobs/j5" in text
    assert "/jobs/j4" not in text


def test_timing_can_be_left_out() -> None:
    assert "compressed pages" in table.render([make_result()], timing=True)
    assert "compressed pages" not in table.render([make_result()], timing=False)


def test_classes_are_left_out_where_no_page_was_made() -> None:
    assert "payload classes" not in table.render([make_result(classes=False)], timing=False)


def test_warnings_come_first() -> None:
    text = table.render([make_result(warnings=("nothing was stored: no memcg has a limit",))], timing=False)
    assert "warning: nothing was stored: no memcg has a limit" == text.splitlines()[2]


def test_only_the_last_of_several_snapshots_is_shown() -> None:
    text = table.render([make_result(snapshots=(make_snapshot("first", 1), make_snapshot()))], timing=False)
    assert "at the end of the trace; --format json holds all 2 snapshots" in text
    assert table.render([make_result()], timing=False).splitlines()[2:] == text.splitlines()[3:]


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("0 B", 0),
        ("1023 B", 1023),
        ("1.0 KiB", 1024),
        ("1.5 KiB", 1536),
        ("64.0 MiB", 64 << 20),
        ("61.2 MiB", 64_172_851),
        ("max", UNLIMITED),
        ("-", None),
    ],
)
def test_size(expected: str, value: int | None) -> None:
    assert expected == size(value).plain


def test_shares_and_ratios() -> None:
    assert "3.2 %" == share(0.0321)
    assert "-" == share(None)
    assert "2.27 x" == ratio(2.2703).plain
    assert "-" == ratio(None).plain
