"""From a file that ``run``, ``sweep`` or ``tune`` wrote, or from a trace, to its page."""

from __future__ import annotations

import os
from collections.abc import Callable

from zswap_replay.errors import ResultError, SettingsError
from zswap_replay.files import check_output
from zswap_replay.inputs.spool import STANDARD_INPUT, path_of
from zswap_replay.report.html.pages.content import Page
from zswap_replay.result.cost_profile import CostProfile
from zswap_replay.result.file import read_results
from zswap_replay.tune.result import is_tuned
from zswap_replay.tune.result import read as read_tuned

_PARQUET_MAGIC = b"PAR1"
_ARROW_MAGIC = b"ARROW1"
_BEGIN = 64
"""Characters by which the JSON of a search is known."""


def is_parquet(path: str) -> bool:
    """Tell whether a file begins as Parquet files do; what is in a pipe is kept for who reads it. Raises OSError."""
    with open(path_of(path), "rb") as file:
        return file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC


def is_trace(path: str) -> bool:
    """Tell whether a file is a trace: a folder, an Arrow file, or Parquet with columns of events. Raises OSError."""
    name = path_of(path)
    if os.path.isdir(name):
        return True
    with open(name, "rb") as file:
        magic = file.read(len(_ARROW_MAGIC))
    if magic == _ARROW_MAGIC:
        return True
    if not magic.startswith(_PARQUET_MAGIC):
        return False
    import pyarrow.parquet as pq

    from zswap_replay.inputs.parquet import UnreadableError, open_local, reading

    try:
        with reading(), open_local(name) as source:
            return {"time_ns", "event"} <= set(pq.read_schema(source).names)
    except UnreadableError:
        return False  # who reads it as a sweep says what is wrong with it


def target_for(source: str, output: str | None, *, overwrite: bool) -> str:
    """Name the page of a file: ``output``, else the file beside it with the ending ``.html``.

    Raises SettingsError: there is no such name, it is that of the input, or of a file that may not be overwritten.
    """
    if output is None and (
        source == STANDARD_INPUT or (os.path.exists(source) and not os.path.isfile(source))
    ):
        raise SettingsError(f"{source}: it is no file to put a page beside; -o names one")
    target = output if output is not None else os.path.splitext(source)[0] + ".html"
    check_output(target, inputs=[source], overwrite=overwrite)
    return target


def page_of(
    source: str,
    figure: str | None = None,
    axes: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    cost: CostProfile | None = None,
) -> Page:
    """Make the page of a file: a trace or a sweep where it begins as Parquet does, else of a JSON file.

    ``figure`` and ``axes`` (two between a comma) choose what the maps of a sweep show. ``progress`` is told the rows of
    a trace that are read, and its rows in all. ``cost`` is what time and wear of results are reckoned by, None for what
    the file says.

    Raises ResultError: the file is none of these. TraceError: the trace is not valid. SettingsError: it has no such
    figure or axes, or is no result and has a ``cost``. CostError: that lacks a compressor. OSError: it cannot be read.
    """
    if cost is not None and is_parquet(source):
        raise SettingsError(
            f"{source}: --cost is for results; a sweep is reckoned when it is made (sweep --cost)"
        )
    if is_trace(source):
        if figure is not None or axes is not None:
            raise SettingsError(f"{source}: --figure and --axes are for sweeps, and this is a trace")
        from zswap_replay.report.html.pages.traces import trace_page
        from zswap_replay.trace.overview import overview
        from zswap_replay.trace.reader import open_trace

        return trace_page(overview(source, open_trace(source), progress))
    if is_parquet(source):
        from zswap_replay.sweep.file import read

        sweep = read(source)
        from zswap_replay.report.html.pages.sweeps import sweep_page

        return sweep_page(sweep, figure, tuple(axes.split(",")) if axes is not None else ())
    if figure is not None or axes is not None:
        raise SettingsError(f"{source}: --figure and --axes are for sweeps, and this is no Parquet file")
    with open(path_of(source), encoding="utf-8", errors="replace") as file:
        begin = file.read(_BEGIN)
        if is_tuned(begin):
            from zswap_replay.report.html.pages.tuned import tuned_page

            return tuned_page(read_tuned(source, begin + file.read()))
    results = read_results(source)
    if cost is not None:
        results = tuple(result.priced(cost) for result in results)
    from zswap_replay.report.html.pages.results import result_page

    try:
        return result_page(results)
    except ResultError as error:
        raise ResultError(f"{source}: {error}") from None
