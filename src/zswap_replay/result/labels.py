"""Names that tell results apart, and the warnings of several results."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from zswap_replay.kernel.names import HOST
from zswap_replay.mm.releases import DEFAULT_RELEASE
from zswap_replay.mm.rules import split
from zswap_replay.result.manifest import Manifest
from zswap_replay.result.result import Result
from zswap_replay.settings import TIERS


def compressor_of(result: Result) -> str:
    """Name the compressor of a result, as it was asked for: zram's where pages go to zram alone."""
    return compressor_in(result.manifest.settings)


def compressor_in(settings: Mapping[str, object]) -> str:
    """Do the same by the settings of a manifest."""
    if _tier_in(settings) == "zram":
        return str(settings.get("comp_algorithm") or settings["compressor"])
    return str(settings["compressor"])


def tier_of(result: Result) -> str:
    """Name where pages go that leave memory, in a result."""
    return _tier_in(result.manifest.settings)


def _tier_in(settings: Mapping[str, object]) -> str:
    return str(settings.get("tier", TIERS[0]))


def kernel_title(manifest: Manifest) -> str:
    """Name the kernel whose rules a result has, and as it was asked for where that is another name.

    Of the default, which few people run, whose rules those are, and how to take one's own.
    """
    base, overridden = split(manifest.kernel)
    if overridden:
        return f"{base} with {', '.join(overridden)} (no kernel was recorded with these rules)"
    if manifest.kernel_asked:
        return f"{manifest.kernel_asked} (rules of {manifest.kernel})"
    if manifest.kernel_rules:
        base = manifest.kernel_rules.partition(": ")[2].partition(";")[0].partition(",")[0]
        return f"{manifest.kernel} ({base}{', with changes' if ';' in manifest.kernel_rules else ''})"
    if manifest.kernel == DEFAULT_RELEASE:
        return f"{manifest.kernel} (6.6 patched; yours: --kernel {HOST})"
    return manifest.kernel


def labels(results: Sequence[Result]) -> list[str]:
    """Make a heading for each result: its compressor, or its tier where those differ; more where that is not enough."""
    names = [compressor_of(result) for result in results]
    tiers = [tier_of(result) for result in results]
    if len(set(tiers)) > 1:
        one_each = len(set(tiers)) == len(tiers)
        names = [
            tier if one_each or tier == "disk" else f"{tier} {name}"
            for tier, name in zip(tiers, names, strict=True)
        ]
    if len(set(names)) < len(names):
        names = [f"{name} {result.manifest.kernel}" for name, result in zip(names, results, strict=True)]
    often = Tally(names)
    return [f"{name} #{place}" if often[name] > 1 else name for place, name in enumerate(names, 1)]


def run_names(results: Sequence[Result]) -> list[str]:
    """Name each result in a column of several: by its compressor, by its label where their tiers differ."""
    if len({tier_of(result) for result in results}) > 1:
        return labels(results)
    return [compressor_of(result) for result in results]


def labels_of_files(files: Sequence[tuple[str, Sequence[Result]]]) -> list[str]:
    """Make a heading for each result: its file, where there are several, and what tells it from others of that file."""
    if len(files) == 1:
        return labels(files[0][1])
    found = []
    for name, (_, results) in zip(_short([path for path, _ in files]), files, strict=True):
        found.extend([name] if len(results) == 1 else [f"{name} {label}" for label in labels(results)])
    return found


def _short(paths: Sequence[str]) -> list[str]:
    """Return the last parts of paths, as many as tell them apart; a number where nothing does."""
    parts = [PurePath(path.removesuffix(".json")).parts for path in paths]
    for deep in range(1, max(map(len, parts)) + 1):
        names = ["/".join(each[-deep:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    often = Tally(paths)
    return [f"{path} #{place}" if often[path] > 1 else path for place, path in enumerate(paths, 1)]


def warnings(results: Sequence[Result]) -> list[str]:
    """Collect the warnings of all results, each once, with the results that have it where not all of them do."""
    owners: dict[str, list[str]] = {}
    for label, result in zip(labels(results), results, strict=True):
        for text in result.warnings:
            owners.setdefault(text, []).append(label)
    return [
        text if len(having) == len(results) else f"{', '.join(having)}: {text}"
        for text, having in owners.items()
    ]
