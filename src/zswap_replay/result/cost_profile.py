"""Cost profiles: what one compression, one read of the swap device and one fault take, as small TOML files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final

from zswap_replay.errors import CostError
from zswap_replay.files import shown
from zswap_replay.inputs.toml_text import parse_toml
from zswap_replay.json_value import Value
from zswap_replay.units import quoted

_BUILTIN: Final = Path(__file__).with_name("cost_profiles")

DEFAULT: Final = "nvme"
"""The profile that is taken where none is given."""

VERSION: Final = 1
"""Version of the format."""

PARTS: Final = ("compressors", "fault", "device")
"""The parts of a profile that have a source each."""

UNSAID: Final = "assumed: the profile names no source"

_MOST_NS: Final = 10**10
"""The longest that one operation may take; what takes longer is no device's latency but a slip of the pen."""
_MOST_TBW: Final = 10**9
_TERABYTE: Final = 10**12


@dataclass(frozen=True, slots=True)
class CodecCost:
    """What a compressor takes for one page, in ns."""

    compress_ns: int
    decompress_ns: int


@dataclass(frozen=True, slots=True)
class CostProfile:
    """What each operation takes, in ns, and what the drive endures."""

    name: str
    compressors: Mapping[str, CodecCost]
    fault_ns: int
    """Of a fault, but for bringing its page."""
    read_ns: int
    """Of a page, from the swap device."""
    write_ns: int
    tbw: int | None = None
    """Terabytes (10^12 bytes) that the drive endures to be written; None for a device that does not wear."""
    sources: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(PARTS, UNSAID))
    """Where the numbers of each of ``PARTS`` come from: ``measured: ...``, ``published: ...`` or ``assumed: ...``."""
    where: str = field(default="", compare=False)
    """The file or name that it was read from, as errors name it."""

    @property
    def endurance_bytes(self) -> int | None:
        """Bytes that the drive endures to be written; None for a device that does not wear."""
        return None if self.tbw is None else self.tbw * _TERABYTE

    def codec(self, spec: str) -> CodecCost | None:
        """Find what a compressor takes: that of its spec (``zstd:1``), else of its name; None for neither."""
        return self.compressors.get(spec) or self.compressors.get(spec.partition(":")[0])

    def source(self, part: str) -> str:
        """Say where the numbers of a part come from."""
        return self.sources[part]

    def need(self, specs: Iterable[str]) -> None:
        """Check that all of some compressors are there. Raises CostError: one is not."""
        for spec in specs:
            if self.codec(spec) is None:
                raise CostError(
                    f"{self.where or self.name}: compressors.{spec}: missing; "
                    f"expected its compress_ns and decompress_ns, since the trace is replayed with it"
                )

    def as_json(self) -> dict[str, Any]:
        """Convert to a JSON object laid out like the TOML."""
        device = {"read_ns": self.read_ns, "write_ns": self.write_ns}
        return {
            "name": self.name,
            "version": VERSION,
            "sources": {part: self.source(part) for part in PARTS},
            "fault": {"overhead_ns": self.fault_ns},
            "device": device if self.tbw is None else {**device, "tbw": self.tbw},
            "compressors": {
                name: {"compress_ns": each.compress_ns, "decompress_ns": each.decompress_ns}
                for name, each in self.compressors.items()
            },
        }

    @classmethod
    def from_json(cls, document: Value) -> CostProfile:
        """Read what ``as_json`` made. Raises ResultError: a key is missing, or its value of the wrong kind."""
        content = document.content
        try:
            return _parsed(content, "cost.profile")
        except CostError as error:
            raise document.fault(f"a cost profile ({error})") from None


def builtin_profiles() -> list[str]:
    """List the names of the profiles that come with the package, in alphabetical order."""
    return sorted(file.stem for file in _BUILTIN.glob("*.toml"))


def profile_text(name_or_path: str | PathLike[str]) -> str:
    """Return the TOML of the built-in profile of that name, else of the file at that path.

    Raises CostError: there is neither, or the file is not UTF-8.
    """
    text = fspath(name_or_path)
    try:
        if text in builtin_profiles():
            return (_BUILTIN / f"{text}.toml").read_text(encoding="utf-8")
        return Path(text).read_bytes().decode()
    except FileNotFoundError:
        names = ", ".join(builtin_profiles())
        raise CostError(f"{shown(text)}: no such file, and the named cost profiles are {names}") from None
    except OSError as error:
        raise CostError(f"{shown(text)}: {error.strerror}") from None
    except ValueError as error:
        raise CostError(f"{shown(text)}: not TOML: {error}") from None


def load_profile(name_or_path: str | PathLike[str]) -> CostProfile:
    """Load the built-in profile of that name, else the TOML file at that path.

    Raises CostError: there is neither, or the file is no cost profile; the text names the file and the key.
    """
    where = shown(name_or_path)
    try:
        table = parse_toml(profile_text(name_or_path))
    except ValueError as error:
        raise CostError(f"{where}: not TOML: {error}") from None
    table.setdefault("name", Path(where).stem or where)
    return replace(_parsed(table, where), where=where)


