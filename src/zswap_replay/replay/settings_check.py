"""Whether a replay can have some settings, told without making a machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from zswap_replay.errors import SettingsError
from zswap_replay.kernel.names import resolve
from zswap_replay.mm.release_changes import release_of
from zswap_replay.mm.releases import Release
from zswap_replay.replay.page_data import PageData, spelled
from zswap_replay.replay.shares import totalram_of
from zswap_replay.result.by_name import near
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.events import ROOT
from zswap_replay.trace.metadata import TraceMetadata

_PATHS_COMPARED = 20_000
"""Paths that are compared with one that is not there: a second's work."""

WRITEBACK_SWITCH: Final = "memory.zswap.writeback"

WRITTEN_PARAMS: Final = (
    "enabled",
    "max_pool_percent",
    "accept_threshold_percent",
    "shrinker_enabled",
    "exclusive_loads",
    "same_filled_pages_enabled",
    "non_same_filled_pages_enabled",
)
"""The settings that are module parameters of zswap and hold a number; ``compressor`` and ``zpool`` choose a pool."""


def kernel_rules(settings: Settings) -> str:
    """Say where the rules come from that a kernel is replayed by; empty where they were recorded of it."""
    resolved = resolve(settings.kernel_asked or settings.kernel)
    if resolved.name != settings.kernel:
        return f"{settings.kernel_asked}: rules of {settings.kernel}, as its zswap parameters tell"
    return "" if resolved.exact else resolved.why


def filled_in(settings: Settings, metadata: TraceMetadata) -> Settings:
    """Fill in what the trace or a default decides: ``totalram``, ``nodes``, and the one spelling of the compressor.

    Raises CodecError: a compressor that is unknown, unless there is a file of lengths.
    """
    return replace(
        settings,
        totalram=totalram_of(settings.totalram, metadata),
        nodes=settings.nodes or metadata.nodes or 1,
        compressor=spelled(settings.compressor, any_name=settings.lengths is not None),
    )


def check_settings(settings: Settings, metadata: TraceMetadata, page_data: PageData) -> None:
    """Check settings, filled in or not, against a trace and the release.

    ``page_data`` is what the settings' recipe, payload file and file of lengths make.

    Raises SettingsError: fewer nodes than the trace has, or an allocator, parameter or knob that the release lacks.
    CodecError: a compressor that is unknown, is not installed, or has no lengths in the file of lengths.
    """
    release = release_of(settings.kernel)
    if settings.nodes is not None and settings.nodes < (metadata.nodes or 0):
        raise SettingsError(f"nodes {settings.nodes}: the trace has {metadata.nodes}")
    if settings.zpool not in release.zpools:
        raise SettingsError(f"zpool {settings.zpool}: {release.name} has {', '.join(release.zpools)}")
    for param in WRITTEN_PARAMS:
        if param in settings.fixed and param not in release.params:
            raise SettingsError(f"{param}: {release.name} has no such parameter")
    page_data.pool(page_data.canonical(settings.compressor))
    for write in settings.knobs:
        _check_knob(write, release)


def flags_for(path: str, knobs: Sequence[KnobWrite]) -> str:
    """Spell the flags that write to a memcg: ``--set /web:memory.max, memory.high``."""
    return f"--set {path}:" + ", ".join(write.key for write in knobs if write.memcg == path)


def nearest(path: str, paths: Sequence[str]) -> str:
    """Say which of some paths is most like one that is not among them; nothing where the root is the only one."""
    known = [each for each in paths[:_PATHS_COMPARED] if each not in (ROOT, path)]
    same = [each for each in known if each.lower() == path.lower()]
    found = same or near(path, known, most=1, cutoff=0)
    return f"; the nearest is {found[0]}" if found else ""


def _check_knob(write: KnobWrite, release: Release) -> None:
    """Refuse a knob given as a flag that the release or the memcg does not have."""
    if write.key == WRITEBACK_SWITCH and release.writeback_switch == "none":
        raise SettingsError(f"{write.memcg}:{write.key}: {release.name} has no such file")
    if write.memcg == ROOT and write.key != WRITEBACK_SWITCH:
        raise SettingsError(f"{write.memcg}:{write.key}: the root memcg has no such file")
