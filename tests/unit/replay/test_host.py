"""The kernel that runs here, read from folders that stand for a machine's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import zswap_replay
from tests.hosts import NEW, OLD, make_host
from tests.paths import ROOT
from zswap_replay.cli.main import cli
from zswap_replay.errors import SettingsError
from zswap_replay.replay import host
from zswap_replay.replay.host import read_host
from zswap_replay.settings import Settings

TRACE = str(ROOT / "traces" / "story.parquet")


def without_zpool(params: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in params.items() if name != "zpool"}


def test_release_and_parameters_are_read(tmp_path: Path) -> None:
    found = read_host(make_host(tmp_path, "6.14.2-arch1-1", NEW))
    assert ("6.14.2-arch1-1", "6.14") == (found.uname, found.kernel)
    expected = {
        "enabled": True,
        "compressor": "lz4",
        "zpool": "zbud",
        "max_pool_percent": 25,
        "accept_threshold_percent": 80,
        "shrinker_enabled": True,
    }
    assert expected.items() <= found.values.items()
    shown = "\n".join(found.notes({"compressor"}))
    assert "compressor lz4 (a flag says otherwise)" in shown
    assert "max_pool_percent 25" in shown
    assert "compressor" not in found.chosen({"compressor"})


def test_switches_of_reclaim_and_readahead_are_taken(tmp_path: Path) -> None:
    found = read_host(make_host(tmp_path, "6.14.2", NEW))
    assert ("mglru", 3) == (found.values["reclaim"], found.values["page_cluster"])
    for lru_gen in ("0x0000", "0x0006", None):
        off = read_host(make_host(tmp_path / str(lru_gen), "6.14.2", NEW, lru_gen=lru_gen, page_cluster="0"))
        assert ("k", 0) == (off.values["reclaim"], off.values["page_cluster"])
    wide = read_host(make_host(tmp_path / "wide", "6.14.2", NEW, page_cluster="5"))
    assert 3 == wide.values["page_cluster"]
    assert "5 is taken as 3" in "\n".join(wide.notes(()))
    with pytest.raises(SettingsError, match="lru_gen/enabled: found 'on'; expected a number such as 0x0007"):
        read_host(make_host(tmp_path / "odd", "6.14.2", NEW, lru_gen="on"))


def test_a_kernel_with_later_rules_under_an_old_number_is_told_by_its_parameters(tmp_path: Path) -> None:
    found = read_host(make_host(tmp_path / "8", "5.14.0-427.el9.x86_64", OLD))
    assert "6.8" == found.kernel
    assert "the first recorded release with its zswap parameters" in found.why
    assert "6.12" == read_host(make_host(tmp_path / "12", "5.14.0-570.el9.x86_64", NEW)).kernel
    assert (
        "6.18" == read_host(make_host(tmp_path / "18", "6.12.0-124.el10.x86_64", without_zpool(NEW))).kernel
    )
    assert "6.9" == read_host(make_host(tmp_path / "odd", "6.9.1", {**NEW, "fresh": "1"})).kernel
    old = {name: text for name, text in OLD.items() if name != "shrinker_enabled"}
    assert "6.6" == read_host(make_host(tmp_path / "6", "6.6.63", old)).kernel
    assert "7.1" == read_host(make_host(tmp_path / "7", "7.1.5", without_zpool(NEW))).kernel
    assert "7.1" == read_host(make_host(tmp_path / "new", "7.4.0", {**NEW, "fresh": "1"})).kernel


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    found = read_host(make_host(tmp_path, "6.12.9", None, page_cluster=None, lru_gen=None))
    assert "6.12" == found.kernel
    assert "zswap's own defaults are taken" in "\n".join(found.notes(()))


@pytest.mark.parametrize(
    ("uname", "params", "told"),
    [
        ("", {}, "osrelease: expected the release of a running Linux"),
        ("Darwin", {}, "osrelease: 'Darwin': expected a kernel release"),
        ("6.12.9", {**NEW, "max_pool_percent": "many"}, "max_pool_percent: found 'many'; expected a number"),
        ("6.12.9", {**NEW, "enabled": "perhaps"}, "enabled: found 'perhaps'; expected Y or N"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    tmp_path: Path, uname: str, params: dict[str, str], told: str
) -> None:
    with pytest.raises(SettingsError) as error:
        read_host(make_host(tmp_path, uname, params))
    assert told in str(error.value)


def test_a_machine_that_is_no_linux_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"kernel host: .*: expected the release of a running Linux"):
        read_host(tmp_path)


def test_a_run_takes_the_host_and_writes_down_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "ROOT", make_host(tmp_path, "6.14.2-arch1-1", NEW, lru_gen=None))
    file = tmp_path / "result.json"
    asked = ["run", TRACE, "--kernel", "host", "--zpool", "zsmalloc", "--format", "json", "--no-timing"]
    shown = CliRunner().invoke(cli, [*asked, "-o", str(file)])
    assert 0 == shown.exit_code, shown.output
    assert "kernel host: 6.14.2-arch1-1: rules of 6.12" in shown.output
    assert "zpool zbud (a flag says otherwise)" in shown.output

    text = file.read_text(encoding="utf-8")
    assert '"kernel": "6.14"' in text
    assert '"kernel_asked": "6.14.2-arch1-1"' in text
    assert "host" not in text
    assert (
        '"kernel_rules": "6.14.2-arch1-1: rules of 6.12; changed since: rotating_slots (6.14), read in the sources"'
        in text
    )
    assert '"max_pool_percent": 25' in text
    assert '"zpool": "zsmalloc"' in text
    assert '"reclaim": "k"' in text
    assert '"page_cluster": 3' in text

    # Another machine: the file alone says all.
    monkeypatch.setattr(host, "ROOT", tmp_path / "elsewhere")
    again = CliRunner().invoke(cli, ["check", TRACE, str(file)])
    assert 0 == again.exit_code, again.output


def test_the_api_takes_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "ROOT", make_host(tmp_path, "6.12.9-amd64", NEW, lru_gen=None))
    found = zswap_replay.replay(TRACE, kernel="host", compressor="zstd")
    settings = found.manifest.settings
    assert ("6.12", "6.12.9-amd64") == (found.manifest.kernel, found.manifest.kernel_asked)
    assert ("zstd", "zbud", 25) == (settings["compressor"], settings["zpool"], settings["max_pool_percent"])
    with pytest.raises(SettingsError, match="expected a release; --kernel host and replay"):
        Settings(kernel="host")


def test_a_sweep_takes_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = {**without_zpool(NEW), "compressor": "lz4"}
    monkeypatch.setattr(host, "ROOT", make_host(tmp_path, "6.18.2-arch1-1", params, lru_gen=None))
    shown = CliRunner().invoke(
        cli, ["sweep", TRACE, "--kernel", "host,6.12", "--format", "json", "-j", "1", "-q"]
    )
    assert 0 == shown.exit_code, shown.output
    found = json.loads(shown.stdout)
    assert ["6.18", "6.12"] == found["manifest"]["axes"]["kernel"]
    assert 25 == found["manifest"]["settings"]["max_pool_percent"]
    assert "lz4" == found["manifest"]["settings"]["compressor"]
