"""The kernel model: mm/ of Linux as far as zswap needs it, over columns of integers.

The modules are Cython in pure Python mode. Where they were compiled, the extension modules are imported; where they
were not, or ``ZSWAP_REPLAY_PURE=1`` is set, the same files run interpreted and count the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType


class _Interpreted:
    """Finds the core's modules as source alone, so that no extension module is imported in their place."""

    _finder = FileFinder(os.path.dirname(__file__), (SourceFileLoader, [".py"]))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return self._finder.find_spec(fullname) if fullname.startswith(f"{__name__}.") else None


if os.environ.get("ZSWAP_REPLAY_PURE") == "1":
    sys.meta_path.insert(0, _Interpreted())


def compiled() -> bool:
    """Whether the core runs compiled."""
    from zswap_replay.mm import machine

    return not machine.__file__.endswith(".py")
