"""The settings of a replay, spelled as the kernel's knobs: defaults, units, checks and help in one place.

The command line's options, the manifest and everything else that names a setting are made from ``Settings``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from zswap_replay.errors import SettingsError
from zswap_replay.kernel.names import HOST, UnknownReleaseError, resolve
from zswap_replay.mm.releases import DEFAULT_RELEASE, RELEASES
from zswap_replay.units import PAGE_SIZE, RamShare, Share, parse_amount, parse_share

if TYPE_CHECKING:
    from zswap_replay.json_value import Value
    from zswap_replay.trace.zram_files import Algorithm

DEFAULT_TOTALRAM = 4 << 30
"""Bytes of RAM where neither the trace nor a flag says how much the machine has."""


TIERS = ("zswap", "zram", "zswap+zram", "disk")
"""Where pages go that leave memory."""

ZRAM_SETTINGS = (
    "disksize",
    "mem_limit",
    "comp_algorithm",
    "recomp_algorithm",
    "backing_dev",
    "writeback_limit",
    "idle",
    "recompress",
    "writeback",
    "upkeep",
    "charge_zram",
)
"""The settings of a zram device, named after its files; None is what the trace says, or the default."""


def _setting(
    default: Any,
    help_: str,
    *,
    choices: tuple[str, ...] = (),
    between: tuple[int, int] | None = None,
    knob: bool = False,
    size: bool = False,
    duration: bool = False,
) -> Any:
    """Make a field with its help, the values it takes, and whether the kernel has it as a module parameter."""
    return field(
        default=default,
        metadata={
            "help": help_,
            "choices": choices,
            "between": between,
            "knob": knob,
            "size": size,
            "duration": duration,
        },
    )


@dataclass(frozen=True, slots=True)
class KnobWrite:
    """A value written to a memcg's knob before the first event, as ``--set /web:memory.zswap.max=64M`` does."""

    memcg: str
    key: str
    value: int | Share | RamShare
    """Bytes, units.UNLIMITED, or 0 and 1 for a switch; a share until it is known what it is a share of."""

    @classmethod
    def parse(cls, text: str) -> KnobWrite:
        """Read the write that ``PATH:KEY=VALUE`` stands for. Raises SettingsError."""
        # Neither a key nor a value has a colon or an equals sign in it, but a path may.
        target, equals, value = text.rpartition("=")
        path, colon, key = target.rpartition(":")
        if not equals or not colon:
            raise SettingsError(f"{text!r}: expected PATH:KEY=VALUE, as /web:memory.zswap.max=64M")
        return cls.of(path, key, value)

    @classmethod
    def of(cls, path: str, key: str, value: str) -> KnobWrite:
        """Make the write of a text to a knob of the memcg ``path``.

        Raises SettingsError: no memcg has that path, the memcg no such knob, or the knob no such value.
        """
        from zswap_replay.trace.events import ROOT, ROOT_KNOBS, parse_flag, path_fault

        fault = path_fault(path)
        if fault:
            raise SettingsError(f"memcg path {path!r}: {fault}")
        write = cls(path, key, parse_flag(path, key, value))
        if path == ROOT and key not in ROOT_KNOBS:
            raise SettingsError(f"the root memcg has no {key}")
        return write

    @property
    def bytes(self) -> int:
        """What is written, where it is no share, or one that has been resolved."""
        assert isinstance(self.value, int)
        return self.value

    def __str__(self) -> str:
        value = self.value if isinstance(self.value, Share | RamShare) or self.value >= 0 else "max"
        return f"{self.memcg}:{self.key}={value}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything but the trace that decides what a replay counts."""

    tier: str = _setting(
        "zswap",
        "Where pages go that leave memory: zswap in front of a disk, zram, zswap in front of zram, or a disk alone.",
        choices=TIERS,
    )
    kernel: str = _setting(
        DEFAULT_RELEASE,
        f"Kernel whose rules are replayed: {', '.join(RELEASES)}, any other release (6.14, 6.12.117), what uname -r "
        f"prints, or {HOST}: the one that runs here, with its zswap parameters.",
    )
    compressor: str = _setting(
        "zstd", "Compressor, with a level where it has one (zstd:1, lz4:8).", knob=True
    )
    zpool: str = _setting(
        "zsmalloc", "Allocator of the pool.", choices=("zsmalloc", "zbud", "z3fold"), knob=True
    )
    enabled: bool = _setting(True, "Whether zswap takes pages.", knob=True)
    max_pool_percent: int = _setting(
        20, "Limit of the pool, in percent of total RAM.", between=(0, 100), knob=True
    )
    accept_threshold_percent: int = _setting(
        90, "Where a full pool reopens, in percent of its limit.", between=(0, 100), knob=True
    )
    shrinker_enabled: bool = _setting(
        False, "Whether memory reclaim shrinks zswap too (releases from 6.8 on).", knob=True
    )
    exclusive_loads: bool = _setting(False, "Whether a load frees the entry (releases up to 6.8).", knob=True)
    same_filled_pages_enabled: bool = _setting(
        True, "Whether pages of one repeated word are kept without memory (releases up to 6.8).", knob=True
    )
    non_same_filled_pages_enabled: bool = _setting(
        True, "Whether all other pages are taken (releases up to 6.8).", knob=True
    )
    totalram: int | None = _setting(None, "RAM of the machine, in bytes [default: the trace's, else 4G].")
    nodes: int | None = _setting(None, "NUMA nodes [default: the trace's, else 1].", between=(1, 64))
    swap_device: str = _setting(
        "disk",
        "Swap device; a rotational disk is read ahead by slots; ram is synchronous, as brd and zram are.",
        choices=("disk", "rotational", "ram"),
    )
    disksize: int | None = _setting(
        None, "Size of the zram device [default: the trace's, else as much as RAM, 8G at most].", size=True
    )
    mem_limit: int | None = _setting(
        None, "Limit of zram's pool; 0: none [default: the trace's, else none].", size=True
    )
    comp_algorithm: str | None = _setting(
        None, "zram's compressor [default: the trace's, else that of --compressor]."
    )
    recomp_algorithm: str | None = _setting(
        None,
        "zram's compressors for recompression: zstd, or 'algo=zstd priority=1', several between commas "
        "[default: the trace's, else none].",
    )
    backing_dev: int | None = _setting(
        None, "Size of zram's backing device [default: the trace's, else none].", size=True
    )
    writeback_limit: int | None = _setting(
        None, "Pages that zram may write to its backing device [default: any].", between=(0, 1 << 62)
    )
    idle: int | None = _setting(
        None,
        "At each upkeep, mark pages in zram as idle that were not used for so many seconds.",
        between=(0, 1 << 30),
    )
    recompress: str | None = _setting(
        None,
        "At each upkeep, recompress pages in zram: type=idle, type=huge, 'threshold=3000 max_pages=100'.",
    )
    writeback: str | None = _setting(
        None,
        "At each upkeep, write pages of zram to its backing device: idle, huge, huge_idle or incompressible, several "
        "between commas.",
    )
    upkeep: int | None = _setting(
        None, "How often that is, in time of the trace [default: 60s].", duration=True, between=(1, 1 << 62)
    )
    charge_zram: bool = _setting(
        False,
        "Whether what zram holds in RAM is charged to memcgs, as zswap's is: no kernel does it; for comparisons at "
        "equal memory.",
    )
    writeback_ns: int = _setting(
        100_000, "Time in which the shrink worker writes one page back.", between=(0, 1 << 62)
    )
    reclaim: str = _setting(
        "k",
        "How resident pages are reclaimed: by the kernel's two lists, by its MGLRU, or by a plain LRU.",
        choices=("k", "mglru", "lru"),
    )
    shrink_delay: int = _setting(
        4,
        "Refusals at a full pool, within one reclaim, after which the shrink worker gets to run.",
        between=(0, 1 << 30),
    )
    stat_flush: int = _setting(
        3000,
        "Accesses of a memcg between two flushes of its statistics, which the two lists go by; 0: always flushed.",
        between=(0, 1 << 62),
    )
    page_cluster: int = _setting(
        0, "Swap readahead: up to 2 ** so many pages are read at once; 0: none.", between=(0, 3)
    )
    recipe: str = _setting("default", "What pages hold: a built-in recipe or a TOML file.")
    payload_file: str | None = _setting(
        None,
        "File of pages; content id i is its i-th 4096 bytes, an id past its end a page that a hash picks.",
    )
    lengths: str | None = _setting(None, "Parquet file of known lengths; no codec is called.")
    seed: int = _setting(0, "Seed of the payload.", between=(0, (1 << 64) - 1))
    verify: str = _setting(
        "all", "How many decompressed pages are compared with the original.", choices=("all", "sample", "off")
    )
    warmup: int = _setting(0, "Events whose counts are left out of the counters.", between=(0, 1 << 62))
    max_events: int | None = _setting(None, "Stop after so many events.", between=(1, 1 << 62))
    knobs: tuple[KnobWrite, ...] = ()
    fixed: frozenset[str] = frozenset()
    """Module parameters given as flags: the trace's own writes to them are ignored."""
    totalram_share: Share | None = None
    """RAM as a share of the working set; replay.shares puts ``totalram`` in its place."""
    kernel_asked: str = ""
    """The kernel as it was asked for, where ``kernel`` has another name: ``6.12.117``, ``6.8.0-45-generic``."""

    def __post_init__(self) -> None:
        self._resolve_kernel()
        for name, choices, between in _checked():
            value = getattr(self, name)
            if choices and value not in choices:
                raise SettingsError(f"{name} {value!r}: expected one of {', '.join(choices)}")
            if between and value is not None and not between[0] <= value <= between[1]:
                raise SettingsError(f"{name} {value}: expected {between[0]} to {between[1]}")
        if self.totalram is not None and self.totalram < PAGE_SIZE:
            raise SettingsError(f"totalram {self.totalram}: expected at least a page, {PAGE_SIZE} bytes")
        if self.payload_file and self.lengths:
            raise SettingsError("payload_file and lengths: give one, since with lengths no page is made")

        self._check_zram()
        if "zswap" not in self.tier and "enabled" not in self.fixed:
            object.__setattr__(self, "enabled", False)

    @property
    def has_zram(self) -> bool:
        """Whether the swap device is a zram device."""
        return "zram" in self.tier

    @property
    def compressors(self) -> tuple[str, ...]:
        """The compressors of zswap and, where there is a zram device with one of its own, of that: specs."""
        own = self.comp_algorithm if self.has_zram else None
        return (self.compressor,) if own is None else (self.compressor, own)

    def for_tier(self, tier: str) -> Settings:
        """Return the settings for another tier, without those of a zram device where it has none."""
        changes: dict[str, Any] = {"tier": tier, "enabled": self.enabled or "enabled" not in self.fixed}
        if "zram" not in tier:
            changes |= dict.fromkeys(ZRAM_SETTINGS) | {"charge_zram": False}
        return replace(self, **changes)

    def recomp_algorithms(self) -> tuple[Algorithm, ...]:
        """Return zram's further compressors with their priorities. Raises SettingsError."""
        from zswap_replay.trace.zram_files import parse_recomp_algorithm

        texts = self.recomp_algorithm.split(",") if self.recomp_algorithm is not None else []
        found = tuple(parse_recomp_algorithm(text) for text in texts)
        if len({each.priority for each in found}) < len(found):
            raise SettingsError(
                f"recomp_algorithm {self.recomp_algorithm!r}: expected each priority once (algo=NAME priority=1 to 3)"
            )
        return found

    def _check_zram(self) -> None:
        """Refuse settings of a zram device that there is none of, or that it does not take."""
        from zswap_replay.trace.zram_files import MOST_BYTES

        given = [name for name in ZRAM_SETTINGS if getattr(self, name) not in (None, False)]
        if given and not self.has_zram:
            raise SettingsError(
                f"{given[0]}: the tier {self.tier} has no zram device; expected --tier zram or zswap+zram"
            )
        for name, least in (("disksize", PAGE_SIZE), ("mem_limit", 0), ("backing_dev", 2 * PAGE_SIZE)):
            value = getattr(self, name)
            if value is not None and value < least:
                what = "at least a page, 4096 bytes" if least == PAGE_SIZE else f"at least {least} bytes"
                raise SettingsError(f"{name} {value}: expected {what}")
            if value is not None and name != "mem_limit" and value > MOST_BYTES:
                raise SettingsError(f"{name} {value}: expected less than 8T")
        for name in ("writeback_limit", "writeback"):
            if getattr(self, name) is not None and self.backing_dev is None:
                raise SettingsError(f"{name}: expected backing_dev beside it")
        self.recomp_algorithms()
        self._check_upkeep()

    @property
    def has_upkeep(self) -> bool:
        """Whether anything is done to the pages of a zram device every so often."""
        return any(each is not None for each in (self.idle, self.recompress, self.writeback))

    def _check_upkeep(self) -> None:
        """Refuse an upkeep that does nothing, or that asks for marks that nobody sets."""
        from zswap_replay.trace.zram_files import IDLE, parse_recompress, parse_writeback

        modes = [
            parse_writeback(text) for text in (self.writeback or "").split(",") if self.writeback is not None
        ]
        if any(index >= 0 for _, index in modes):
            raise SettingsError(
                f"writeback {self.writeback!r}: expected idle, huge, huge_idle or incompressible"
            )
        asked = [mode for mode, _ in modes]
        if self.recompress is not None:
            asked.append(parse_recompress(self.recompress).mode)
            if self.recomp_algorithm is None:
                raise SettingsError("recompress: expected recomp_algorithm beside it")
        if self.idle is None and any(mode & IDLE for mode in asked):
            raise SettingsError(
                "pages are idle where idle says after how many seconds: expected idle beside it"
            )
        if self.upkeep is not None and not self.has_upkeep:
            raise SettingsError("upkeep: expected idle, recompress or writeback beside it")

    def _resolve_kernel(self) -> None:
        """Put the name of the release whose rules are replayed in the place of what was asked for."""
        if self.kernel == HOST:
            raise SettingsError(
                f"kernel {HOST!r}: expected a release; --kernel {HOST} and replay(kernel={HOST!r}) read this machine"
            )
        try:
            resolved = resolve(self.kernel)
            asked = resolve(self.kernel_asked) if self.kernel_asked else resolved
        except UnknownReleaseError as error:
            raise SettingsError(f"kernel {error}") from None
        if resolved.name != self.kernel:
            object.__setattr__(self, "kernel_asked", self.kernel)
            object.__setattr__(self, "kernel", resolved.name)
        elif asked.name != self.kernel and not asked.backports:
            # dataclasses.replace() has put another kernel in the place of the one that was asked for.
            object.__setattr__(self, "kernel_asked", "")

    def files(self) -> list[str]:
        """Return the files that a replay with these settings reads beside its trace."""
        return files_named([self.recipe, self.payload_file, self.lengths])

    def as_json(self) -> dict[str, object]:
        """Convert to the object that the manifest holds."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if "help" in f.metadata}
        without = () if self.has_zram else ZRAM_SETTINGS if self.tier == "disk" else ("tier", *ZRAM_SETTINGS)
        plain = {name: value for name, value in plain.items() if name not in without}
        return {**plain, "set": [str(write) for write in self.knobs], "fixed": sorted(self.fixed)}

    @classmethod
    def from_json(cls, document: Mapping[str, object] | Value) -> Settings:
        """Read the object that ``as_json`` made; a setting that it lacks has its default.

        Raises ResultError: a setting that is unknown, or whose value is of the wrong kind. SettingsError: a value out
        of its range.
        """
        from zswap_replay.json_value import Value

        known = {setting.name: setting for setting in fields(cls) if "help" in setting.metadata}
        values: dict[str, Any] = {}
        for name, value in Value.of(document, "settings").items():
            if name == "set":
                values["knobs"] = tuple(KnobWrite.parse(write.text()) for write in value.list())
            elif name == "fixed":
                values["fixed"] = frozenset(_parameter(param) for param in value.list())
            elif name in known:
                values[name] = _of_kind(value, str(known[name].type))
            else:
                raise value.fault(f"one of the settings {', '.join([*known, 'set', 'fixed'])}")
        return cls(**values)


@cache
def _checked() -> tuple[tuple[str, tuple[str, ...], tuple[int, int] | None], ...]:
    """List the settings that have choices or a range, with them: looked up once, since a sweep makes many settings."""
    found: list[tuple[str, tuple[str, ...], tuple[int, int] | None]] = [
        (each.name, each.metadata.get("choices", ()), each.metadata.get("between"))
        for each in fields(Settings)
    ]
    return tuple((name, choices, between) for name, choices, between in found if choices or between)


FILE_SETTINGS = ("recipe", "payload_file", "lengths")
"""The settings that may name a file."""


def files_named(values: Iterable[str | None]) -> list[str]:
    """Return the names among values of ``FILE_SETTINGS`` that are not those of built-in recipes."""
    from zswap_replay.payload.recipe import builtin_recipes

    return [value for value in values if value and value not in builtin_recipes()]


def _parameter(value: Value) -> str:
    params = [setting.name for setting in fields(Settings) if setting.metadata.get("knob")]
    if value.text() not in params:
        raise value.fault(f"one of {', '.join(params)}")
    return value.text()


def _of_kind(value: Value, kind: str) -> bool | int | str | None:
    """Return a setting's value, checked against the type that its field is declared with."""
    if value.content is None and kind.endswith(" | None"):
        return None
    match kind.removesuffix(" | None"):
        case "bool":
            return value.flag()
        case "int":
            return value.integer()
        case _:
            return value.text()


def parse_totalram(text: str) -> int | Share:
    """Read bytes of RAM from ``4G``, ``512Mi`` and the like, or a share of the working set from ``1.5ws``.

    Raises SettingsError: the text is neither.
    """
    share = parse_share(text)
    return share if isinstance(share, Share) else parse_amount(text)
