"""Forces the source of modules that are compiled as well: ``ZSWAP_REPLAY_PURE=1``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType

_PACKAGE = f"{__name__.partition('.')[0]}."


@cache
def _sources(folder: str) -> FileFinder:
    return FileFinder(folder, (SourceFileLoader, [".py"]))


class _Interpreted:
    """Finds the package's modules as source alone, so that no extension module is imported in their place."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_PACKAGE):
            return None
        found = (_sources(folder).find_spec(fullname) for folder in path or ())
        return next(filter(None, found), None)


def install() -> None:
    """Find modules so from now on, ahead of all other ways."""
    sys.meta_path.insert(0, _Interpreted())
