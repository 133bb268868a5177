"""Whether a replay can have some settings, told without making a machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from zswap_replay.errors import SettingsError
from zswap_replay.mm.releases import RELEASES, Release
from zswap_replay.replay.page_data import PageData, spelled
from zswap_replay.settings import DEFAULT_TOTALRAM, KnobWrite, Settings
from zswap_replay.trace.events import ROOT
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.units import PAGE_SIZE

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


def filled_in(settings: Settings, metadata: TraceMetadata) -> Settings:
    """Fill in what the trace or a default decides: ``totalram``, ``nodes``, and the one spelling of the compressor.

    Raises CodecError: a compressor that is unknown, unless there is a file of lengths.
    """
    return replace(
        settings,
        totalram=settings.totalram or (metadata.totalram_pages or 0) * PAGE_SIZE or DEFAULT_TOTALRAM,
        nodes=settings.nodes or metadata.nodes or 1,
        compressor=spelled(settings.compressor, any_name=settings.lengths is not None),
    )


def check_settings(settings: Settings, metadata: TraceMetadata, page_data: PageData) -> None:
    """Check settings, filled in or not, against a trace and the release.

    ``page_data`` is what the settings' recipe, payload file and file of lengths make.

    Raises SettingsError: fewer nodes than the trace has, or an allocator, parameter or knob that the release lacks.
    CodecError: a compressor that is unknown, is not installed, or has no lengths in the file of lengths.
    """
    release = RELEASES[settings.kernel]
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


def _check_knob(write: KnobWrite, release: Release) -> None:
    """Refuse a knob given as a flag that the release or the memcg does not have."""
    if write.key == WRITEBACK_SWITCH and release.writeback_switch == "none":
        raise SettingsError(f"{write.memcg}:{write.key}: {release.name} has no such file")
    if write.memcg == ROOT and write.key != WRITEBACK_SWITCH:
        raise SettingsError(f"{write.memcg}:{write.key}: the root memcg has no such file")
