"""zswap-replay: replay memory traces through a model of Linux zswap, and get the kernel's counters.

>>> import zswap_replay as zr
>>> r = zr.replay("traces/story.parquet", max_pool_percent=10)
>>> r.counters["stored_pages"], r.memcg["/web"]["zswpout"], r.derived["compression_ratio"]
(814, 200, 2.016741)
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

from zswap_replay import _import_hooks

__version__ = "0.1.0"
"""The one place where the version stands: what importlib.metadata reads takes 20 ms to import."""

TYPE_CHECKING = False  # typing's own takes longer to import than the help of the command line to print

if TYPE_CHECKING:
    from zswap_replay.errors import (
        CodecError,
        MissingPackageError,
        RecipeError,
        ResultError,
        SchemaError,
        SettingsError,
        TraceError,
        VerificationError,
        ZswapReplayError,
    )
    from zswap_replay.replay.keywords import SettingsOptions
    from zswap_replay.replay.loop import replay
    from zswap_replay.result.file import read_results
    from zswap_replay.result.result import Result
    from zswap_replay.result.snapshot import Snapshot
    from zswap_replay.settings import KnobWrite, Settings
    from zswap_replay.trace.reader import open_trace
    from zswap_replay.trace.write_trace import write_trace

_HOMES = {
    "CodecError": "errors",
    "KnobWrite": "settings",
    "MissingPackageError": "errors",
    "RecipeError": "errors",
    "Result": "result.result",
    "ResultError": "errors",
    "SchemaError": "errors",
    "Settings": "settings",
    "SettingsError": "errors",
    "SettingsOptions": "replay.keywords",
    "Snapshot": "result.snapshot",
    "TraceError": "errors",
    "VerificationError": "errors",
    "ZswapReplayError": "errors",
    "open_trace": "trace.reader",
    "read_results": "result.file",
    "replay": "replay.loop",
    "write_trace": "trace.write_trace",
}
"""The API: each name with the module that has it."""

__all__ = [
    "CodecError",
    "KnobWrite",
    "MissingPackageError",
    "RecipeError",
    "Result",
    "ResultError",
    "SchemaError",
    "Settings",
    "SettingsError",
    "SettingsOptions",
    "Snapshot",
    "TraceError",
    "VerificationError",
    "ZswapReplayError",
    "open_trace",
    "read_results",
    "replay",
    "write_trace",
]


def __dir__() -> list[str]:
    """List the API's names, also those not imported yet."""
    return sorted({*globals(), *__all__})


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

_import_hooks.install()
