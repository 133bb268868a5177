"""Writes a page and its charts, all of them or none."""

from __future__ import annotations

import os
from contextlib import ExitStack

from zswap_replay.errors import SettingsError
from zswap_replay.report import html, png
from zswap_replay.report.files import replacing
from zswap_replay.report.pages.page import Page


def target_for(source: str, output: str | None) -> str:
    """The page that is made of ``source``: ``output``, else the file beside it with the ending ``.html``.

    Raises SettingsError: there is no such name, or it is that of the input.
    """
    if output is None and os.path.exists(source) and not os.path.isfile(source):
        raise SettingsError(f"{source}: it is no file to put a page beside; -o names one")
    target = output if output is not None else os.path.splitext(source)[0] + ".html"
    if os.path.isfile(source) and os.path.realpath(source) == os.path.realpath(target):
        raise SettingsError(f"{target}: the page would replace its input; -o names another file")
    return target


def write(page: Page, target: str, png_folder: str | None, *, force: bool) -> int:
    """Writes the page to ``target`` and, where a folder is given, its charts there; how many charts it has.

    Each file appears complete or not at all, and none before all are drawn.

    Raises SettingsError: a file exists and ``force`` does not allow to replace it. OSError: a file cannot be written.
    """
    contents = {target: html.render(page).encode()}
    if png_folder is not None:
        contents |= {os.path.join(png_folder, name): image for name, image in png.render(page)}
    for path in contents:
        if not force and os.path.isfile(path):
            raise SettingsError(f"{path}: exists; -f replaces it")
    if png_folder is not None:
        os.makedirs(png_folder, exist_ok=True)
    with ExitStack() as files:
        for path, content in contents.items():
            files.enter_context(replacing(path)).write_bytes(content)
    return sum(1 for _chart in page.charts())
