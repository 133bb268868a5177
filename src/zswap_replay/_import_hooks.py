"""The import hooks of the core: interpreted from its sources, or compiled in one library that has all its modules.

Without either, each module is found as Python does: its own library, or its source where there is none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from types import ModuleType

_PACKAGE = f"{__name__.partition('.')[0]}."
_SHARED = "_cyutility"
"""The one module of the library that has no .pxd: what Cython writes for all others."""
_LIBRARY = os.path.join(os.path.dirname(__file__), f"_core{EXTENSION_SUFFIXES[0]}")


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


class _InOneUnit:
    """A meta path finder that finds the core's modules in the library: it has an entry for each, by its name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_PACKAGE):
            return None
        name = fullname.removeprefix(_PACKAGE)
        declared = f"{name.rpartition('.')[2]}.pxd"
        if name != _SHARED and not any(
            os.path.exists(os.path.join(folder, declared)) for folder in path or ()
        ):
            return None
        spec = ModuleSpec(fullname, ExtensionFileLoader(fullname, _LIBRARY), origin=_LIBRARY)
        spec.has_location = True
        return spec


def install() -> None:
    """Put the finder that is needed, if one is, first on ``sys.meta_path``: ZSWAP_REPLAY_PURE=1 asks for sources."""
    if os.environ.get("ZSWAP_REPLAY_PURE") == "1":
        sys.meta_path.insert(0, _Interpreted())
    elif os.path.exists(_LIBRARY):
        sys.meta_path.insert(0, _InOneUnit())
