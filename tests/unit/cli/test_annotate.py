"""How many processes ``trace annotate`` compresses with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.paths import TRACES
from zswap_replay.cli.main import cli
from zswap_replay.replay import annotate


@pytest.mark.parametrize(("given", "jobs"), [([], 3), (["--jobs", "1"], 1)])
def test_one_for_each_processor_unless_it_is_said(
    given: list[str], jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def annotated(_trace: str, target: Path, *_: Any, jobs: int, **__: Any) -> annotate.Annotated:
        asked.append(jobs)
        target.touch()
        return annotate.Annotated(0, 1)

    monkeypatch.setattr(annotate, "annotate", annotated)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    output = str(tmp_path / "l.parquet")
    done = CliRunner().invoke(cli, ["trace", "annotate", str(TRACES / "db.parquet"), "-o", output, *given])
    assert (0, [jobs]) == (done.exit_code, asked), done.output
