"""Whether results may be compared at all, and in which settings they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from zswap_replay.result.manifest import DIGESTS, Manifest, digest_title

ABSENT = "-"
"""What stands for a value that a manifest does not have."""

_OBSTACLES = ("seed", "recipe", "warmup")
"""Settings that say what is replayed, and not how."""

_UNREAD = "not read to its end"


@dataclass(frozen=True, slots=True)
class Contrast:
    """Something in which manifests differ, and what each of them has there, in their order."""

    what: str
    values: tuple[str, ...]


def obstacles(manifests: Sequence[Manifest]) -> tuple[Contrast, ...]:
    """List why the counters of some results say nothing about each other: another trace, other pages, other codecs.

    The versions of a codec count where two results used it. Those of Python, numpy and pyarrow, and of this program,
    decide no counter.
    """
    seen = other_workload(manifests)
    codecs = _contrasts([manifest.codec_versions for manifest in manifests], absent_differs=False)
    return (*seen, *codecs)


def other_workload(manifests: Sequence[Manifest]) -> tuple[Contrast, ...]:
    """List in which some results replayed something else: another trace or part of it, or other pages."""
    digest = next((name for name in DIGESTS if all(each.trace.get(name) for each in manifests)), None)
    return _contrasts([_identity(manifest, digest) for manifest in manifests], absent_differs=True)


def are_compared(found: Sequence[Contrast], *, ignoring: bool) -> bool:
    """Decide whether counters are compared: where nothing stands against it, or where that is to be ignored."""
    return ignoring or not found


def differing_settings(manifests: Sequence[Manifest]) -> tuple[Contrast, ...]:
    """List the settings that are not the same in all manifests; those that are obstacles apart."""
    return _contrasts([_settings(manifest) for manifest in manifests], absent_differs=True)


def _identity(manifest: Manifest, digest: str | None) -> dict[str, str]:
    """Return what makes two workloads one; ``digest`` names one that all manifests to be compared have."""
    sha256 = manifest.trace["sha256"]
    if digest is not None:
        identity = {f"trace {digest}": str(manifest.trace[digest])}
    elif sha256 is not None:
        identity = {"trace sha256": str(sha256)}
    else:
        identity = {"trace sha256": digest_title(manifest.trace) or _UNREAD}
        identity["trace events"] = str(manifest.trace["events"])
    identity["warmup"] = str(manifest.settings.get("warmup", 0))
    identity["seed"] = str(manifest.seed)
    identity |= {f"{name} sha256": digest for name, digest in manifest.inputs.items()}
    return identity | {f"recipe {key}": value for key, value in _leaves(manifest.recipe)}


def _settings(manifest: Manifest) -> dict[str, str]:
    plain = {name: value for name, value in manifest.settings.items() if name not in _OBSTACLES}
    return {name: _spelled(value) for name, value in plain.items()}


def _leaves(table: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", _spelled(value)


def _spelled(value: object) -> str:
    match value:
        case None:
            return ABSENT
        case str():
            return value
        case list() if all(isinstance(item, str) for item in value):
            return " ".join(value) or ABSENT
        case _:
            return json.dumps(value)


def _contrasts(tables: Sequence[Mapping[str, str]], *, absent_differs: bool) -> tuple[Contrast, ...]:
    found = []
    for what in dict.fromkeys(key for table in tables for key in table):
        values = tuple(table.get(what, ABSENT) for table in tables)
        told = values if absent_differs else tuple(table[what] for table in tables if what in table)
        if len(set(told)) > 1:
            found.append(Contrast(what, values))
    return tuple(found)
