"""Build the modules that have a .pxd as extension modules; without a C compiler the package is installed interpreted.

They are the kernel model, and what makes, compresses and keeps pages for it. Read from the environment:

ZSWAP_REPLAY_PURE=1          build no extension module
ZSWAP_REPLAY_REQUIRE_CORE=1  fail where the core does not compile: for developers, CI and wheels
ZSWAP_REPLAY_OPTIMIZE=1      how far the C compiler optimizes, 3 where it is not set: the gate takes a core that is
                             compiled in half the time
ZSWAP_REPLAY_ONE_UNIT=1      link all modules into one library, in which they call each other without a table and are
                             inlined into each other (tools/one_unit.py); 0: each is a library of its own. Where it is
                             not set, what is installed for use is one unit, and what is built where it lies, to be
                             worked on, is not: one module is compiled anew in seconds.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, ExecError, PlatformError

PACKAGE = Path("src/zswap_replay")
UNIT = "_core"
"""The library that has all modules, in the package's folder: _import_hooks.py finds them there."""
SHARED = "_cyutility"
"""The module of what Cython writes for views of memory; else each module has its own, three quarters of its C."""
CORES = os.cpu_count() or 1


class BuildCore(build_ext):
    """The build of the core: all of its modules are compiled, or none, as the two kinds do not mix."""

    def finalize_options(self) -> None:
        """Compile on all processors."""
        super().finalize_options()
        self.parallel = CORES

    def run(self) -> None:
        """Build the modules; where that fails, delete what was built and say so in one line."""
        for made in [*PACKAGE.glob("*/*.so"), *PACKAGE.glob("*/*.c")]:
            if not (made.parent / made.name.split(".")[0]).with_suffix(".pxd").exists():
                made.unlink()  # its module was moved or deleted, and could be imported still
        made_for_wheel = Path(self.build_lib, PACKAGE.name)
        for built in [*PACKAGE.glob(f"{UNIT}.*.so"), *made_for_wheel.glob(f"{UNIT}.*.so")]:
            built.unlink()  # it would be found first
        if self.in_one_unit() and not self.inplace:
            for built in made_for_wheel.rglob("*.so"):
                built.unlink()  # they would be in the wheel too
        try:
            if self.extensions:
                *modules, unit = self.extensions
                translate(modules)
                if not (self.in_one_unit() and self.built(join(unit, modules))):
                    self.extensions = modules
                    super().run()
        except Exception as error:
            if os.environ.get("ZSWAP_REPLAY_REQUIRE_CORE") == "1":
                raise
            self.inplace = False
            for built in [*PACKAGE.rglob("*.so"), *made_for_wheel.rglob("*.so")]:
                built.unlink()
            self.extensions = []
            reason = str(error).strip().splitlines()[-1]
            print(f"zswap-replay: core not compiled ({reason}); it will run interpreted", file=sys.stderr)

    def in_one_unit(self) -> bool:
        """Tell whether all modules become one library."""
        asked = os.environ.get("ZSWAP_REPLAY_ONE_UNIT")
        return asked == "1" if asked in ("0", "1") else not (self.inplace or self.editable_mode)

    def built(self, unit: Extension) -> bool:
        """Build the unit; return False where the compiler cannot: the core is slower then."""
        compiler = self.compiler
        self.extensions = [unit]
        try:
            super().run()
        except (CCompilerError, ExecError, PlatformError):
            self.compiler = compiler
            return False
        return True

    def build_extension(self, ext: Extension) -> None:
        """Compile the sources of the unit side by side; setuptools does so for extensions alone."""
        compile_in_turn = self.compiler.compile

        def compile_side_by_side(sources: list[str], **options: Any) -> list[str]:
            with ThreadPoolExecutor(CORES) as pool:
                made = pool.map(lambda source: compile_in_turn([source], **options), sources)
                return [file for files in made for file in files]

        if ext.name == f"zswap_replay.{UNIT}":
            self.compiler.compile = compile_side_by_side
        super().build_extension(ext)


def core() -> list[Extension]:
    """Return the extension modules, behind them the shared one, and last the unit of them all.

    There are none where ZSWAP_REPLAY_PURE=1 asks for none.
    """
    if os.environ.get("ZSWAP_REPLAY_PURE") == "1":
        return []
    # Debug information takes a quarter of the compiler's time, and its warnings are of C that nobody wrote.
    flags = [f"-O{os.environ.get('ZSWAP_REPLAY_OPTIMIZE', '3')}", "-g0", "-w"]
    modules = [
        Extension(f"zswap_replay.{source.parent.name}.{source.stem}", [str(source)], extra_compile_args=flags)
        for source in sorted(path.with_suffix(".py") for path in PACKAGE.glob("*/*.pxd"))
    ]
    modules.append(
        Extension(f"zswap_replay.{SHARED}", [str(PACKAGE / f"{SHARED}.c")], extra_compile_args=flags)
    )
    # C that Cython writes is long for what it does, and GCC inlines by length: another tenth of the instructions goes.
    unit_flags = [*flags, "--param=max-inline-insns-auto=300", "--param=inline-unit-growth=200"]
    inlining = [*unit_flags, "-flto"]
    linking = [*unit_flags, f"-flto={CORES}"]
    unit = Extension(f"zswap_replay.{UNIT}", [], extra_compile_args=inlining, extra_link_args=linking)
    return [*modules, unit]


def translate(modules: list[Extension]) -> None:
    """Translate the sources of modules to C where they, or a .pxd that they cimport, are newer than their C.

    All of them are where this file is newer, or another Cython wrote any.
    """
    import Cython
    from Cython.Build import cythonize

    newest = Path(__file__).stat().st_mtime  # the directives below are this file's
    by_this = f"/* Generated by Cython {Cython.__version__} */"  # what modules share is one Cython's

    def is_stale(c: Path) -> bool:
        with c.open(encoding="utf-8") as lines:
            return c.stat().st_mtime < newest or next(lines, "").rstrip() != by_this

    translated = cythonize(
        modules,
        nthreads=CORES,
        force=any(map(is_stale, PACKAGE.rglob("*.c"))),
        language_level=3,
        include_path=["src"],
        shared_utility_qualified_name=f"zswap_replay.{SHARED}",
        compiler_directives={
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
            "nonecheck": False,
        },
    )
    for module, in_c in zip(modules, translated, strict=True):
        module.sources = in_c.sources


def join(unit: Extension, modules: list[Extension]) -> Extension:
    """Write the C that modules have in one unit, and return the unit, which has it for its sources from here on."""
    sys.path.insert(0, str(Path(__file__).parent))
    from tools.one_unit import joined

    folder = Path("build") / "one_unit"
    folder.mkdir(parents=True, exist_ok=True)
    in_c = {module.name: Path(*module.sources).read_text(encoding="utf-8") for module in modules}
    sources = []
    for name, text in joined(in_c).items():
        source = folder / f"{name}.c"
        if not source.exists() or source.read_text(encoding="utf-8") != text:
            source.write_text(text, encoding="utf-8")
        sources.append(str(source))
    unit.sources = sources
    return unit


setup(ext_modules=core(), cmdclass={"build_ext": BuildCore})
