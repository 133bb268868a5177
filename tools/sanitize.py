"""Runs tests on a core that finds what a compiled core passes over in silence: ``python -m tools.sanitize``.

The core is built in build/sanitize with Cython's checks of bounds, of views that were never set and of None, and with
AddressSanitizer and UndefinedBehaviorSanitizer; conformance, property tests and the unit tests of the core run on it.
Then all of conformance runs interpreted. On two processors that have nothing else to do it takes about half an hour.
With ``--build`` the core is built only; with ``--compiled`` nothing runs interpreted; other arguments are pytest's.
Needs GCC. The exit status is 0 where all is clean.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "sanitize"
PACKAGE = BUILD / "zswap_replay"

CHECKS = {
    "boundscheck": True,
    "wraparound": False,
    "cdivision": True,  # as in setup.py: a division by zero is UBSan's to find
    "initializedcheck": True,
    "nonecheck": True,
}
WITH_THE_LOCK = {" nogil\n": "\n", " with gil\n": "\n", "with cython.nogil:": "if True:"}
"""What is said in place of what: Cython checks for None only where the interpreter's lock is held."""
FLAGS = (
    *("-O1", "-g1", "-w", "-fPIC", "-shared", "-fno-omit-frame-pointer"),
    *("-fno-wrapv", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)
COMPILED_TESTS = (
    "tests/conformance",
    "tests/property",
    "tests/unit/lib",
    "tests/unit/mm",
    "tests/unit/machine",
)
LEFT_OUT = (
    "tests/unit/machine/test_hit_path.py",  # looks at generated C, and runs none
    "tests/unit/machine/test_threads.py",  # wants the lock free
    "tests/conformance/test_interpreted.py",
)
INTERPRETED_TESTS = ("tests/conformance/test_releases.py", "tests/conformance/test_access.py")


def build() -> None:
    """Copy the package, translate its core to C with all checks, and compile it with the sanitizers."""
    from Cython.Build import cythonize
    from setuptools import Extension

    shutil.rmtree(BUILD, ignore_errors=True)
    ignored = shutil.ignore_patterns("*.c", "*.so", "__pycache__")
    shutil.copytree(ROOT / "src" / "zswap_replay", PACKAGE, ignore=ignored)
    declared = list(PACKAGE.glob("*/*.pxd"))
    sources = sorted(path.with_suffix(".py") for path in declared)
    for path in (*declared, *sources):
        text = path.read_text(encoding="utf-8")
        for said, instead in WITH_THE_LOCK.items():
            text = text.replace(said, instead)
        path.write_text(text, encoding="utf-8")
    shared = PACKAGE / "_cyutility.c"
    cythonize(
        [*map(str, sources), Extension(f"zswap_replay.{shared.stem}", [str(shared)])],
        nthreads=os.cpu_count() or 1,
        language_level=3,
        include_path=[str(BUILD)],
        shared_utility_qualified_name=f"zswap_replay.{shared.stem}",
        compiler_directives=CHECKS,
        quiet=True,
    )
    # asked for once: threads that ask at the same time for the first time may get None
    suffix = str(sysconfig.get_config_var("EXT_SUFFIX"))
    compiled = [*sources, shared]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_module, compiled, [each.with_name(each.stem + suffix) for each in compiled]))


def compile_module(source: Path, target: Path) -> None:
    """Compile the C of a module. Raises CalledProcessError."""
    include = f"-I{sysconfig.get_path('include')}"
    subprocess.run(["gcc", *FLAGS, include, source.with_suffix(".c"), "-o", target], check=True)


def library(name: str) -> str:
    """Return the path of a library of GCC's."""
    command = ["gcc", f"-print-file-name={name}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def pytest(tests: Sequence[str], environment: dict[str, str]) -> int:
    """Run tests, in parallel where pytest-xdist is there; return the exit status."""
    parallel = ["--numprocesses", "logical"] if find_spec("xdist") else []
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *parallel, *tests]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode


def main(arguments: Sequence[str]) -> int:
    """Build and run; return the exit status."""
    build()
    if "--build" in arguments:
        return 0
    tests = [argument for argument in arguments if argument != "--compiled"]
    sanitized = {
        "PYTHONPATH": str(BUILD),
        "PYTHONMALLOC": "malloc",  # Python's own allocator would hide what is written beyond a block
        "LD_PRELOAD": f"{library('libasan.so')} {library('libubsan.so')}",
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    # a check that fails where a function cannot raise is a message alone: make it a failure
    strict = ["-W", "error::pytest.PytestUnraisableExceptionWarning"]
    ignored = [f"--ignore={path}" for path in LEFT_OUT]
    status = pytest([*strict, *ignored, *(tests or COMPILED_TESTS)], sanitized)
    if status == 0 and "--compiled" not in arguments:
        status = pytest(tests or INTERPRETED_TESTS, {"ZSWAP_REPLAY_PURE": "1"})
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
