"""What is known of a sweep before its first point runs: the grid, checked, and what its rows depend on.

A point is made when it is asked for, and no machine is: a large grid is checked at the few points that can differ.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

from zswap_replay.codec.base import lengths_key
from zswap_replay.errors import SettingsError
from zswap_replay.files import shown
from zswap_replay.inputs.spool import path_of
from zswap_replay.kernel.names import resolve
from zswap_replay.mm.release_changes import release_of
from zswap_replay.replay.length_memo import LengthMemo
from zswap_replay.replay.page_data import PageData, spelled
from zswap_replay.replay.settings_check import check_settings, filled_in, nearest
from zswap_replay.replay.shares import WorkingSets, totalram_of
from zswap_replay.result.cost_profile import CostProfile, default_profile
from zswap_replay.result.manifest import DIGESTS, digest_name, versions
from zswap_replay.settings import Settings
from zswap_replay.sweep.columns import possible
from zswap_replay.sweep.grid import RULE, Grid, Option, Points, build, first_fault
from zswap_replay.sweep.point import Task, read_before, workspace_of
from zswap_replay.sweep.result import Cell
from zswap_replay.trace.info import describe
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import TraceReader, open_trace

GROUP: Final = ("compressor", "kernel", "recipe", "payload_file", "seed")
"""The options that decide the compressed length of a content; of a kernel what counts is its lengths_key()."""

_DEFAULTS: Final = Settings()

CHECKED_TOGETHER: Final = (
    ("kernel", "zpool", f"{RULE}zpools"),
    ("kernel", f"{RULE}params"),
    ("kernel", f"{RULE}writeback_switch"),
    ("kernel", f"{RULE}zstd", "compressor", "recipe", "payload_file", "lengths"),
)
"""The settings that are checked against each other before a replay; all others are checked alone."""


class PointSettings(Sequence[Settings]):
    """The settings of points as a replay takes them: compressors by their one name, RAM and nodes filled in."""

    def __init__(self, points: Points, metadata: TraceMetadata) -> None:
        self._points = points
        self._metadata = metadata

    def __len__(self) -> int:
        return len(self._points)

    @overload
    def __getitem__(self, index: int) -> Settings: ...

    @overload
    def __getitem__(self, index: slice) -> list[Settings]: ...

    def __getitem__(self, index: int | slice) -> Settings | list[Settings]:
        """Make the settings of a point."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return filled_in(self._points[index].settings, self._metadata)


@dataclass(frozen=True, slots=True)
class Plan:
    """A grid of which every point can be replayed, as far as that can be told without doing it."""

    grid: Grid
    settings: Sequence[Settings]
    """By point, as the replay takes them; each made when it is asked for."""
    metadata: TraceMetadata
    """Of the trace."""
    working: WorkingSets | None
    """What shares of a working set are resolved by; None where no option has one."""
    columns: tuple[str, ...]
    """The columns of numbers that rows may have."""
    manifest: dict[str, Any]
    trace: str
    """Where processes of this user read the trace; ``manifest`` has its name for people."""
    token: str
    """Tells this sweep from others, in a process that serves several."""
    cost: CostProfile | None = None
    """What time and wear are reckoned by; None for the default."""
    shared: str | None = None
    """Where processes of this user find the rows of the trace, decoded, until forget(token); None: nowhere."""

    def task(self, point: int, known: dict[str, Any]) -> Task:
        """Put together what a worker needs to replay a point; ``known`` are lengths that others have learned."""
        trace = self.manifest["trace"]
        return Task(
            self.token,
            self.trace,
            self.manifest["strict"],
            trace["xxh3"],
            self.settings[point],
            known,
            self.cost,
            self.shared,
        )

    def order(self) -> list[int]:
        """List the points in the order in which they are best replayed.

        First come those with the largest pool: where it was not full, points with a smaller one need no replay (Alike).
        """
        points = self.grid.points
        order = list(range(len(points)))
        names = ("max_pool_percent", "accept_threshold_percent")
        sizes, thresholds = (points.given(name) for name in names)
        if len(sizes) > 1 or len(thresholds) > 1:
            largest = max((size for size in sizes if isinstance(size, int)), default=None)
            first = (largest, next(iter(thresholds), None))
            order.sort(key=lambda point: points.values(point, *names) != first)
        return order

    def group(self, point: int) -> Hashable:
        """Name the group of a point: the points of one share compressed lengths, so that Schedule runs one first."""
        points = self.grid.points
        if "lengths" in points.names:
            return point  # nothing is compressed
        compressor, kernel, *payload = points.values(point, *GROUP)
        if self.grid.rules:
            release = self.settings[point].kernel
        else:
            release = resolve(str(kernel)).name if kernel else _DEFAULTS.kernel
        key = lengths_key(str(compressor or _DEFAULTS.compressor), release)
        return key, *payload

    def axes_of(self, point: int) -> dict[str, Cell]:
        """Give the values of the axes at a point."""
        cells: dict[str, Cell] = {**self.grid.cells(self.settings[point])}
        if self.grid.rules:  # the release's name holds its rules too, and may be that of another one
            for name in (*self.grid.rules, "kernel"):
                if name in cells:
                    (value,) = self.grid.points.values(point, name)
                    cells[name] = resolve(str(value)).name if name == "kernel" else str(value)
        return cells

    @property
    def identity(self) -> dict[str, Any]:
        """The part of the manifest in which two sweeps must agree."""
        return identity(self.manifest)


