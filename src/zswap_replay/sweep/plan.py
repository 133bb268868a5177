"""What is known of a sweep before its first point runs: the grid, checked, and what its rows depend on."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zswap_replay.codec.base import lengths_key
from zswap_replay.errors import SettingsError, ZswapReplayError
from zswap_replay.replay.loop import Replay
from zswap_replay.result.manifest import versions
from zswap_replay.settings import Settings
from zswap_replay.sweep.columns import Possible
from zswap_replay.sweep.grid import Grid, Option, build
from zswap_replay.sweep.point import Task, workspace_of
from zswap_replay.sweep.result import Cell
from zswap_replay.sweep.workingset import WorkingSets
from zswap_replay.trace.info import describe
from zswap_replay.trace.reader import TraceReader, open_trace


@dataclass(frozen=True, slots=True)
class Plan:
    """A grid of which every point can be replayed, as far as that can be told without doing it."""

    grid: Grid
    settings: tuple[Settings, ...]
    """By point, as the replay takes them: compressors by their one name, RAM and nodes filled in."""
    columns: tuple[str, ...]
    """The columns of numbers that rows may have."""
    manifest: dict[str, Any]
    token: str
    """Tells this sweep from others, in a process that serves several."""

    def task(self, point: int, known: dict[str, Any]) -> Task:
        """What a worker needs to replay a point; ``known`` are lengths that others have learned."""
        trace = self.manifest["trace"]
        return Task(
            self.token, trace["path"], self.manifest["strict"], trace["sha256"], self.settings[point], known
        )

    def group(self, point: int) -> Hashable:
        """What the points have in common whose lengths hold for one another: see schedule."""
        settings = self.settings[point]
        if settings.lengths:
            return point  # nothing is compressed
        key = lengths_key(settings.compressor, settings.kernel)
        return key, settings.recipe, settings.payload_file, settings.seed

    def axes_of(self, point: int) -> dict[str, Cell]:
        """The values of the axes at a point."""
        return {**self.grid.cells(self.settings[point])}

    @property
    def identity(self) -> dict[str, Any]:
        """As ``identity`` of the manifest."""
        return identity(self.manifest)


def identity(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a sweep's manifest in which two must agree for their rows to stand in one table."""
    trace = {key: manifest["trace"][key] for key in ("sha256", "events")}
    return {**{key: value for key, value in manifest.items() if key != "given"}, "trace": trace}


def make_plan(trace: str, options: Sequence[Option], *, strict: bool, remember: bool) -> Plan:
    """Reads the trace once, and checks every point of the grid of some options. Nothing is replayed.

    ``remember`` is for a process that will replay points itself.

    Raises ZswapReplayError: whatever would stop a point before its first event.
    """
    token = uuid.uuid4().hex
    grid = None if any(option.has_share for option in options) else build(options)
    reader = (
        workspace_of(token, trace, strict=strict).reader() if remember else open_trace(trace, strict=strict)
    )
    sets: dict[str, int] = {}
    if grid is None:
        working = WorkingSets(describe(reader))
        grid = build(options, working)
        sets = {path: working.size(path) for path in reader.paths}
    sha256 = reader.sha256()
    _check_memcgs(grid, reader)
    settings: list[Settings] = []
    columns = Possible(reader.paths)
    recipes: dict[str, object] = {}
    codecs: dict[str, str] = {}
    for point in grid.points:
        replay = _ready(reader, trace, point.settings, point.label if grid.axes else "")
        settings.append(replay.settings)
        columns.add(replay.take_snapshot("start"))
        recipes[replay.settings.recipe] = replay.outside.recipe.as_json()
        codecs |= replay.outside.versions()
    values = [grid.cells(each) for each in settings]
    return Plan(
        grid=grid,
        settings=tuple(settings),
        columns=columns.names(),
        manifest={
            "trace": {"path": trace, "sha256": sha256, "events": reader.num_rows},
            "settings": _base(grid, settings[0]),
            "strict": strict,
            "axes": {
                axis.name: list(dict.fromkeys(each[axis.name] for each in values)) for axis in grid.axes
            },
            "given": {option.name: list(option.texts) for option in grid.options},
            "working_sets": sets,
            "recipes": recipes,
            "files": _digests(settings),
            "versions": versions(codecs),
        },
        token=token,
    )


def _check_memcgs(grid: Grid, reader: TraceReader) -> None:
    for option in grid.axes:
        if option.is_knob and option.memcg not in reader.paths:
            raise SettingsError(
                f"{option.flag} {','.join(option.texts)}: the trace has no memcg {option.memcg}, so that its points "
                "would be alike"
            )


def _ready(reader: TraceReader, trace: str, settings: Settings, label: str) -> Replay:
    """A replay that has taken its settings. Raises ZswapReplayError, with the point in its text."""
    try:
        replay = Replay(reader, trace, settings, _no_notes)
        replay.apply_settings()
    except ZswapReplayError as error:
        raise type(error)(f"{label}: {error}" if label else str(error)) from None
    return replay


def _no_notes(_text: str) -> None:
    """Remarks come again when the point is replayed."""


def _base(grid: Grid, settings: Settings) -> dict[str, object]:
    """The settings that all points share, as a manifest holds them."""
    axes = {axis.name for axis in grid.axes}
    shared = {name: value for name, value in settings.as_json().items() if name not in axes}
    shared["set"] = [str(write) for write in settings.knobs if f"{write.memcg}:{write.key}" not in axes]
    return shared


def _digests(settings: Sequence[Settings]) -> dict[str, str]:
    """SHA-256 of the files, other than the trace, that payloads and lengths come from."""
    paths = dict.fromkeys(path for each in settings for path in (each.payload_file, each.lengths) if path)
    found = {}
    for path in paths:
        with open(path, "rb") as file:
            found[path] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
