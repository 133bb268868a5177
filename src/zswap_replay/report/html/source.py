"""From a file that ``run`` or ``sweep`` wrote to its page."""

from __future__ import annotations

import os

from zswap_replay.errors import ResultError, SettingsError
from zswap_replay.report.html.pages.page import Page
from zswap_replay.report.html.sweepfile import is_parquet, read_sweep
from zswap_replay.result.file import read_results


def target_for(source: str, output: str | None) -> str:
    """Name the page of a file: ``output``, else the file beside it with the ending ``.html``.

    Raises SettingsError: there is no such name, or it is that of the input.
    """
    if output is None and os.path.exists(source) and not os.path.isfile(source):
        raise SettingsError(f"{source}: it is no file to put a page beside; -o names one")
    target = output if output is not None else os.path.splitext(source)[0] + ".html"
    if os.path.isfile(source) and os.path.realpath(source) == os.path.realpath(target):
        raise SettingsError(f"{target}: the page would replace its input; -o names another file")
    return target


def page_of(source: str, figure: str | None = None, axes: str | None = None) -> Page:
    """The page of a file: a sweep where it begins as Parquet does, else the results of a JSON file.

    ``figure`` and ``axes`` (two between a comma) choose what the maps of a sweep show.

    Raises ResultError: the file is neither. SettingsError: it has no such figure or axes. OSError: it cannot be read.
    """
    if is_parquet(source):
        sweep = read_sweep(source)
        from zswap_replay.report.html.pages.sweeps import DEFAULT_FIGURE, sweep_page

        return sweep_page(sweep, figure or DEFAULT_FIGURE, tuple(axes.split(",")) if axes is not None else ())
    if figure is not None or axes is not None:
        raise SettingsError(f"{source}: --figure and --axes are for sweeps, and this is no Parquet file")
    results = read_results(source)
    from zswap_replay.report.html.pages.results import result_page

    try:
        return result_page(results)
    except ResultError as error:
        raise ResultError(f"{source}: {error}") from None
