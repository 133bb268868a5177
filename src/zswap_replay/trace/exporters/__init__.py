"""Exporters: traces as other programs read them. Each has a row here, from which its command is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Exporter:
    """One exporter: a command of ``trace export``."""

    line: str
    """The sentence that ``trace export --help`` shows."""
    text: str
    """What its own ``--help`` says besides."""
    module: str
    """The module of trace/exporters that has its function."""
    example: str


EXPORTERS: Final[Mapping[str, Exporter]] = {
    "csv": Exporter(
        line="Write a trace as comma-separated values.",
        text="All events, with the columns of a trace and a header; trace import csv reads them back. The metadata "
        "of the trace (memory, nodes, recipe) have no place in it.",
        module="csv_table",
        example="zswap-replay trace export csv traces/db.parquet -o db.csv",
    ),
    "arrow": Exporter(
        line="Write a trace as an Arrow IPC file.",
        text="All events and the metadata; trace import arrow reads them back. It is not packed, and can be mapped.",
        module="arrow_table",
        example="zswap-replay trace export arrow traces/db.parquet -o db.arrow",
    ),
    "oraclegeneral": Exporter(
        line="Write the accesses of a trace for libCacheSim.",
        text="Each read and write of a page is a request of an object of 4,096 bytes, with its time in whole seconds "
        "and the number of the next request of its object. Events that are no accesses are left out.",
        module="oraclegeneral",
        example="zswap-replay trace export oraclegeneral traces/db.parquet -o db.oracleGeneral",
    ),
}
"""The exporters by their names; the function of ``x`` is ``export_x`` of its module."""


def run(name: str, trace: Any, output: Any, **arguments: Any) -> Any:
    """Export ``trace`` by the exporter of this name. Raises what that raises."""
    row = EXPORTERS[name]
    return getattr(import_module(f"{__name__}.{row.module}"), f"export_{name}")(trace, output, **arguments)
