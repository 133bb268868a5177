"""The import hook of ``ZSWAP_REPLAY_PURE=1``: modules are loaded from source, also where they were compiled."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType

_PACKAGE = f"{__name__.partition('.')[0]}."


@cache
def _source_finder(folder: str) -> FileFinder:
    return FileFinder(folder, (SourceFileLoader, [".py"]))


class _Interpreted:
    """A meta path finder that finds the package's modules as source only, never as extension modules."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_PACKAGE):
            return None
        found = (_source_finder(folder).find_spec(fullname) for folder in path or ())
        return next(filter(None, found), None)


def install() -> None:
    """Load the package's modules from source from now on: put the finder first on ``sys.meta_path``."""
    sys.meta_path.insert(0, _Interpreted())
