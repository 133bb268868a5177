"""zswap-replay: replay memory traces through a model of Linux zswap, and get the kernel's counters.

>>> import zswap_replay
>>> settings = zswap_replay.Settings(compressor="lz4")  # doctest: +SKIP
>>> result = zswap_replay.replay("traces/two-tenants.parquet", settings)  # doctest: +SKIP
>>> result.end.zswap["written_back_pages"]  # doctest: +SKIP
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zswap_replay.counters import Snapshot
    from zswap_replay.replay import replay
    from zswap_replay.result import Result
    from zswap_replay.results import read_results
    from zswap_replay.settings import KnobWrite, Settings
    from zswap_replay.trace.reader import open_trace

__all__ = ["KnobWrite", "Result", "Settings", "Snapshot", "open_trace", "read_results", "replay"]

_HOMES = {
    "KnobWrite": "settings",
    "Result": "result",
    "Settings": "settings",
    "Snapshot": "counters",
    "open_trace": "trace.reader",
    "read_results": "results",
    "replay": "replay",
}


def __getattr__(name: str) -> object:
    """Import the API's names when they are asked for: the command line starts without pyarrow and numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


class _Package(ModuleType):
    """The package, in which ``replay`` stays the function when the module of that name is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
