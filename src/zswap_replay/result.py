"""What a replay gives back: plain data, ready for any renderer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from zswap_replay import lookup, rows
from zswap_replay.counters import Snapshot
from zswap_replay.errors import MissingPackageError
from zswap_replay.manifest import Manifest
from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCHEMA = 1
"""Version of the JSON output."""


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

    def as_json(self) -> dict[str, float]:
        """Seconds by part, and the rates that people ask for."""
        return {
            **asdict(self),
            "events_per_second": round(self.events / self.total) if self.total else 0,
            "pages_compressed_per_second": round(self.pages_compressed / self.compress)
            if self.compress
            else 0,
        }


@dataclass(frozen=True, slots=True)
class Result:
    """One replay: what was replayed, the counters at each snapshot, and what follows from them."""

    manifest: Manifest
    snapshots: tuple[Snapshot, ...]
    classes: tuple[ClassRatio, ...]
    timing: Timing
    warnings: tuple[str, ...] = ()

    @property
    def end(self) -> Snapshot:
        """The counters at the end of the trace."""
        return self.snapshots[-1]

    @property
    def counters(self) -> Mapping[str, int]:
        """The machine's counters at the end: zswap's and vmstat's by their names, ours as ``replay.`` and the name.

        A name that is not there is a KeyError that says which are near.
        """
        return lookup.machine(self.end)

    @property
    def memcg(self) -> Mapping[str, Mapping[str, int]]:
        """Counters at the end by the path of a memcg, each counting it with its descendants; named as ``counters``.

        A path that is not there is a KeyError that says which are.
        """
        return lookup.Memcgs(self.end)

    def to_arrow(self) -> pa.Table:
        """All snapshots in long format: the table that ``--timeline`` writes, a row for each value of each counter.

        Columns: ``compressor``, ``label``, ``time_ns`` (uint64), ``group``, ``memcg`` (null for the machine's counters),
        ``counter``, ``value`` (int64).
        """
        compressor = str(self.manifest.settings["compressor"])
        return rows.to_arrow((compressor, snapshot) for snapshot in self.snapshots)

    def to_pandas(self) -> pd.DataFrame:
        """``to_arrow()`` as a DataFrame; the columns of integers are uint64 and int64.

        Raises MissingPackageError: pandas is not installed.
        """
        if find_spec("pandas") is None:
            raise MissingPackageError("to_pandas() needs pandas: pip install 'zswap-replay[pandas]'")
        return self.to_arrow().to_pandas()

    @property
    def derived(self) -> dict[str, int | float | None]:
        """Figures that follow from the last snapshot; None where a share has nothing to be a share of.

        ``compression_ratio``: stored pages in bytes over the compressed bytes, same-filled pages apart.
        ``pool_efficiency``: stored pages in bytes over the memory that the pools hold.
        ``writeback_bytes``: written from zswap to the swap device. ``swap_write_bytes``: written to it in all.
        ``swap_read_bytes``: read from it. ``reject_rate``: refused stores over all stores tried.
        """
        zswap, vmstat, ours = self.end.zswap, self.end.vmstat, self.end.replay
        same_filled = zswap.get("same_filled_pages", 0)
        in_pool = zswap["stored_pages"] - same_filled
        rejects = sum(ours[name] for name in ("memcg_limit_reject", "pool_limit_reject", "compress_reject"))
        tried = vmstat["zswpout"] + rejects
        return {
            "compression_ratio": _share(in_pool * PAGE_SIZE, ours["compressed_bytes"]),
            "pool_efficiency": _share(in_pool * PAGE_SIZE, zswap["pool_total_size"]),
            "writeback_bytes": zswap["written_back_pages"] * PAGE_SIZE,
            "swap_write_bytes": vmstat["pswpout"] * PAGE_SIZE,
            "swap_read_bytes": vmstat["pswpin"] * PAGE_SIZE,
            "rejects": rejects,
            "reject_rate": _share(rejects, tried),
        }

    def as_json(self, *, timing: bool = True) -> dict[str, object]:
        """The object of the JSON output; without ``timing`` it is the same for equal replays."""
        document: dict[str, object] = {
            "schema": SCHEMA,
            "manifest": self.manifest.as_json(),
            "snapshots": [snapshot.as_json() for snapshot in self.snapshots],
            "derived": self.derived,
            "payload_classes": [
                {**asdict(row), "ratio": None if row.ratio is None else round(row.ratio, 4)}
                for row in self.classes
            ],
        }
        if self.warnings:
            document["warnings"] = list(self.warnings)
        if timing:
            document["timing"] = self.timing.as_json()
        return document


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
