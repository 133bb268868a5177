"""Write a page and its charts, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from zswap_replay.files import check_output, replacing
from zswap_replay.report.html import png
from zswap_replay.report.html.pages.content import Page
from zswap_replay.report.html.render import render

Progress = Callable[[int, int, str], None]
"""Called with the drawings done, those there are in all, and what they are."""


def _not_told(_done: int, _total: int, _unit: str) -> None:
    """Drop what is told of the progress."""


def write(
    page: Page,
    target: str,
    png_folder: str | None,
    *,
    inputs: Sequence[str] = (),
    overwrite: bool = False,
    progress: Progress = _not_told,
) -> int:
    """Write the page to ``target`` and, where a folder is given, its charts there; return how many charts it has.

    Each file appears complete or not at all, and none before all are drawn. ``inputs`` are the files that the page is
    made of. ``progress`` hears of each chart that is drawn, for the page and once more for its file.

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
    drawings = len(charts) + len(pictures)
    with ExitStack() as files:
        # All are made before the first is drawn: what cannot be written is found at once.
        whole, *parts = (
            files.enter_context(replacing(path, inputs=inputs, overwrite=overwrite))
            for path in (target, *pictures)
        )
        text = render(page, lambda done: progress(done, drawings, "charts"))
        whole.write_text(text, encoding="utf-8", errors="backslashreplace")
        for done, (part, picture) in enumerate(
            zip(parts, png.render(charts) if parts else (), strict=True), len(charts) + 1
        ):
            part.write_bytes(picture)
            progress(done, drawings, "charts")
    return len(charts)
