"""Hand-made results for tests of what comes after a replay."""

from __future__ import annotations

from zswap_replay.memory.figures import CompressorFigures, EntropyClass, Figures, SourceFigures
from zswap_replay.result.counters import COUNTERS
from zswap_replay.result.manifest import Manifest
from zswap_replay.result.over_time import Number
from zswap_replay.result.result import ClassRatio, Result, Timing
from zswap_replay.result.snapshot import Snapshot

LACKING = frozenset({"decompress_fail", "stored_incompressible_pages", "swpin_zero", "swpout_zero"})
"""Counters that the kernel of the hand-made results does not have."""

MEMCGS = ("/", "/web", "/web/worker", "/batch")


def make_snapshot(label: str = "end", scale: int = 3) -> Snapshot:
    """A snapshot whose counters are all known: zswap holds 1000 * ``scale`` pages."""
    zswap = {name: 0 for name in COUNTERS["zswap"] if name not in LACKING}
    zswap |= {
        "pool_limit_hit": 41 * scale,
        "reject_compress_poor": 7 * scale,
        "written_back_pages": 250 * scale,
        "pool_total_size": 475 * scale * 4096,
        "stored_pages": 1000 * scale,
        "same_filled_pages": 100 * scale,
    }
    vmstat = {name: 0 for name in COUNTERS["vmstat"] if name not in LACKING}
    vmstat |= {"pswpin": 90 * scale, "pswpout": 300 * scale, "zswpin": 2000 * scale, "zswpout": 4000 * scale}
    vmstat |= {"pgmajfault": 2090 * scale, "pgsteal_anon": 4400 * scale}
    vmstat["zswpwb"] = 250 * scale
    replay = dict.fromkeys(COUNTERS["replay"], 0)
    replay |= {
        "accesses": 411_522 * scale,
        "first_touches": 65_536,
        "resident_pages": 16_384,
        "compressed_bytes": 1_623_777 * scale,
        "memcg_limit_reject": 33 * scale,
        "pool_limit_reject": 11 * scale,
        "compress_reject": 7 * scale,
        "shrink_worker_runs": 4,
        "shrink_worker_steps": 96,
    }
    return Snapshot(
        label=label,
        time_ns=1_000_000_000 * scale,
        zswap=zswap,
        vmstat=vmstat,
        memcg={path: _memcg(scale * (4 - place)) for place, path in enumerate(MEMCGS)},
        replay=replay,
        replay_memcg={path: _replay_memcg(scale * (4 - place)) for place, path in enumerate(MEMCGS)},
        limits={
            "/web": {"memory.max": 64 << 20, "memory.zswap.max": 8 << 20},
            "/batch": {"memory.max": 16 << 20, "memory.zswap.max": 0, "memory.zswap.writeback": 0},
        },
        nodes={"/web": (_node(3 * scale), _node(0))},
    )


def _memcg(scale: int) -> dict[str, int]:
    values = dict.fromkeys(COUNTERS["memcg"], 0)
    compressed = 405_944 * scale
    return values | {
        "memory.current": 4_194_304 * scale + compressed,
        "memory.swap.current": 1_024_000 * scale,
        "memory.zswap.current": compressed,
        "zswap": compressed,
        "zswapped": 1_024_000 * scale,
        "zswpin": 500 * scale,
        "zswpout": 1000 * scale,
        "pgmajfault": 522 * scale,
    }


def _replay_memcg(scale: int) -> dict[str, int]:
    values = dict.fromkeys(COUNTERS["replay.memcg"], 0)
    return values | {
        "accesses": 102_880 * scale,
        "resident_pages": 1024 * scale,
        "stored_pages": 250 * scale,
        "memcg_limit_reject": 8 * scale,
        "written_back_pages": 62 * (scale - 3) if scale > 3 else 0,
    }


def _node(scale: int) -> dict[str, int]:
    values = dict.fromkeys(COUNTERS["node"], 0)
    return values | {
        "accesses": 102_880 * scale,
        "zswpin": 500 * scale,
        "zswpout": 1000 * scale,
        "pgmajfault": 522 * scale,
        "memcg_limit_reject": 8 * scale,
        "stored_pages": 250 * scale,
        "compressed_bytes": 405_944 * scale,
    }


