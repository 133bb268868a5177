"""Replays a capture of a live kernel, and holds it against what that kernel counted."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from zswap_replay.compare.live import LiveCheck, compare
from zswap_replay.errors import SettingsError
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay.loop import replay
from zswap_replay.trace.importers.capture import import_capture, lengths_path

_VERSION = re.compile(r"^(\d+)\.(\d+)")


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
            kernel = release_of(capture.environment.kernel)
        if capture.environment.totalram_pages is None:
            raise SettingsError(
                f"{name}: found nothing that tells the memory of its machine; expected NAME.env.txt or --env FILE"
            )
        result = replay(
            trace, kernel=kernel, lengths=str(lengths_path(trace)), notes=notes, progress=progress
        )
    values, not_placed = compare(capture, result)
    return LiveCheck(name, capture, result, tuple(values), tuple(not_placed))


def release_of(uname: str) -> str:
    """Return the modelled release that stands for a kernel: the newest that is not newer than it, else the oldest.

    >>> release_of("6.12.117+deb12-amd64"), release_of("6.14.2")
    ('6.12', '6.12')
    """
    numbered = {name: _version(name) for name in RELEASES if _version(name)}
    wanted = _version(uname)
    if not wanted:
        raise SettingsError(f"{uname}: is no release of Linux; expected a version such as 6.12, or --kernel")
    older = [name for name, version in numbered.items() if version <= wanted]
    return max(older, key=numbered.__getitem__) if older else min(numbered, key=numbered.__getitem__)


def _version(text: str) -> tuple[int, ...]:
    found = _VERSION.match(text)
    return tuple(map(int, found.groups())) if found else ()
