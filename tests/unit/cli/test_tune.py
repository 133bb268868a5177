from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from tests.unit.tune.traces import lengths, stores
from zswap_replay.cli.main import cli


def test_the_command_prints_the_answer_and_the_lines_that_apply_it(tmp_path: Path) -> None:
    files = [stores(tmp_path), "--lengths", lengths(tmp_path, 1000), "--totalram", "4000K", "--zpool", "zbud"]
    words = ["tune", *files, "--vary", "max_pool_percent=4..8", "--minimize", "swap_write_bytes", "-j", "1"]
    words += ["--kernel", "6.12", "--emit", "sysfs", "--emit", "kernel-cmdline", "--hold-out", "0"]
    done = CliRunner().invoke(cli, [*words, "-o", str(tmp_path / "tune.json")])
    assert 0 == done.exit_code, done.output
    assert "max_pool_percent  6\n" in done.stdout
    assert "echo 6 > /sys/module/zswap/parameters/max_pool_percent\n" in done.stdout
    assert "zswap.max_pool_percent=6 zswap.zpool=zbud" in done.stdout or "zswap.zpool=zbud" in done.stdout
    document = json.loads((tmp_path / "tune.json").read_text())
    assert {"max_pool_percent": "6"} == document["points"][document["best"]]["settings"]
    # nothing meets it: the nearest point is shown, and the status is that of a check that failed
    done = CliRunner().invoke(cli, [*words, "--subject-to", "zswpout>=1000"])
    assert 1 == done.exit_code
    assert "none of the 5 points meets zswpout>=1000: the nearest is shown" in done.stderr
    assert "Not to be applied as it is (sysfs)\n# echo " in done.stdout
    for bad, told in (("nope<=1", "found no such counter"), ("oom<0", "nothing can meet it")):
        done = CliRunner().invoke(cli, [*words, "--subject-to", bad])
        assert told in str(done.exception)


def test_a_search_in_which_nothing_decides_says_so(tmp_path: Path) -> None:
    files = [stores(tmp_path), "--lengths", lengths(tmp_path, 1000), "--totalram", "4000K", "--zpool", "zbud"]
    words = [
        "tune",
        *files,
        "--minimize",
        "swap_write_bytes",
        "-j",
        "1",
        "--kernel",
        "6.12",
        "--hold-out",
        "0",
    ]
    told = "the default settings come out as well in all figures"
    for varied, said in (("max_pool_percent=6..8", True), ("max_pool_percent=4..5", False)):
        done = CliRunner().invoke(cli, [*words, "--vary", varied])
        assert said == (told in done.stderr), done.stderr
