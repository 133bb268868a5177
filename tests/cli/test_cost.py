"""Cost profiles on the command line: made, shown, and taken by run, compare, sweep and report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.paths import ROOT
from zswap_replay.cli.compare import compare
from zswap_replay.cli.cost import cost
from zswap_replay.cli.report import report
from zswap_replay.cli.run import run
from zswap_replay.cli.sweep import sweep
from zswap_replay.errors import CostError, SettingsError
from zswap_replay.replay.loop import Replay
from zswap_replay.result.cost_profile import PARTS, builtin_profiles, load_profile, profile_text
from zswap_replay.sweep import file as sweep_file

STORY = str(ROOT / "traces" / "story.parquet")


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(cost, arguments)
    assert 0 == result.exit_code, result.exception
    return result.output


def replayed(*arguments: str) -> Result:
    return CliRunner().invoke(run, [STORY, "-q", "--no-timing", *arguments])


@pytest.fixture
def lacking(tmp_path: Path) -> str:
    path = tmp_path / "lacking.toml"
    path.write_text(profile_text("hdd").replace("\nzstd = ", "\nother = "))
    return str(path)


def test_a_profile_is_shown_as_it_may_be_edited(tmp_path: Path) -> None:
    for name in builtin_profiles():
        assert name in shown("show")
        path = tmp_path / "mine.toml"
        path.write_text(shown("show", name))
        assert load_profile(name) == load_profile(path)
    assert isinstance(CliRunner().invoke(cost, ["show", "nvm"]).exception, CostError)


def test_a_profile_is_measured_and_taken(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    assert "" == shown("measure", "-o", str(path), "-c", "lz4", "--pages", "2", "-q", "--tbw", "9")
    profile = load_profile(path)
    assert (["lz4"], 9) == (list(profile.compressors), profile.tbw)
    assert "not measured" in profile.source("device")
    block = json.loads(replayed("-c", "lz4", "--cost", str(path), "--format", "json").output)["cost"]
    assert {part: profile.source(part) for part in PARTS} == block["profile"]["sources"]
    assert shown("measure", "-c", "lz4", "--pages", "2", "-q").startswith("# Made by")


def test_run_says_which_profile_it_took_and_that_nobody_chose_it() -> None:
    assert "\ncost, by nvme (--cost says another)\n" in replayed().output
    text = replayed("--cost", "hdd").output
    assert "\ncost, by hdd\n" in text
    assert "published: HGST Ultrastar" in text


def test_compare_reckons_all_by_one_profile(tmp_path: Path) -> None:
    files = [str(tmp_path / f"{name}.json") for name in ("nvme", "hdd")]
    for file, name in zip(files, ("nvme", "hdd"), strict=True):
        assert 0 == replayed("--cost", name, "--format", "json", "-o", file).exit_code
    alone = CliRunner().invoke(compare, files)
    assert "reckoned by other cost profiles: hdd; shown by nvme (--cost says another)" in alone.stderr
    assert "no difference" in alone.stdout
    asked = CliRunner().invoke(compare, [*files, "--cost", "network", "--format", "json"])
    assert "" == asked.stderr
    lines = {line["name"]: line for line in json.loads(asked.stdout)["lines"]}
    expected = json.loads(replayed("--cost", "network", "--format", "json").output)["cost"]["stall_ns"]
    assert [expected, expected] == lines["derived.stall_ns"]["values"]


def test_a_sweep_has_the_figures_and_its_front_takes_them_by_name(tmp_path: Path) -> None:
    output = str(tmp_path / "out.parquet")
    arguments = [STORY, "-q", "-j", "1", "--max-pool-percent", "1,20", "--format", "json", "-o", output]
    done = CliRunner().invoke(
        sweep, [*arguments, "--cost", "hdd", "--pareto", "stall,/web:stall,endurance_per_year:min"]
    )
    assert 0 == done.exit_code, done.exception
    found = sweep_file.read(output)
    assert ("derived.stall_ns:min", "/web:cost.stall_ns:min", "derived.endurance_per_year:min") == (
        found.pareto
    )
    assert ["hdd", (False, True)] == [found.manifest["cost"]["name"], found.front]  # type: ignore[index]
    one = json.loads(replayed("--cost", "hdd", "--max-pool-percent", "1", "--format", "json").output)["cost"]
    assert one["stall_ns"] == found.column("derived.stall_ns")[0]
    assert one["memcg"]["/web"]["stall_ns"] == found.column("/web:cost.stall_ns")[0]
    assert found.column("derived.endurance_per_year") == [None, None]
    other = CliRunner().invoke(sweep, [*arguments, "--cost", "network"])
    assert "another sweep" in str(other.exception) or "cost" in str(other.exception)
    told = CliRunner().invoke(report, [output, "--cost", "nvme"])
    assert isinstance(told.exception, SettingsError)
    assert "--cost is for results" in str(told.exception)


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize("command", [run, sweep])
def test_a_profile_without_the_compressor_is_told_before_the_replay(
    command: object, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Replay, "result", None)
    done = CliRunner().invoke(command, [STORY, "-q", "--cost", lacking])  # type: ignore[arg-type]
    assert isinstance(done.exception, CostError)
    assert str(done.exception).startswith(f"{lacking}: compressors.zstd: missing; expected its compress_ns")
    # zram's compressor is one too, also where every other point has another tier
    zram = ["-c", "lz4", "--kernel", "6.12", "--comp-algorithm", "zstd", "--tier", "zswap+zram", "--cost"]
    many = [STORY, "-q", *zram, lacking, "--max-pool-percent", "1,2"]
    for done in (replayed(*zram, lacking), CliRunner().invoke(sweep, many)):
        assert str(done.exception).startswith(f"{lacking}: compressors.zstd: missing; expected its")


def test_a_profile_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(profile_text("hdd"))
    done = replayed("--cost", str(path), "-o", str(path))
    assert isinstance(done.exception, SettingsError)
    assert profile_text("hdd") == path.read_text()