def profile_of(cost: CostProfile | str | PathLike[str] | None, *compressors: str) -> CostProfile | None:
    """Load the profile that is named, unless it is one or None. Raises CostError: it lacks a compressor."""
    profile = cost if isinstance(cost, CostProfile) or cost is None else load_profile(cost)
    if profile is not None:
        profile.need(compressors)
    return profile


def files_of(cost: str | None) -> list[str]:
    """Return the file that ``--cost`` names; none where it is a built-in profile's name, or not given."""
    return [] if cost is None or cost in builtin_profiles() else [cost]


@lru_cache(maxsize=1)
def default_profile() -> CostProfile:
    """Load the profile that is taken where none is given."""
    return load_profile(DEFAULT)


def to_toml(profile: CostProfile, comment: str = "") -> str:
    """Write a profile as TOML, which ``load_profile`` reads back."""
    lines = [*(f"# {line}" for line in comment.splitlines()), f"name = {_toml(profile.name)}"]
    lines += [f"version = {VERSION}", "", "[sources]"]
    lines += [f"{part} = {_toml(profile.source(part))}" for part in PARTS]
    lines += ["", "[fault]", f"overhead_ns = {profile.fault_ns}"]
    lines += ["", "[device]", f"read_ns = {profile.read_ns}", f"write_ns = {profile.write_ns}"]
    lines += [f"tbw = {profile.tbw}"] if profile.tbw is not None else []
    lines += ["", "[compressors]"]
    lines += [
        f"{_toml(name)} = {{ compress_ns = {each.compress_ns}, decompress_ns = {each.decompress_ns} }}"
        for name, each in profile.compressors.items()
    ]
    return "\n".join(lines) + "\n"


def _toml(text: str) -> str:
    """Spell a basic string of TOML: JSON's escapes are among its own, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _parsed(document: object, where: str) -> CostProfile:
    table = _table(document, where, "", PARTS, ("name", "version", "sources"))
    version = table.get("version", VERSION)
    if type(version) is not int or version != VERSION:
        raise CostError(
            f"{where}: version: found {_found(version)}; expected {VERSION}, which this program reads"
        )
    fault = _table(table["fault"], where, "fault", ("overhead_ns",))
    device = _table(table["device"], where, "device", ("read_ns", "write_ns"), ("tbw",))
    sources = _table(table.get("sources", {}), where, "sources", (), PARTS)
    codecs = table["compressors"]
    if not isinstance(codecs, Mapping) or not codecs:
        raise CostError(
            f"{where}: compressors: found {_found(codecs)}; expected a table of at least one compressor"
        )
    return CostProfile(
        name=_text(table["name"], where, "name"),
        compressors={str(name): _codec(each, where, f"compressors.{name}") for name, each in codecs.items()},
        fault_ns=_number(fault, where, "fault", "overhead_ns"),
        read_ns=_number(device, where, "device", "read_ns"),
        write_ns=_number(device, where, "device", "write_ns"),
        tbw=_number(device, where, "device", "tbw", least=1, most=_MOST_TBW) if "tbw" in device else None,
        sources={part: _text(sources.get(part, UNSAID), where, f"sources.{part}") for part in PARTS},
    )


def _codec(document: object, where: str, key: str) -> CodecCost:
    table = _table(document, where, key, ("compress_ns", "decompress_ns"))
    return CodecCost(*(_number(table, where, key, name) for name in ("compress_ns", "decompress_ns")))


def _table(
    document: object, where: str, key: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Mapping[str, Any]:
    """Check that a value is a table of all required keys and no others but optional ones. Raises CostError."""
    if not isinstance(document, Mapping):
        raise CostError(f"{where}: {key or 'profile'}: found {_found(document)}; expected a table")
    inside = f"{key}." if key else ""
    known = (*required, *optional)
    for name in document:
        if name not in known:
            raise CostError(
                f"{where}: {inside}{name if len(str(name)) < 60 else quoted(str(name))}: unknown key; "
                f"expected {', '.join(known)}"
            )
    for name in required:
        if name not in document:
            raise CostError(f"{where}: {inside}{name}: missing; expected {_expected(name)}")
    return document


def _expected(name: str) -> str:
    return "a table" if name in PARTS else "nanoseconds, a whole number of at least 0"


def _number(
    table: Mapping[str, Any], where: str, key: str, name: str, *, least: int = 0, most: int = _MOST_NS
) -> int:
    value = table[name]
    if type(value) is not int or not least <= value <= most:
        raise CostError(
            f"{where}: {key}.{name}: found {_found(value)}; expected a whole number from {least} to {most}"
        )
    return value


def _text(value: object, where: str, key: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise CostError(f"{where}: {key}: found {_found(value)}; expected a line of text")
    return value


def _found(value: object) -> str:
    return quoted(value) if isinstance(value, str) else quoted(str(value)).strip("'\"")
