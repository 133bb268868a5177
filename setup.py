"""Build the modules that have a .pxd as extension modules; without a C compiler the package is installed interpreted.

They are the kernel model, and what makes, compresses and keeps pages for it. Read from the environment:

ZSWAP_REPLAY_PURE=1          build no extension module
ZSWAP_REPLAY_REQUIRE_CORE=1  fail where the core does not compile: for developers, CI and wheels
ZSWAP_REPLAY_OPTIMIZE=1      how far the C compiler optimizes, 3 where it is not set: the gate takes a core that is
                             compiled in half the time
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PACKAGE = Path("src/zswap_replay")
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
        try:
            if self.extensions:
                translate(self.extensions)
            super().run()
        except Exception as error:
            if os.environ.get("ZSWAP_REPLAY_REQUIRE_CORE") == "1":
                raise
            self.inplace = False
            for built in [*PACKAGE.glob("*/*.so"), *Path(self.build_lib).glob("zswap_replay/*/*.so")]:
                built.unlink()
            self.extensions: list[Extension] = []
            reason = str(error).strip().splitlines()[-1]
            print(f"zswap-replay: core not compiled ({reason}); it will run interpreted", file=sys.stderr)


def core() -> list[Extension]:
    """Return the extension modules; none where ZSWAP_REPLAY_PURE=1 asks for an interpreted install."""
    if os.environ.get("ZSWAP_REPLAY_PURE") == "1":
        return []
    return [
        Extension(
            f"zswap_replay.{source.parent.name}.{source.stem}",
            [str(source)],
            # Debug information takes a quarter of the compiler's time, and its warnings are of C that nobody wrote.
            extra_compile_args=[f"-O{os.environ.get('ZSWAP_REPLAY_OPTIMIZE', '3')}", "-g0", "-w"],
        )
        for source in sorted(path.with_suffix(".py") for path in PACKAGE.glob("*/*.pxd"))
    ]


def translate(modules: list[Extension]) -> None:
    """Translate the sources of modules to C where they, or a .pxd that they cimport, are newer than their C."""
    from Cython.Build import cythonize

    newest = Path(__file__).stat().st_mtime  # the directives below are this file's
    translated = cythonize(
        modules,
        nthreads=CORES,
        force=any(file.stat().st_mtime < newest for file in PACKAGE.glob("*/*.c")),
        language_level=3,
        include_path=["src"],
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


setup(ext_modules=core(), cmdclass={"build_ext": BuildCore})
