"""From a file that ``run`` or ``sweep`` wrote to its page."""

from __future__ import annotations

import os

from zswap_replay.errors import ResultError, SettingsError
from zswap_replay.files import check_output
from zswap_replay.inputs.spool import STANDARD_INPUT, path_of
from zswap_replay.report.html.pages.content import Page
from zswap_replay.result.file import read_results

_PARQUET_MAGIC = b"PAR1"


def is_parquet(path: str) -> bool:
    """Tell whether a file begins as Parquet files do; what is in a pipe is kept for who reads it. Raises OSError."""
    with open(path_of(path), "rb") as file:
        return file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC


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


def page_of(source: str, figure: str | None = None, axes: str | None = None) -> Page:
    """Make the page of a file: a sweep where it begins as Parquet does, else the results of a JSON file.

    ``figure`` and ``axes`` (two between a comma) choose what the maps of a sweep show.

    Raises ResultError: the file is neither. SettingsError: it has no such figure or axes. OSError: it cannot be read.
    """
    if is_parquet(source):
        from zswap_replay.sweep.file import read

        sweep = read(source)
        from zswap_replay.report.html.pages.sweeps import sweep_page

        return sweep_page(sweep, figure, tuple(axes.split(",")) if axes is not None else ())
    if figure is not None or axes is not None:
        raise SettingsError(f"{source}: --figure and --axes are for sweeps, and this is no Parquet file")
    results = read_results(source)
    from zswap_replay.report.html.pages.results import result_page

    try:
        return result_page(results)
    except ResultError as error:
        raise ResultError(f"{source}: {error}") from None
