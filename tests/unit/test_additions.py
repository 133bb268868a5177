"""What belongs to a release, a command or an importer beside its row: what is forgotten is named."""

from __future__ import annotations

import re
from importlib import import_module
from inspect import signature
from pathlib import Path

import click
import pytest

from tests.conformance.cases import KERNELS, RECORDED
from zswap_replay.cli.main import COMMANDS
from zswap_replay.mm.releases import DEFAULT_RELEASE, RELEASES
from zswap_replay.trace.exporters import EXPORTERS
from zswap_replay.trace.importers import IMPORTERS

ROOT = Path(__file__).parents[2]
DOCUMENTS = "\n".join(
    path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
)
CASES = (ROOT / "tests" / "conformance" / "README.md").read_text(encoding="utf-8")
MAN = (ROOT / "man" / "zswap-replay.1").read_text(encoding="utf-8").replace("\\-", "-")


@pytest.mark.parametrize("name", RELEASES)
def test_a_release_has_recorded_cases_and_its_place_in_the_documents(name: str) -> None:
    missing = []
    if name not in KERNELS:
        missing.append(f"{name} in KERNELS of tests/conformance/cases.py")
    files = ("cases.json", "counters.parquet", "lengths.parquet", "trace.parquet")
    missing += [
        f"tests/conformance/recorded/{name}/{file}" for file in files if not (RECORDED / name / file).exists()
    ]
    if f"| `{name}` | {RELEASES[name].recorded.split()[0]}" not in CASES:
        missing.append(f"a row of {name} and its version in tests/conformance/README.md")
    for page in ("README.md", "docs/api.md"):
        values = "\n".join(re.findall(r"^\| `(?:--)?kernel` \|.*$", _text(ROOT / page), re.MULTILINE))
        if not re.search(rf'[`"]{re.escape(name)}["`]', values):
            missing.append(f"{name} in the row of --kernel, {page}")
    if not re.search(rf"Kernel whose rules are replayed: .*\b{re.escape(name)}\b", MAN):
        missing.append(f"{name} in man/zswap-replay.1 (make man)")
    assert not missing, "; ".join(missing)


def test_releases_are_named_as_their_rows_and_one_is_the_default() -> None:
    assert list(RELEASES) == [release.name for release in RELEASES.values()]
    assert DEFAULT_RELEASE in RELEASES


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_module_a_line_a_page_and_its_place_in_the_documents(name: str) -> None:
    missing = []
    cli = ROOT / "src" / "zswap_replay" / "cli"
    module = name.replace("-", "_")
    if not ((cli / f"{module}.py").exists() or (cli / module / "__init__.py").exists()):
        missing.append(f"src/zswap_replay/cli/{module}.py")
    if not COMMANDS[name].endswith("."):
        missing.append(f"a sentence for {name} in COMMANDS")
    if f"zswap-replay {name}" not in MAN:
        missing.append(f"zswap-replay {name} in man/zswap-replay.1 (make man)")
    if f"zswap-replay {name}" not in DOCUMENTS:
        missing.append(f"zswap-replay {name} in README.md or docs/")
    if not any((ROOT / tests / f"test_{module}.py").exists() for tests in ("tests/cli", "tests/unit/cli")):
        missing.append(f"tests/cli/test_{module}.py")
    assert not missing, "; ".join(missing)


def test_every_command_is_listed() -> None:
    cli = ROOT / "src" / "zswap_replay" / "cli"
    modules = [path for path in cli.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    found = {
        module.stem.replace("_", "-")
        for module in modules
        if isinstance(
            getattr(import_module(f"zswap_replay.cli.{module.stem}"), module.stem, None), click.Command
        )
    }
    missing = [f"{name} in COMMANDS of cli/first_help.py" for name in sorted(found.difference(COMMANDS))]
    assert not missing, "; ".join(missing)
    assert found == set(COMMANDS)


@pytest.mark.parametrize("name", IMPORTERS)
def test_an_importer_has_its_function_a_page_and_its_place_in_the_documents(name: str) -> None:
    missing = []
    row = IMPORTERS[name]
    place, function = row.place(name)
    module = place.rpartition(".")[2]
    source = ROOT / "src" / "zswap_replay"
    if f"def {function}(" not in _text(source / "trace" / "importers" / f"{module}.py"):
        missing.append(f"{function} in src/zswap_replay/trace/importers/{module}.py")
    if row.own_command and f"def {name}(" not in _text(source / "cli" / "trace" / f"{name}.py"):
        missing.append(f"{name} in src/zswap_replay/cli/trace/{name}.py")
    if not row.own_command:
        taken = signature(getattr(import_module(place), function)).parameters
        options = [option.name for option in row.options]
        missing += [
            f"the argument {option} of {function}"
            for option in [*options, "memcg", "origin", "overwrite", "progress"]
            if option not in taken
        ]
        if not row.example:
            missing.append(f"an example in the row of {name}")
    if f"zswap-replay trace import {name}" not in MAN:
        missing.append(f"zswap-replay trace import {name} in man/zswap-replay.1 (make man)")
    if f"trace import {name}" not in DOCUMENTS:
        missing.append(f"trace import {name} in README.md or docs/")
    if not (ROOT / "tests" / "unit" / "trace" / f"test_{module}.py").exists():
        missing.append(f"tests/unit/trace/test_{module}.py")
    assert not missing, "; ".join(missing)


def test_every_importer_is_listed() -> None:
    found = {path.stem for path in (ROOT / "src/zswap_replay/trace/importers").glob("*.py")} - {"__init__"}
    listed = {row.place(name)[0].rpartition(".")[2] for name, row in IMPORTERS.items()}
    missing = [f"a row of {name} in IMPORTERS of trace/importers" for name in sorted(found - listed)]
    assert not missing, "; ".join(missing)


@pytest.mark.parametrize("name", EXPORTERS)
def test_an_exporter_has_its_function_a_page_and_its_place_in_the_documents(name: str) -> None:
    missing = []
    module = f"src/zswap_replay/trace/exporters/{EXPORTERS[name].module}.py"
    if f"def export_{name}(" not in _text(ROOT / module):
        missing.append(f"export_{name} in {module}")
    for where, text in (("man/zswap-replay.1 (make man)", MAN), ("README.md or docs/", DOCUMENTS)):
        if f"trace export {name}" not in text:
            missing.append(f"trace export {name} in {where}")
    assert not missing, "; ".join(missing)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
