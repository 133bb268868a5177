"""The bar of each command that may take long: only where it is asked for, or on a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zswap_replay.cli.main import cli

TRACE = "made.parquet"
COMMANDS = {
    "generate": ("trace", "generate", "zipf", "--pages", "50", "--events", "900", "-o", "out.parquet"),
    "merge": ("trace", "merge", f"{TRACE}=/x", f"{TRACE}=/y", "-o", "out.parquet"),
    "annotate": ("trace", "annotate", TRACE, "-c", "lz4", "-o", "out.parquet"),
    "import": ("trace", "import", "lackey", "lackey.txt", "-o", "out.parquet"),
    "sort": ("trace", "sort", TRACE, "-o", "out.parquet"),
    "shift": ("trace", "shift", TRACE, "--to", "0", "-o", "out.parquet"),
    "filter": ("trace", "filter", TRACE, "-o", "out.parquet"),
    "rewrite": ("trace", "rewrite", TRACE, "-o", "out.parquet"),
    "sample": ("trace", "sample", TRACE, "--rate", "1/2", "-o", "out.parquet"),
    "cut": ("trace", "cut", TRACE, "--from", "300us", "-c", "lz4", "-o", "out.parquet"),
    "info": ("trace", "info", TRACE),
    "validate": ("trace", "validate", TRACE),
    "measure": ("memory", "measure", "lackey.txt", "-c", "lz4"),
    "payload": ("payload", "--pages", "40", "-c", "lz4"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "lackey.txt").write_text("".join(f" L {page:x}000,8\n" for page in range(1, 900)))
    assert 0 == invoke("trace", "generate", "scan", "--pages", "50", "--events", "700", "-o", TRACE).exit_code
    return tmp_path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_how_it_gets_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zswap_replay.cli.progress._PATIENCE", 0.0)
    found = invoke(*COMMANDS[name], "--progress")
    assert 0 == found.exit_code
    assert name in found.stderr
    assert "/s" in found.stderr
    assert "%" in found.stderr
    assert "events/s" not in found.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_a_pipe_gets_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zswap_replay.cli.progress._PATIENCE", 0.0)
    found = invoke(*COMMANDS[name])
    assert 0 == found.exit_code
    assert "/s" not in found.stderr
