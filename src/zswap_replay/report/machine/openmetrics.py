"""Results as OpenMetrics 1.0 text, so that a replay and a live host can be shown in one chart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from zswap_replay.result.counters import COUNTERS, Group, Kind
from zswap_replay.result.derived import DERIVED
from zswap_replay.result.labels import compressor_of, tier_of
from zswap_replay.result.long_format import rows
from zswap_replay.result.manifest import DIGESTS
from zswap_replay.result.result import TIMING_PARTS, Result

_PREFIX: dict[Group, str] = {
    "zswap": "zswap_replay_zswap",
    "zram": "zswap_replay_zram",
    "meminfo": "zswap_replay_meminfo",
    "vmstat": "zswap_replay_vmstat",
    "memcg": "zswap_replay_memcg",
    "replay": "zswap_replay_replay",
    # Not replay_memcg: that is how names of the group "replay" begin, such as memcg_shrinks.
    "replay.memcg": "zswap_replay_memcg_replay",
    "node": "zswap_replay_node",
}
_Labels = list[tuple[str, str]]
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def render(results: Sequence[Result], *, timing: bool) -> str:
    """Render the last snapshot of each result, told apart by the labels ``compressor`` and ``kernel``.

    Where two results have both in common, the label ``run`` numbers them, from 1. Counters are exact integers. No
    sample has a timestamp, as a trace's time is not that of a clock. With ``timing`` the seconds that the replay took
    are gauges.
    """
    families: dict[str, _Family] = {}
    run = families["zswap_replay_run"] = _Family("zswap_replay_run", "info", "", "what was replayed")
    named = list(zip(_run_labels(results), results, strict=True))
    for labels, result in named:
        run.add("_info", labels + _identity(result), 1)
    for labels, result in named:
        _add_counters(families, labels, result)
    for labels, result in named:
        _add_figures(families, labels, result, timing=timing)
        _add_ranges(families, labels, result)
    return "".join(line + "\n" for family in families.values() for line in family.lines()) + "# EOF\n"


def family_name(group: Group, counter: str) -> str:
    """Name the metric family of a counter: its group, its name, and its unit where the name does not end in it.

    A unit that the kernel abbreviates, as in ``zswpwb_proactive_b``, is spelled out.
    """
    unit = COUNTERS[group][counter].unit
    name = f"{_PREFIX[group]}_{re.sub('[^a-z0-9_]', '_', counter.lower())}"
    if unit == "bytes":
        name = name.removesuffix("_b")
    return name if name.endswith(f"_{unit}") else f"{name}_{unit}"


@dataclass(slots=True)
class _Family:
    name: str
    kind: Kind | str
    unit: str
    help: str
    samples: list[str] = field(default_factory=list)

    def add(self, suffix: str, labels: Iterable[tuple[str, str]], value: int | float) -> None:
        text = ",".join(f'{label}="{value.translate(_ESCAPES)}"' for label, value in labels)
        self.samples.append(f"{self.name}{suffix}{{{text}}} {value}")

    def lines(self) -> Iterator[str]:
        yield f"# TYPE {self.name} {self.kind}"
        if self.unit:
            yield f"# UNIT {self.name} {self.unit}"
        yield f"# HELP {self.name} {self.help.translate(_ESCAPES)}"
        yield from self.samples


def _run_labels(results: Sequence[Result]) -> list[_Labels]:
    found = [
        [("compressor", compressor_of(result)), ("kernel", result.manifest.kernel)] for result in results
    ]
    if len({tier_of(result) for result in results}) > 1:
        found = [[("tier", tier_of(result)), *own] for result, own in zip(results, found, strict=True)]
    if all(found.count(labels) == 1 for labels in found):
        return found
    return [[("run", str(place)), *labels] for place, labels in enumerate(found, 1)]


def _identity(result: Result) -> _Labels:
    manifest = result.manifest
    digests = [(name, str(manifest.trace[name])) for name in DIGESTS if manifest.trace.get(name)]
    return [
        ("trace", str(manifest.trace["path"])),
        *digests[:1],  # an empty label counts as a missing one
        ("seed", str(manifest.seed)),
        ("version", manifest.versions["zswap_replay"]),
    ]


def _add_counters(families: dict[str, _Family], common: _Labels, result: Result) -> None:
    for row in rows(result.end):
        counter = COUNTERS[row.group][row.counter]
        name = family_name(row.group, row.counter)
        family = families.setdefault(name, _Family(name, counter.kind, counter.unit, counter.meaning))
        memcg = [] if row.memcg is None else [("memcg", row.memcg)]
        node = [] if row.node is None else [("node", str(row.node))]
        family.add("_total" if counter.kind == "counter" else "", common + memcg + node, row.value)


def _add_ranges(families: dict[str, _Family], common: _Labels, result: Result) -> None:
    """Add the ends of the ranges, by the whole name of the counter, that are not the same."""
    name = "zswap_replay_range"
    about = "lowest and highest value of a counter, by when the shrink worker runs"
    for counter, (low, _, high) in (result.range.apart if result.range else {}).items():
        family = families.setdefault(name, _Family(name, "gauge", "", about))
        for bound, value in (("low", low), ("high", high)):
            if value is not None:
                family.add("", [*common, ("counter", counter), ("bound", bound)], value)


def _add_figures(families: dict[str, _Family], common: _Labels, result: Result, *, timing: bool) -> None:
    derived = result.derived
    for figure in DERIVED.values():
        value = derived[figure.name]
        if value is None:
            continue
        told, unit = figure.name, figure.unit
        if unit == "ns":  # base units alone
            told, unit, value = told.removesuffix("_ns"), "seconds", value / 10**9
        name = f"zswap_replay_derived_{told}"
        name = name if name.endswith(f"_{unit}") else f"{name}_{unit}"
        families.setdefault(name, _Family(name, "gauge", unit, told.replace("_", " "))).add("", common, value)
    if timing and result.timing is not None:
        name = "zswap_replay_timing_seconds"
        family = families.setdefault(
            name, _Family(name, "gauge", "seconds", "wall clock of the replay, by part")
        )
        for part in TIMING_PARTS:
            family.add("", [*common, ("part", part)], getattr(result.timing, part))