def make_manifest(compressor: str = "zstd", kernel: str = "patch-v4") -> Manifest:
    """A manifest with the settings that a plain replay has."""
    return Manifest(
        trace={"path": "traces/web.parquet", "sha256": "5ca1ab1e" * 8, "events": 1_234_567},
        settings={
            "kernel": kernel,
            "compressor": compressor,
            "zpool": "zsmalloc",
            "enabled": True,
            "max_pool_percent": 20,
            "accept_threshold_percent": 90,
            "exclusive_loads": False,
            "same_filled_pages_enabled": True,
            "non_same_filled_pages_enabled": True,
            "totalram": 4 << 30,
            "nodes": 1,
            "swap_device": "disk",
            "writeback_ns": 100_000,
            "recipe": "default",
            "payload_file": None,
            "lengths": None,
            "seed": 0,
            "verify": "all",
            "warmup": 0,
            "max_events": None,
            "set": ["/web:memory.zswap.max=8388608"],
            "fixed": [],
        },
        kernel=kernel,
        seed=0,
        recipe={"name": "default", "version": 1},
        versions={"zswap_replay": "0.1.0", "python": "3.11.7", "numpy": "2.0.0", "pyarrow": "17.0.0"},
    )


TIMING = Timing(
    read=0.125,
    payload=0.5,
    compress=1.25,
    decompress=0.25,
    model=0.75,
    total=3.0,
    events=1_234_567,
    pages_compressed=12_021,
)
"""The timing of every hand-made result."""


def make_result(
    compressor: str = "zstd",
    *,
    kernel: str = "patch-v4",
    scale: int = 3,
    snapshots: tuple[Snapshot, ...] = (),
    classes: bool = True,
    warnings: tuple[str, ...] = (),
) -> Result:
    """A result of one snapshot, or of those given; ``scale`` tells the counters of two results apart."""
    return Result(
        manifest=make_manifest(compressor, kernel),
        snapshots=snapshots or (make_snapshot(scale=scale),),
        classes=_CLASSES if classes else (),
        timing=TIMING,
        warnings=warnings,
        over_time=_over_time(scale),
        over_time_by_memcg={
            "/web": {"memory_saved_mean_bytes": 612_345 * scale, "memory_saved_peak_bytes": 921_600 * scale}
        },
        duration_ns=1_000_000_000 * scale,
    )


def _over_time(scale: int) -> dict[str, Number | None]:
    """Means of half of what the snapshot holds, and peaks of a third more."""
    return {
        "memory_saved_mean_bytes": 1_075_200 * scale,
        "memory_saved_peak_bytes": 2_867_200 * scale,
        "memory_saved_end_bytes": 525 * scale * 4096,
        "pool_size_mean_bytes": 972_800 * scale,
        "pool_size_peak_bytes": 2_594_133 * scale,
        "stored_pages_mean": 500.25 * scale,
        "stored_pages_peak": 1333 * scale,
        "compression_ratio_mean": 2.25,
        "compression_ratio_peak": 2.5,
        "pool_efficiency_mean": 1.875,
        "pool_efficiency_peak": None,
    }


_CLASSES = (
    ClassRatio(name="zero", stored=0, same_filled=300, refused=0, bytes_out=0),
    ClassRatio(name="text", stored=1800, same_filled=0, refused=0, bytes_out=2_642_581),
    ClassRatio(name="pointers", stored=900, same_filled=0, refused=0, bytes_out=1_228_750),
    ClassRatio(name="random", stored=0, same_filled=0, refused=21, bytes_out=0),
)


def make_figures(sample: str = "1/4") -> Figures:
    """Figures of measured memory under four compressors, of which one takes no page and was not timed."""
    names = ("zstd", "lz4", "lzo-rle", "842")
    compressors = [
        CompressorFigures(
            name,
            900 - 10 * place,
            100 + 10 * place,
            200 + 50 * place,
            (900 - 10 * place) * (1200 + 300 * place),
            300 + 80 * place,
            3.0 - place / 2,
            0.02,
            30_000.0 / (place + 1),
            9_000.0 / (place + 1),
            dict.fromkeys(range(64 + 100 * place, 4000, 131), 30 - place),
        )
        for place, name in enumerate(names[:3])
    ]
    refusing = CompressorFigures(names[3], 0, 1000, 1000, 0, 0, None, None, None, None, {})
    ratios: dict[str, float | None] = {"zstd": 3.5, "lz4": 2.25, "lzo-rle": 2.5, "842": None}
    return Figures(
        (SourceFigures("", "core dump", 6000, {"in holes of the file": 12}),),
        "6.12",
        sample,
        16,
        1500,
        6000,
        450,
        50,
        40,
        (*compressors, refusing),
        (EntropyClass(0, 1, 100, ratios), EntropyClass(4, 5, 800, ratios), EntropyClass(7, 8, 100, {})),
    )
