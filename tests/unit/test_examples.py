"""The examples of the API's documentation, run as they stand, and a user's program as mypy sees it."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

import zswap_replay
from tests.paths import ROOT
from zswap_replay.replay.keywords import SettingsOptions
from zswap_replay.result.result import Result

FENCE = re.compile(r"^```.*$", re.MULTILINE)
SOURCE = Path(zswap_replay.__file__).parent
MODULES = [
    ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(SOURCE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.fixture
def at_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that has the bundled traces as the repository's root has them, and that may be written to."""
    (tmp_path / "traces").symlink_to(ROOT / "traces")
    monkeypatch.chdir(tmp_path)


def run(example: doctest.DocTest) -> tuple[int, str]:
    """How many lines were tried, and what was not as it should be."""
    runner = doctest.DocTestRunner(verbose=False)
    report: list[str] = []
    tried = runner.run(example, out=report.append).attempted
    return tried, "".join(report)


@pytest.mark.usefixtures("at_the_root")
@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    found = [test for test in doctest.DocTestFinder().find(module, module.__name__) if test.examples]
    assert [] != found
    for example in found:
        assert (len(example.examples), "") == run(example)


@pytest.mark.usefixtures("at_the_root")
def test_examples_of_the_reference() -> None:
    path = ROOT / "docs" / "api.md"
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    example = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    assert len(example.examples) > 15
    assert (len(example.examples), "") == run(example)


def test_the_reference_names_all_of_the_api() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert [] == [name for name in zswap_replay.__all__ if name not in text]
    assert [] == [name for name in SettingsOptions.__annotations__ if f"`{name}`" not in text]
    members = [name for name in vars(Result) if not name.startswith("_") and name != "from_value"]
    assert [] == [name for name in members if f"`{name}" not in text]


def test_the_modules_with_examples_are_found() -> None:
    assert {"zswap_replay", "zswap_replay.replay.loop"} <= set(MODULES)
