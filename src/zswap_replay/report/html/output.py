"""Write a page and its charts, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack

from zswap_replay.files import check_output, replacing
from zswap_replay.report.html import png
from zswap_replay.report.html.pages.content import Page
from zswap_replay.report.html.render import render


def write(
    page: Page, target: str, png_folder: str | None, *, inputs: Sequence[str] = (), overwrite: bool = False
) -> int:
    """Write the page to ``target`` and, where a folder is given, its charts there; return how many charts it has.

    Each file appears complete or not at all, and none before all are drawn. ``inputs`` are the files that the page is
    made of.

    Raises SettingsError: a file is an input, or exists and ``overwrite`` is not set. OSError: a file cannot be written.
    """
    charts = list(page.charts())
    pictures = (
        [] if png_folder is None else [os.path.join(png_folder, png.file_name(chart)) for chart in charts]
    )
    for path in (target, *pictures):
        check_output(path, inputs=inputs, overwrite=overwrite)
    if png_folder is not None:
        os.makedirs(png_folder, exist_ok=True)
    with ExitStack() as files:
        # All are made before the first is drawn: what cannot be written is found at once.
        whole, *parts = (
            files.enter_context(replacing(path, inputs=inputs, overwrite=overwrite))
            for path in (target, *pictures)
        )
        whole.write_text(render(page), encoding="utf-8", errors="backslashreplace")
        for part, picture in zip(parts, png.render(charts) if parts else (), strict=True):
            part.write_bytes(picture)
    return len(charts)
