"""Replays a capture of a live kernel, and holds it against what that kernel counted."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from zswap_replay.compare.live import LiveCheck, compare
from zswap_replay.errors import SettingsError
from zswap_replay.replay.loop import replay
from zswap_replay.trace.importers.capture import import_capture, lengths_path


def live_check(
    source: str | os.PathLike[str],
    *,
    counters: str | os.PathLike[str] | None = None,
    env: str | os.PathLike[str] | None = None,
    kernel: str | None = None,
    notes: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LiveCheck:
    """Import a capture, replay it under the release that was captured, and compare every counter that both have.

    Raises TraceError: the capture cannot be read. SettingsError: no counters were saved with it, or nothing says which
    kernel it was and how much memory it had.
    """
    with TemporaryDirectory(prefix="zswap-replay-") as folder:
        trace = Path(folder) / "capture.parquet"
        capture = import_capture(source, trace, counters=counters, env=env)
        name = os.fspath(source)
        if not capture.saved:
            raise SettingsError(
                f"{name}: found no saved counters beside it; expected NAME.counters.json, or --counters FILE"
            )
        if kernel is None:
            if capture.environment.kernel is None:
                raise SettingsError(
                    f"{name}: found nothing that names its kernel; expected NAME.env.txt, --env FILE or --kernel"
                )
            kernel = capture.environment.kernel
        if capture.environment.totalram_pages is None:
            raise SettingsError(
                f"{name}: found nothing that tells the memory of its machine; expected NAME.env.txt or --env FILE"
            )
        result = replay(
            trace, kernel=kernel, lengths=str(lengths_path(trace)), notes=notes, progress=progress
        )
    values, not_placed = compare(capture, result)
    return LiveCheck(name, capture, result, tuple(values), tuple(not_placed))
