"""``--rule``: of run and of sweep, and what their outputs say of it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.paths import TRACES
from zswap_replay.cli.main import PROGRAM, cli, guarded
from zswap_replay.replay.loop import replay

STORY = str(TRACES / "story.parquet")
RUN = ("run", STORY, "--kernel", "6.12", "-q", "--no-timing")
SWEEP = ("sweep", STORY, "--no-progress", "--jobs", "1")


def called(*arguments: str) -> int:
    return guarded(cli, PROGRAM, list(arguments))


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_run_says_that_no_kernel_was_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == called(*RUN, "--rule", "second_chance=off", "--rule", "worker=iter")
    out, err = capsys.readouterr()
    assert (
        "kernel 6.12 with second_chance=off, worker=iter (no kernel was recorded with these rules)"
        in flat(out)
    )
    assert "no kernel was recorded with these rules: 6.12 with second_chance=off (there on)" in flat(err)
    assert 0 == called(*RUN, "--rule", "second_chance=off", "--format", "json")
    manifest = json.loads(capsys.readouterr().out)["manifest"]
    assert "6.12+second_chance=off" == manifest["kernel"] == manifest["settings"]["kernel"]
    assert "no kernel was recorded with these rules" in manifest["kernel_rules"]


def test_the_python_api_takes_the_name_of_a_release_with_rules() -> None:
    made = replay(STORY, kernel="6.12+second_chance=off", verify="off")
    assert 15 == made.derived["rejects"]
    assert 220 == replay(STORY, kernel="6.12", verify="off").derived["rejects"]


def test_a_rule_is_an_axis_of_a_sweep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "sweep.parquet"
    axes = ("--kernel", "6.8,6.12", "--rule", "second_chance=on,off")
    assert 0 == called(*SWEEP, *axes, "-o", str(file))
    out, err = capsys.readouterr()
    assert "rule.second_chance" in out
    assert "no kernel was recorded with these rules" in err
    rows = pq.read_table(file).to_pylist()
    assert [("6.8", "on"), ("6.8", "off"), ("6.12", "on"), ("6.12", "off")] == [
        (row["kernel"], row["rule.second_chance"]) for row in rows
    ]
    assert [538, 325, 220, 15] == [row["derived.rejects"] for row in rows]


def test_a_release_that_becomes_another_keeps_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    rules = ("--rule", "lru_per_memcg=on", "--rule", "memcg_limit_shrinks=on", "--rule", "worker=iter,online")
    assert 0 == called(*SWEEP, "--kernel", "6.6", *rules, "--format", "csv")
    (heading, *rows) = capsys.readouterr().out.splitlines()
    assert heading.startswith("rule.worker,")
    assert ["iter", "online"] == [row.partition(",")[0] for row in rows]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--rule", "second_chance=on,yes"), "given twice"),
        (("--rule", "second_chance=on,"), "empty value"),
        (("--rule", "zpools=6.6,6.18", "--zpool", "zbud"), "has zsmalloc"),
        (("--kernel", "6.6,6.12", "--rule", "worker=iter,online"), "mean nothing together"),
        (("--rule", "worker=fast"), "expected worker=lru|iter|online|candidates"),
    ],
)
def test_a_sweep_refuses_before_its_first_point(
    arguments: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == called(*SWEEP, *arguments)
    out, err = capsys.readouterr()
    assert not out
    assert expected in err


def test_kernels_lists_what_each_rule_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == called("kernels", "--rules")
    out = capsys.readouterr().out
    assert "  --rule worker=lru|iter|online|candidates\n" in out
    assert "  --rule zpools=RELEASE, that of a release\n" in out
    assert 0 == called("kernels", "--between", "6.12", "6.12+second_chance=off")
    assert "yes -> no" in capsys.readouterr().out
