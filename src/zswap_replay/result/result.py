"""What a replay gives back: plain data, ready for any renderer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from os import PathLike
from typing import TYPE_CHECKING, TypedDict

from zswap_replay.errors import MissingPackageError, SchemaError
from zswap_replay.json_value import Value
from zswap_replay.result import by_name, cost, long_format
from zswap_replay.result.cost_profile import CostProfile, default_profile, load_profile
from zswap_replay.result.derived import DERIVED, OVER_TIME, PRICED, derive
from zswap_replay.result.estimates import Estimates, estimates
from zswap_replay.result.manifest import Manifest
from zswap_replay.result.over_time import SAVED, Number
from zswap_replay.result.ranges import SCHEDULING, Ranges
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import PAGE_SIZE, counted, shortened

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCHEMA = 1
"""Version of the JSON output."""

TIMING_PARTS = ("read", "payload", "compress", "decompress", "model", "total")
"""The fields of ``Timing`` that are seconds, the sum last."""


@dataclass(frozen=True, slots=True)
class ClassRatio:
    """What the compressor reached on the pages of one payload class that were stored or refused.

    ``stored`` pages were compressed into ``bytes_out``; ``same_filled`` pages needed no compressor and ``refused``
    ones did not fit. ``ratio`` is of the stored pages alone; None where there is none.
    """

    name: str
    stored: int
    same_filled: int
    refused: int
    bytes_out: int

    @property
    def ratio(self) -> float | None:
        """Uncompressed over compressed bytes of the stored pages."""
        return self.stored * PAGE_SIZE / self.bytes_out if self.bytes_out else None


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the wall clock went, in seconds. The only part of a result that differs between equal runs."""

    read: float
    payload: float
    compress: float
    decompress: float
    model: float
    total: float
    events: int
    pages_compressed: int

    @classmethod
    def from_json(cls, document: Mapping[str, object] | Value) -> Timing:
        """Read the object that ``as_json`` made; the rates in it follow from the rest. Raises ResultError."""
        document = Value.of(document)
        return cls(
            **{part: document[part].number() for part in TIMING_PARTS},
            events=document["events"].integer(),
            pages_compressed=document["pages_compressed"].integer(),
        )

    def as_json(self) -> dict[str, float]:
        """Convert to seconds by part, and the rates that people ask for."""
        return {
            **asdict(self),
            "events_per_second": round(self.events / self.total) if self.total else 0,
            "pages_compressed_per_second": round(self.pages_compressed / self.compress)
            if self.compress
            else 0,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """One replay: what was replayed, the counters at each snapshot, and what follows from them."""

    manifest: Manifest
    snapshots: Sequence[Snapshot]
    classes: tuple[ClassRatio, ...]
    timing: Timing | None
    """None for a result that was written without it."""
    warnings: tuple[str, ...] = ()
    compressed_lengths: dict[int, int] = field(default_factory=dict)
    """How many pages were stored at each compressed length, in bytes, from the end of the warm-up on.

    Same-filled pages, which are not compressed, are left out; a page that was stored twice counts twice.
    """
    over_time: dict[str, Number | None] = field(default_factory=dict)
    """Means and peaks of what was held, from the end of the warm-up on, by name: see ``derived``.

    Empty for a result of a version that did not know them.
    """
    over_time_by_memcg: dict[str, dict[str, Number | None]] | None = None
    """The mean and the peak of what each memcg below the root saved, with its descendants, by path and name.

    None for a result of a version that did not know them.
    """
    range: Ranges | None = None
    """By name, the lowest value, the one here and the highest, under shrink delays of 1, 4 and 16.

    None where it was not asked for. Any spelling of a counter's or a derived figure's name finds it.
    """
    at_equal_memory: dict[str, int] | None = None
    """The figures of result.memory in a replay in which zram's memory was charged; None where there was none."""
    duration_ns: int | None = None
    """The trace's time that counters are of, from the end of the warm-up on; None in a file that does not say it."""
    priced_by: CostProfile | None = None
    """The cost profile that was asked for; None for ``nvme``, which is taken where none was."""

    def __repr__(self) -> str:
        """Tell what was replayed and the counters that people look at first, in a few lines."""
        manifest, vmstat = self.manifest, self.end.vmstat
        first = ("zswpout", "zswpin", "zswpwb", "pswpout", "pswpin")
        counts = ", ".join(f"{name} {vmstat[name]}" for name in first if name in vmstat)
        trace, memcgs, snapshots = manifest.trace, len(self.end.memcg), len(self.snapshots)
        warned = f"; {counted(len(self.warnings), 'warning')}" if self.warnings else ""
        return (
            f"<Result of {shortened(str(trace['path']))}: {trace['events']:,} events, kernel {manifest.kernel}, "
            f"{shortened(str(manifest.settings['compressor']))}, {counted(memcgs, 'memcg')}, "
            f"{counted(snapshots, 'snapshot')}: {counts}{warned}>"
        )

    @property
    def depends_on_scheduling(self) -> bool:
        """Whether counters depend on when the shrink worker runs, and no range says by how much.

        That is where the pool's limit was hit in reclaim; between two events of a trace the worker keeps to its clock.
        """
        return SCHEDULING in self.warnings

    @property
    def end(self) -> Snapshot:
        """The counters at the end of the trace."""
        return self.snapshots[-1]

    @property
    def counters(self) -> Mapping[str, int]:
        """The machine's counters at the end: zswap's and vmstat's by their names, ours as ``replay.`` and the name.

        A whole name is found too, also that of a memcg's counter: ``zswap.stored_pages``, ``/web:zswpout``,
        ``/web:replay.oom``, ``/web:node0.zswpout``. A name that is not there is a KeyError that says which are near.
        """
        return by_name.Counters(self.end)

    @property
    def memcg(self) -> Mapping[str, Mapping[str, int]]:
        """Counters at the end by the path of a memcg, each counting it with its descendants; named as ``counters``.

        A path that is not there is a KeyError that says which are.
        """
        return by_name.Memcgs(self.end)

    def to_arrow(self) -> pa.Table:
        """Put all snapshots in long format, as ``--timeline`` writes them: a row for each value of each counter.

        Columns: ``compressor``, ``label``, ``time_ns`` (uint64), ``group``, ``memcg`` (null for the machine's
        counters), ``node`` (uint8, null for what is not by NUMA node: all but the group ``node``), ``counter``,
        ``value`` (int64).
        """
        compressor = str(self.manifest.settings["compressor"])
        return long_format.to_arrow((compressor, snapshot) for snapshot in self.snapshots)

    def to_pandas(self) -> pd.DataFrame:
        """Convert ``to_arrow()`` to a DataFrame; integers are uint64 and int64, and ``node`` is float64, NaN for null.

        Raises MissingPackageError: pandas is not installed.
        """
        try:
            import pandas  # noqa: F401  # pyarrow imports it, but would not name the extra
        except ImportError:
            raise MissingPackageError(
                "to_pandas() needs pandas: pip install 'zswap-replay[pandas]'"
            ) from None
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    @property
    def derived(self) -> dict[str, Number | None]:
        """Figures that follow from the counters at the end, and from what was held over time.

        ``swap_write_bytes``: written to the swap device in all. ``swap_read_bytes``: read from it. ``writeback_bytes``:
        the part of the writes that was in zswap before. ``memory_saved_mean_bytes``: pages that zswap and the zero map
        held, less the memory of the pools, as the mean over the trace's time; ``memory_saved_peak_bytes`` at its most,
        ``memory_saved_end_bytes`` at the end. ``pool_size_*_bytes``, ``stored_pages_*``: the same of the pools' memory
        and of the entries. ``compression_ratio_mean``: pages in the pools over their compressed bytes, same-filled
        pages apart; ``compression_ratio_peak`` when the pools were largest, ``compression_ratio`` at the end.
        ``pool_efficiency_mean``, ``_peak`` and ``pool_efficiency``: the same over the memory of the pools.
        ``rejects``: refused stores. ``reject_rate``: those over all stores tried.

        ``stall_ns``, ``compress_ns``, ``reclaim_ns``, ``swap_write_bytes_per_day``, ``endurance_per_year``: what that
        costs, by ``cost_profile``.

        None where a share has nothing to be a share of, or a file of an earlier version lacks the figure.
        """
        counts = cost.counts_of(self.end)
        priced = cost.reckon(counts, self.cost_profile, self._compressors, self.duration_ns)
        return derive(self.end, self.over_time, priced)

    @property
    def _compressors(self) -> cost.Compressors:
        return cost.Compressors.of(self.manifest.settings)

    @property
    def cost_profile(self) -> CostProfile:
        """The cost profile that figures of time and wear are reckoned by."""
        return self.priced_by or default_profile()

    @property
    def cost(self) -> dict[str, object]:
        """What the replay costs, as the block ``cost`` of the JSON output: figures of the machine and by memcg.

        See ``derived``. ``profile`` is what it was reckoned by; ``basis`` says of each figure what is counted, modelled
        and assumed.
        """
        return cost.as_json(
            self.end,
            self.derived,
            self.over_time_by_memcg,
            self.cost_profile,
            self._compressors,
            self.duration_ns,
        )

    @property
    def cost_by_memcg(self) -> dict[str, dict[str, Number | None]]:
        """Figures of time and wear of each memcg and what it saved, with its descendants, by path and name."""
        return cost.by_memcg(
            self.end,
            self.over_time,
            self.over_time_by_memcg,
            self.cost_profile,
            self._compressors,
            self.duration_ns,
        )

    def priced(self, profile: str | PathLike[str] | CostProfile | None, *, strict: bool = True) -> Result:
        """Return the same result, reckoned by another cost profile: a name, a file or a CostProfile; None for its own.

        Ranges of the figures that it prices are left out, and those at equal memory: they were reckoned by the one
        before.

        Raises CostError: it is none, or lacks the compressor, which makes figures None unless ``strict``.
        """
        if profile is None:
            return self
        if not isinstance(profile, CostProfile):
            profile = load_profile(profile)
        if strict:
            profile.need((self._compressors.zswap, self._compressors.zram))
        ranges = self.range
        if ranges is not None and profile != self.cost_profile:
            names = {f"derived.{name}" for name in PRICED}
            ranges = Ranges({name: each for name, each in ranges.items() if name not in names})
        equal = self.at_equal_memory
        if equal is not None and profile != self.cost_profile:
            equal = {name: each for name, each in equal.items() if name not in PRICED}
        return replace(self, priced_by=profile, range=ranges, at_equal_memory=equal)

    @property
    def sample_rate(self) -> Fraction | None:
        """The share of the pages that the trace is a sample of; None for a trace that is none."""
        rate = self.manifest.trace.get("sample_rate")
        return None if rate is None else Fraction(str(rate))

    @property
    def estimates(self) -> Estimates | None:
        """By name, what the counters at the end come to in the whole of which the trace is a sample.

        Each is the sample's over its rate; ratios are as they are. None for a trace that is no sample.
        """
        rate = self.sample_rate
        return None if rate is None else estimates(self.end, self.derived, rate)

    def as_json(self, *, timing: bool = True) -> dict[str, object]:
        """Convert to the object of the JSON output; without ``timing`` it is the same for equal replays."""
        document: dict[str, object] = {
            "schema": SCHEMA,
            "manifest": self.manifest.as_json(),
            "snapshots": [snapshot.as_json() for snapshot in self.snapshots],
            "derived": self.derived,
            "cost": self.cost,
            "payload_classes": [
                {**asdict(row), "ratio": None if row.ratio is None else round(row.ratio, 4)}
                for row in self.classes
            ],
            "compressed_lengths": [list(pair) for pair in sorted(self.compressed_lengths.items())],
        }
        if self.range is not None:
            document["range"] = self.range.as_json()
        estimated = self.estimates
        if estimated is not None:
            document["estimates"] = dict(estimated)
        if self.at_equal_memory is not None:
            document["at_equal_memory"] = self.at_equal_memory
        if self.warnings:
            document["warnings"] = list(self.warnings)
        if timing and self.timing is not None:
            document["timing"] = self.timing.as_json()
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, object] | Value) -> Result:
        """Read the object that ``as_json`` made, with ``timing`` None where the object has none.

        Raises ResultError: a key that is missing or holds a value of the wrong kind. SchemaError: another schema.
        """
        document = Value.of(document)
        if document["schema"].integer() != SCHEMA:
            raise SchemaError(str(document["schema"].fault(f"{SCHEMA}, which this program reads")))
        written = list(document["snapshots"].list())
        if not written:
            raise document["snapshots"].fault("at least one snapshot")
        snapshots = (*(Snapshot.from_json(snapshot) for snapshot in written[:-1]), _last(written[-1]))
        return cls(
            manifest=Manifest.from_json(document["manifest"]),
            snapshots=snapshots,
            classes=tuple(_class_ratio(row) for row in document["payload_classes"].list()),
            timing=Timing.from_json(document["timing"]) if "timing" in document else None,
            warnings=tuple(text.text() for text in document.get("warnings", []).list()),
            compressed_lengths=dict(_pair(pair) for pair in document.get("compressed_lengths", []).list()),
            over_time=_over_time(document.get("derived", {})),
            range=Ranges.from_json(document["range"]) if "range" in document else None,
            at_equal_memory=document["at_equal_memory"].integers() if "at_equal_memory" in document else None,
            **_cost(document.get("cost", None)),
        )