def identity(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Cut out the part of a sweep's manifest in which two must agree for their rows to stand in one table."""
    digest = digest_name(manifest["trace"]) or DIGESTS[0]
    trace = {key: manifest["trace"][key] for key in (digest, "events")}
    kept = {key: value for key, value in manifest.items() if key != "given"}
    if kept.get("cost") == default_profile().as_json():
        del kept["cost"]  # as in the sweeps of versions that knew of none
    return {**kept, "trace": trace}


def make_plan(
    trace: str,
    options: Sequence[Option],
    *,
    strict: bool,
    remember: bool,
    allow_missing: bool = False,
    cost: CostProfile | None = None,
    token: str | None = None,
) -> Plan:
    """Read the trace once, and check every point of the grid of some options. Nothing is replayed.

    With ``remember`` its rows are kept for the points that are replayed on this machine, until forget(): memory has
    room for them, or they are read anew. ``cost`` is what points are reckoned by, None for the default. ``token`` is
    that of the plans that belong together; each has its own where None is given.

    Raises ZswapReplayError: whatever would stop a point before its first event.
    """
    token = token or new_token()
    grid = None if any(option.has_share for option in options) else build(options)
    workspace = workspace_of(token, path_of(trace), strict=strict) if remember else None
    if workspace:
        reader = workspace.reader()
    else:
        reader = open_trace(trace, strict=strict)
        reader.choose_digests()
    sets: dict[str, int] = {}
    working: WorkingSets | None = None
    if grid is None:
        working = WorkingSets(describe(reader), reader.metadata.sample_rate)
        grid = build(options, working, totalram_of(None, reader.metadata))
        sets = {path: working.size(path) for path in reader.paths}
    digests = reader.digests()
    _check_memcgs(grid, reader, allow_missing=allow_missing)
    payloads = Payloads(reader.metadata)
    _check_points(grid, payloads)
    settings = PointSettings(grid.points, reader.metadata)
    if cost is not None:
        varying = grid.points.varying("compressor", "comp_algorithm", "tier")
        cost.need(dict.fromkeys(spec for point in varying for spec in settings[point].compressors))
    kernels = dict.fromkeys(settings[point].kernel for point in grid.points.varying("kernel", *grid.rules))
    return Plan(
        grid=grid,
        settings=settings,
        metadata=reader.metadata,
        working=working,
        columns=possible(
            [release_of(kernel) for kernel in kernels],
            reader.paths,
            zram=any("zram" in str(tier) for tier in grid.points.given("tier")),
        ),
        manifest={
            "trace": {
                "path": shown(trace),
                "sha256": digests.sha256,
                "xxh3": digests.xxh3,
                "events": reader.num_rows,
            },
            "settings": _base(grid, settings[0]),
            "strict": strict,
            "axes": {axis.name: _values(axis, any_name="lengths" in grid.points.names) for axis in grid.axes},
            "given": {option.name: list(option.texts) for option in grid.options}
            | ({"cost": [cost.name]} if cost is not None else {}),
            "working_sets": sets,
            "recipes": payloads.recipes,
            "files": _digests(settings[point] for point in grid.points.varying("payload_file", "lengths")),
            "versions": versions(payloads.versions),
            "cost": (cost or default_profile()).as_json(),
        },
        trace=path_of(trace),
        token=token,
        cost=cost,
        shared=workspace.shared_path() if workspace else None,
    )


def new_token() -> str:
    """Make a token that no other sweep has."""
    return uuid.uuid4().hex


class Payloads:
    """What points' pages hold, made once for all points that agree in it."""

    def __init__(self, metadata: TraceMetadata) -> None:
        self.metadata = metadata
        self._made: dict[tuple[str, str, str | None, str | None], PageData] = {}
        self._files = LengthMemo(read_before)

    def check(self, settings: Settings) -> None:
        """Check the settings of a point as its replay will. Raises ZswapReplayError."""
        key = settings.kernel, settings.recipe, settings.payload_file, settings.lengths
        if key not in self._made:
            self._made[key] = PageData.of(
                settings, self.metadata.recipe, self._files if settings.lengths else None
            )
        check_settings(settings, self.metadata, self._made[key])

    @property
    def recipes(self) -> dict[str, object]:
        """The recipes of the points that were checked, by name."""
        return {recipe: page_data.recipe.as_json() for (_, recipe, _, _), page_data in self._made.items()}

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the codecs of the points that were checked."""
        found: dict[str, str] = {}
        for page_data in self._made.values():
            found |= page_data.versions()
        return found


def _check_points(grid: Grid, payloads: Payloads) -> None:
    """Refuse the first point that cannot be replayed, by its label. Raises ZswapReplayError."""
    points = grid.points
    first = first_fault(points, CHECKED_TOGETHER, lambda index: payloads.check(points.settings(index)))
    if first is not None:
        index, error = first
        raise type(error)(f"{points.label(index)}: {error}" if grid.axes else str(error)) from None


def _values(axis: Option, *, any_name: bool) -> list[object]:
    """Return the values of an axis, as its cells have them."""
    if axis.name == "kernel":
        return [resolve(str(value)).name for value in axis.values]
    if axis.name != "compressor":
        return list(axis.values)
    return [spelled(str(value), any_name=any_name) for value in axis.values]


def _check_memcgs(grid: Grid, reader: TraceReader, *, allow_missing: bool) -> None:
    paths = frozenset(reader.paths)
    for option in grid.options:
        several = len(option.values) > 1
        if option.is_knob and option.memcg not in paths and (several or not allow_missing):
            alike = ", so that its points would be alike" if several else ""
            way = "" if several else " (--allow-missing makes this a warning)"
            raise SettingsError(
                f"{option.flag} {','.join(option.texts)}: the trace has no memcg {option.memcg}{alike}"
                f"{nearest(option.memcg, reader.paths)}{way}"
            )


def _base(grid: Grid, settings: Settings) -> dict[str, object]:
    """Return the settings that all points share, as a manifest holds them."""
    axes = {axis.name for axis in grid.axes}
    (given,) = grid.points.values(0, "kernel")
    shared = {name: value for name, value in settings.as_json().items() if name not in axes}
    if any(name.startswith(RULE) for name in axes) and "kernel" in shared:
        shared["kernel"] = _DEFAULTS.kernel if not given else resolve(str(given)).name
    shared["set"] = [str(write) for write in settings.knobs if f"{write.memcg}:{write.key}" not in axes]
    return shared


def _digests(settings: Iterable[Settings]) -> dict[str, str]:
    """Return the SHA-256 of the files, other than the trace, that payloads and lengths come from."""
    paths = dict.fromkeys(path for each in settings for path in (each.payload_file, each.lengths) if path)
    found = {}
    for path in paths:
        with open(path, "rb") as file:
            found[path] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
