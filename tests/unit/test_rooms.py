"""The rooms of the house: an import goes down only, and the core knows nothing of the world outside it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import zswap_replay
from tests.paths import ROOT
from tools import constants
from zswap_replay import units
from zswap_replay.codec.contents import CLASSES
from zswap_replay.lib import event_codes, length_index
from zswap_replay.mm import page
from zswap_replay.trace.schema import Event

Imports = dict[str, set[str]]

PACKAGE = "zswap_replay"
SOURCE = Path(zswap_replay.__file__).parent

ORDER = (
    {"errors", "_import_hooks"},
    {"units"},
    {"json_value"},
    {"files", "inputs"},
    {"lib"},
    {"mm"},
    {"machine"},
    {"trace", "payload", "kernel", "capture"},
    {"settings"},
    {"codec"},
    {"memory"},
    {"result"},
    {"replay"},
    {"compare", "sweep"},
    {"tune"},
    {"report"},
    {"cli"},
    {"__init__", "__main__"},
)
"""The rooms from the ground up: a module imports from rooms below its own, and from its own."""

CORE = ("lib", "mm", "machine")
"""The rooms of the core, which know nothing of the world outside."""


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports_of(path: Path) -> set[str]:
    """The modules that a file imports anywhere, also inside functions and for type checkers alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert 0 == node.level, f"{path}: a relative import"
            assert node.module is not None
            # "from package import x" may mean the module package.x
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.fixture(scope="module", name="imports")
def every_import() -> Imports:
    """What each module imports; not looked up where tests are collected, which each process of pytest-xdist does."""
    return {name_of(path): imports_of(path) for path in sorted(SOURCE.rglob("*.py"))}


def top(name: str) -> str:
    """The part of the house that a module is in: ``mm`` for ``mm.zswap``."""
    return name.split(".")[0]


def ours(imports: set[str]) -> set[str]:
    """Those of the package's own, without its name; the version is the package's, and no module."""
    names = {name.removeprefix(f"{PACKAGE}.") for name in imports if name.startswith(f"{PACKAGE}.")}
    return names - {"__version__"}


def place_of(name: str) -> int:
    """The place of a module's room in the order."""
    (place,) = [place for place, rooms in enumerate(ORDER) if top(name) in rooms]
    return place


def reached_from(name: str, imports: Imports) -> set[str]:
    """The modules that come along when a module is imported."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        for wanted in ours(imports[waiting.pop()]):
            module = next((each for each in (wanted, wanted.rpartition(".")[0]) if each in imports), None)
            if module is not None and module not in reached:
                reached.add(module)
                waiting.append(module)
    return reached


def test_every_module_has_its_room(imports: Imports) -> None:
    known = set().union(*ORDER)
    assert [] == [name for name in imports if top(name) not in known]
    assert len(imports) > 50


def test_imports_go_down(imports: Imports) -> None:
    assert [] == [
        f"{name} imports {wanted}"
        for name in imports
        for wanted in ours(imports[name])
        if top(wanted) != top(name) and place_of(wanted) >= place_of(name)
    ]


def test_no_module_is_reached_from_itself(imports: Imports) -> None:
    assert [] == [name for name in imports if name in reached_from(name, imports)]


def test_the_root_has_few_modules() -> None:
    assert len(list(SOURCE.glob("*.py"))) <= 8


def test_modules_and_classes_are_short() -> None:
    """No module is above 450 lines but those that stand beside a long file of the kernel, and no class above 400."""
    files = {name_of(path): path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}
    classes = {
        f"{name}.{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, text in files.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef)
    }
    assert {"mm.zswap"} == {name for name, text in files.items() if len(text.splitlines()) > 450} - {
        "mm.vmscan"
    }
    assert {} == {name: lines for name, lines in classes.items() if lines > 400}


def test_the_core_imports_cython_numpy_and_itself(imports: Imports) -> None:
    for name in imports:
        if top(name) in CORE:
            foreign = {top(wanted) for wanted in imports[name]} - set(sys.stdlib_module_names)
            assert foreign <= {"cython", "numpy", PACKAGE}, name
            assert set(CORE) >= {top(wanted) for wanted in ours(imports[name])}, name


def test_neither_the_format_nor_the_reports_know_the_core(imports: Imports) -> None:
    allowed = {
        "mm",
        "mm.release_changes",
        "mm.releases",
        "mm.rules",
        "lib",
        "lib.column_passes",
        "lib.event_codes",
        "lib.host_memory",
        *("lib.block_table", "lib.page_indices"),
        "lib.splitmix",
        *("lib.columns", "lib.rank_bitmap", "lib.stack_distance"),
    }
    assert {} == {
        name: known
        for name in imports
        if top(name) in ("trace", "report")
        and (known := {each for each in reached_from(name, imports) if top(each) in CORE} - allowed)
    }


@pytest.mark.parametrize("declared", sorted(SOURCE.glob("*/*.pxd")), ids=lambda path: str(path.stem))
def test_a_pxd_has_no_constants_but_those_that_are_generated(declared: Path) -> None:
    text = declared.read_text(encoding="utf-8")
    assert text.count("enum") == text.count(f"{constants.MARK}\ncpdef enum:") <= 1


def test_the_constants_of_the_pxds_are_those_of_their_modules() -> None:
    command = [sys.executable, "-m", "tools.constants", "--check"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, "", "") == (checked.returncode, checked.stdout, checked.stderr)


def test_a_stale_constant_is_written_anew() -> None:
    source = SOURCE / "mm" / "zbud.py"
    text = source.with_suffix(".pxd").read_text(encoding="utf-8")
    stale = text.replace("    ZBUD_MAX_SIZE = 3968\n", "    ZBUD_MAX_SIZE = 3969\n    GONE = 1\n")
    assert text != stale
    assert text == constants.written(stale, constants.block(source))
    with pytest.raises(ValueError, match="once"):
        constants.written("cpdef enum:\n    ZBUD_MAX_SIZE = 3968\n", constants.block(source))


def test_no_constant_of_the_format_and_the_codecs_is_numbered_twice() -> None:
    """What the core and the rooms above it both number they take from one module of lib."""
    names = {**vars(event_codes), **vars(length_index)}
    assert {name: names[name] for name in Event.__members__} == {event.name: int(event) for event in Event}
    assert event_codes.CONTROL == Event.SNAPSHOT
    assert event_codes.NR_EVENT_CODES == len(Event)
    assert len(CLASSES) <= length_index.NR_CLASSES
    assert page.PAGE_SIZE == units.PAGE_SIZE
