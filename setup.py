"""Build the modules that have a .pxd as extension modules; without a C compiler the package is installed interpreted.

They are the kernel model, and what makes, compresses and keeps pages for it.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PACKAGE = Path("src/zswap_replay")


class BuildCore(build_ext):
    """The build of the core: all of its modules are compiled, or none, as the two kinds do not mix."""

    def finalize_options(self) -> None:
        """Compile on all processors."""
        super().finalize_options()
        self.parallel = os.cpu_count()

    def run(self) -> None:
        """Build the modules; where that fails, delete what was built and say so in one line."""
        try:
            super().run()
        except Exception as error:
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
    from Cython.Build import cythonize

    modules: list[Extension] = cythonize(
        [
            Extension(
                f"zswap_replay.{source.parent.name}.{source.stem}", [str(source)], extra_compile_args=["-O3"]
            )
            for source in sorted(path.with_suffix(".py") for path in PACKAGE.glob("*/*.pxd"))
        ],
        nthreads=os.cpu_count() or 1,
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
    return modules


setup(ext_modules=core(), cmdclass={"build_ext": BuildCore})
