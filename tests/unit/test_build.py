"""How setup.py builds the core, tried on a package of two small modules of which one cimports the other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

MODULES = {
    "one.pxd": "cpdef int doubled(int number) noexcept\n",
    "one.py": "def doubled(number):\n    return 2 * number\n",
    "two.pxd": (
        "from zswap_replay.lib.one cimport doubled\n"
        "cpdef int fourfold(int number) noexcept\n"
        "cpdef int first(const int[::1] numbers) noexcept\n"
    ),
    "two.py": (
        "from zswap_replay.lib.one import doubled\n\n\n"
        "def fourfold(number):\n    return doubled(doubled(number))\n\n\n"
        "def first(numbers):\n    return numbers[0]\n"
    ),
    "three.pxd": "cpdef int same(int number) noexcept\n",
    "three.py": "def same(number):\n    return number\n",
}

USE = """
import traceback
from array import array
from zswap_replay._import_hooks import install
install()
from zswap_replay.lib import two
print(two.__name__, two.fourfold(3), two.first(array("i", [5, 6])))
try:
    two.fourfold("three")
except TypeError as error:
    last = traceback.extract_tb(error.__traceback__)[-1]
    print(f"{last.filename}:{last.lineno}")
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The folder of the modules, below a copy of setup.py."""
    shutil.copy(ROOT / "setup.py", tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "zswap-replay"\nversion = "0"\n\n'
        '[tool.setuptools]\npackage-dir = { "" = "src" }\npackages = ["zswap_replay", "zswap_replay.lib"]\n',
        encoding="utf-8",
    )
    folder = tmp_path / "src" / "zswap_replay" / "lib"
    folder.mkdir(parents=True)
    for name, text in ({"__init__.py": "", "../__init__.py": ""} | MODULES).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def build(package: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What ``make core`` does, optimizing nothing, with other variables in the environment."""
    return subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=package.parents[2],
        env=os.environ | {"ZSWAP_REPLAY_REQUIRE_CORE": "1", "ZSWAP_REPLAY_OPTIMIZE": "0"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )


def built(package: Path) -> dict[str, int]:
    """The extensions, by module, with the time when each was made."""
    return {path.name.partition(".")[0]: path.stat().st_mtime_ns for path in package.glob("*.so")}


def rebuilt(package: Path) -> set[str]:
    """The modules whose extensions a build makes anew."""
    before = built(package)
    assert 0 == build(package).returncode
    return {name for name, made in built(package).items() if made != before[name]}


def edit(path: Path, text: str) -> None:
    """Write a file when all that was made is a minute old, so that it is newer, however coarse the clock."""
    for made in (path for path in path.parents[3].rglob("*") if path.is_file()):
        status = made.stat()
        os.utime(made, ns=(status.st_atime_ns, status.st_mtime_ns - 60 * 10**9))
    path.write_text(text, encoding="utf-8")


def test_what_changed_is_compiled_and_what_needs_it(package: Path) -> None:
    done = build(package)
    assert 0 == done.returncode, done.stdout
    first = built(package)
    assert {"one", "two", "three"} == set(first)
    assert ["_cyutility"] == list(built(package.parent))

    assert 0 == build(package).returncode
    assert first == built(package)

    edit(package / "three.py", "def same(number):\n    return number + 0\n")
    assert {"three"} == rebuilt(package)

    edit(package / "one.pxd", MODULES["one.pxd"].replace("noexcept", "except -1"))
    assert {"one", "two"} == rebuilt(package)


def test_one_unit_has_all_modules_each_with_its_own_name_and_lines(package: Path) -> None:
    for name in ("three.py", "three.pxd"):
        (package / name).unlink()
    for copied in ("tools/one_unit.py", "src/zswap_replay/_import_hooks.py"):
        (package.parents[2] / copied).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / copied, package.parents[2] / copied)
    done = build(package, ZSWAP_REPLAY_ONE_UNIT="1")
    assert 0 == done.returncode, done.stdout
    assert ["_core"] == list(built(package.parent))
    assert {} == built(package)

    used = subprocess.run(
        [sys.executable, "-c", USE], cwd=package.parents[1], capture_output=True, text=True, check=True
    )
    assert ["zswap_replay.lib.two", "12", "5", "src/zswap_replay/lib/two.py:4"] == used.stdout.split()

    assert 0 == build(package).returncode
    assert ["_cyutility"] == list(built(package.parent))  # the unit would be found first
    assert {"one", "two"} == set(built(package))


def test_a_module_that_is_gone_leaves_no_extension(package: Path) -> None:
    (package / "four.cpython-311-x86_64-linux-gnu.so").touch()
    (package / "four.c").touch()
    for name in ("one", "two"):
        (package / f"{name}.pxd").unlink()
    assert 0 == build(package).returncode
    assert {"three"} == set(built(package))
    assert {"three.c"} == {path.name for path in package.glob("*.c")}


def test_without_a_compiler_a_developer_s_build_fails(package: Path) -> None:
    done = build(package, CC="false")
    assert 0 != done.returncode
    assert {} == built(package)


def test_without_a_compiler_a_user_s_build_says_so_in_one_line_and_goes_on(package: Path) -> None:
    done = build(package, CC="false", ZSWAP_REPLAY_REQUIRE_CORE="0")
    assert 0 == done.returncode, done.stdout
    (said,) = [line for line in done.stdout.splitlines() if line.startswith("zswap-replay: ")]
    assert "it will run interpreted" in said
    assert {} == built(package)


def test_an_interpreted_build_compiles_nothing(package: Path) -> None:
    done = build(package, CC="false", ZSWAP_REPLAY_PURE="1")
    assert 0 == done.returncode, done.stdout
    assert {} == built(package)