class _Cost(TypedDict, total=False):
    """The fields of a result that the block ``cost`` holds."""

    duration_ns: int | None
    priced_by: CostProfile | None
    over_time_by_memcg: dict[str, dict[str, Number | None]] | None


def _cost(block: Value) -> _Cost:
    """Read what the figures of the block were reckoned from; a file of an earlier version has none."""
    if block.content is None:
        return {}
    duration, profile = block["duration_ns"], CostProfile.from_json(block["profile"])
    return {
        "duration_ns": None if duration.content is None else duration.integer(),
        "priced_by": None if profile == default_profile() else profile,
        "over_time_by_memcg": _saved_by_memcg(block),
    }


def _saved_by_memcg(block: Value) -> dict[str, dict[str, Number | None]] | None:
    """Read what memcgs saved; None where that is not known, or seen at snapshots alone, as by earlier versions."""
    if block.get("basis", {}).get(cost.SAVED_BY_MEMCG[0], None).content in (None, cost.UNKNOWN):
        return None
    memcgs = {path: figures for path, figures in block["memcg"].items() if path != "/"}
    return {path: {name: figures[name].integer() for name in SAVED} for path, figures in memcgs.items()}


def _over_time(derived: Value) -> dict[str, Number | None]:
    """Read the figures that do not follow from snapshots; those that an earlier version did not write are left out."""
    found: dict[str, Number | None] = {}
    for name, value in derived.items():
        if name in OVER_TIME:
            number = value.integer if DERIVED[name].whole else value.number
            found[name] = None if value.content is None else number()
    return found if any(value is not None for value in found.values()) else {}


def _last(document: Value) -> Snapshot:
    """Read the last snapshot. Raises ResultError: it lacks a counter that derived figures are made of."""
    snapshot = Snapshot.from_json(document)
    try:
        derive(snapshot, {})
    except KeyError as lacking:
        raise document.fault(f"the counter {lacking.args[0]} in it") from None
    return snapshot


def _class_ratio(row: Value) -> ClassRatio:
    counts = ("stored", "same_filled", "refused", "bytes_out")
    return ClassRatio(row["name"].text(), **{name: row[name].integer() for name in counts})


def _pair(pair: Value) -> tuple[int, int]:
    values = [value.integer() for value in pair.list()]
    if len(values) != 2:
        raise pair.fault("a length and a count")
    return values[0], values[1]
