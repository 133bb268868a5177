"""What other repositories copy to run ``check``: the pre-commit hook, and the YAML in the documentation."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click
import pytest
import yaml

from tests.paths import ROOT
from zswap_replay.cli.check import check

DOCUMENT = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
JOB, CONFIG = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL))


def hooks() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(
        (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    )
    return loaded


def parsed(arguments: list[str]) -> dict[str, Any]:
    """The parameters of a call of ``check``; click refuses what it does not take."""
    return check.make_context("check", arguments).params


def test_the_hook_runs_check_and_is_given_no_file_names() -> None:
    (hook,) = hooks()
    assert {"id", "name", "description", "entry", "language", "files", "pass_filenames"} == set(hook)
    assert ("python", False) == (hook["language"], hook["pass_filenames"])
    assert ["zswap-replay", "check"] == shlex.split(hook["entry"])
    for name in ("traces/web.parquet", "expected/web.json", "recipe.toml"):
        assert re.search(hook["files"], name)
    assert not re.search(hook["files"], "README.md")


def test_the_lines_for_a_pre_commit_configuration_fit_the_hook() -> None:
    (repository,) = CONFIG["repos"]
    assert {"repo", "rev", "hooks"} == set(repository)
    (used,) = repository["hooks"]
    assert used["id"] == hooks()[0]["id"]
    params = parsed(list(used["args"]))
    assert ("traces/web.parquet", "expected/web.json") == (params["trace"], params["expected"])
    for name in used["args"]:
        assert re.search(used["files"], name)


def test_the_job_checks_out_installs_and_checks() -> None:
    (job,) = JOB["jobs"].values()
    used = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
    assert ["actions/checkout", "actions/setup-python", "actions/upload-artifact"] == used
    install, run = [shlex.split(step["run"]) for step in job["steps"] if "run" in step]
    assert ["pip", "install"] == install[:2]
    assert ["zswap-replay", "check"] == run[:2]
    assert job["steps"][-1]["with"]["path"] == parsed(run[2:])["junit"]
    # YAML reads a plain "on" as true
    assert ["push", "pull_request"] == JOB[True]


def test_what_check_does_not_take_is_refused() -> None:
    with pytest.raises(click.UsageError):
        parsed(["trace.parquet", "expected.json", "--unit", "x.xml"])


@pytest.mark.parametrize("name", re.findall(r"`(--[a-z0-9-]+)", DOCUMENT))
def test_options_that_the_document_names_are_there(name: str) -> None:
    from zswap_replay.cli.compare import compare
    from zswap_replay.cli.run import run

    assert name in {
        option for command in (check, compare, run) for each in command.params for option in each.opts
    }
