"""What the repository says of itself: the changelog's fragments, the hooks and the jobs that run it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.paths import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
KINDS = [kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"]]


def news(folder: Path) -> subprocess.CompletedProcess[str]:
    """What ``make news`` does in a folder with the project's configuration."""
    return subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "next"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the project's configuration and no fragment."""
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "CHANGELOG.md").write_bytes((ROOT / "CHANGELOG.md").read_bytes())
    return tmp_path


def test_fragments_are_well_formed() -> None:
    done = news(ROOT)
    assert 0 == done.returncode, done.stderr
    for path in (ROOT / "changelog.d").glob("*.md"):
        if path.name != "README.md":
            assert re.fullmatch(rf"\+[a-z0-9-]+\.({'|'.join(KINDS)})\.md", path.name)
            text = path.read_text(encoding="utf-8").strip()
            assert text.endswith("."), f"{path}: a sentence ends with a full stop"
            assert text.partition("\n")[0] in done.stdout


def test_a_fragment_of_no_known_kind_is_refused(project: Path) -> None:
    (project / "changelog.d" / "+overwrite.fix.md").write_text("Mended.\n", encoding="utf-8")
    done = news(project)
    assert 0 != done.returncode
    assert "+overwrite.fix.md" in done.stderr


def test_the_kinds_of_fragments_are_explained() -> None:
    text = (ROOT / "changelog.d" / "README.md").read_text(encoding="utf-8")
    assert KINDS == re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


def test_the_changelog_says_where_the_next_release_goes() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert 1 == text.count(PROJECT["tool"]["towncrier"]["start_string"])


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize(
    "document", ["CONTRIBUTING.md", "README.md", ".github/workflows/test.yml", ".ci/run"]
)
def test_targets_that_are_named_are_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^ +|run: |=true )make ([a-z]+)", text, re.MULTILINE))
    assert document != "CONTRIBUTING.md" or named >= {"test", "core", "dist", "news"}
    assert named <= targets()


def test_files_that_contributing_names_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:src|tests|tools|docs|changelog\.d|benchmarks|\.github)/[\w./-]*)`", text)
    assert len(named) > 10
    assert [] == [name for name in named if "NAME" not in name and not (ROOT / name).exists()]


def test_hooks_run_what_make_runs() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = config["repos"]
    assert "local" == repository["repo"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for hook in repository["hooks"]:
        assert "system" == hook["language"]
        program = Path(shlex.split(hook["entry"])[0])
        assert ".venv/bin" == str(program.parent)
        assert f"$(BIN)/{program.name}" in makefile


def test_every_python_of_the_project_is_tried() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))["jobs"]
    ((least, most),) = re.findall(r"^>=3\.(\d+),<3\.(\d+)$", PROJECT["project"]["requires-python"])
    pythons = [f"3.{minor}" for minor in range(int(least), int(most))]
    assert pythons == jobs["test"]["strategy"]["matrix"]["python"]
    classifiers = [f"Programming Language :: Python :: {python}" for python in pythons]
    assert classifiers == [
        name for name in PROJECT["project"]["classifiers"] if re.search(r"Python :: 3\.\d+$", name)
    ]
