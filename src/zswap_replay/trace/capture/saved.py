"""What was saved beside a capture's text: counters at labels, the machine, and the cgroups that were there before.

Of ``NAME.txt.xz`` that is ``NAME.counters.json`` (or ``NAME.counters.txt``), ``NAME.env.txt``, ``NAME.cgroups.txt`` and
``NAME.buffer-stats.txt``; in a folder the same without a name, and ``trace.txt``, plain or packed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zswap_replay.errors import TraceError
from zswap_replay.files import shown
from zswap_replay.units import PAGE_SIZE, quoted, read_digits

_PACKED = (".xz", ".gz", ".zst")
_TEXTS = tuple(f".txt{packed}" for packed in ("", *_PACKED))
_PARAMETER = re.compile(r"^/sys/module/zswap/parameters/(\w+):(.*)$")
_SAVED = ("env.txt", "counters.txt", "cgroups.txt", "buffer-stats.txt", "profile.txt")
_KNOBS = ("memory.zswap.max", "memory.zswap.writeback")
GROUPS = ("zswap", "vmstat", "memcg")
_OVERRUNS = re.compile(r"^(?:overrun|commit overrun|dropped events): ([0-9]+)", re.MULTILINE)
_MOST_NODES_SHIFT = 10
"""What CONFIG_NODES_SHIFT may be at most."""
_MOST_RAM_KB = 1 << 42


@dataclass(frozen=True, slots=True)
class SavedSnapshot:
    """The kernel's counters at one label; memory.stat and other files of each cgroup by its path."""

    label: str
    uptime_ns: int | None
    zswap: Mapping[str, int]
    vmstat: Mapping[str, int]
    memcg: Mapping[str, Mapping[str, int]]
    knobs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By cgroup, what its zswap files hold, where that was saved: ``memory.zswap.max``, ``memory.zswap.writeback``."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The machine that was captured, as far as it is known."""

    kernel: str | None = None
    """The release, as ``uname -r`` prints it."""
    totalram_pages: int | None = None
    nodes: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    """zswap's module parameters."""
    nodes_shift: int = 10
    """Bits of folio->flags that name the node: CONFIG_NODES_SHIFT, which is 10 where distributions build kernels."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder that ``zswap-replay capture`` wrote says of itself."""

    finished: bool = True
    """Whether the capture came to an end; one whose process was killed did not."""
    probes: frozenset[str] = frozenset()
    """The events that were recorded, whether there are any or not."""


@dataclass(frozen=True, slots=True)
class CaptureFiles:
    """The files of a capture; None for one that is not there."""

    text: Path
    counters: Path | None
    uptimes: Path | None
    env: Path | None
    cgroups: Path | None
    buffers: Path | None
    profile: Path | None
    manifest: Path | None

    def all(self) -> list[Path]:
        """List those that are there."""
        each = (self.text, self.counters, self.uptimes, self.env, self.cgroups, self.buffers)
        return [path for path in (*each, self.profile, self.manifest) if path is not None]


def find_files(
    source: str | os.PathLike[str],
    counters: str | os.PathLike[str] | None = None,
    env: str | os.PathLike[str] | None = None,
) -> CaptureFiles:
    """Find what belongs to a capture: a folder, or a text and what stands beside it. ``-`` has nothing beside it.

    Raises TraceError: a folder without a text, or with several.
    """
    path = Path(source)
    if os.fspath(source) == "-":
        stems, folder = [], Path()
    elif path.is_dir():
        path, stems, folder = _text_in(path), [""], path
        stems += _stems(path.name)
    else:
        stems, folder = _stems(path.name), path.parent

    def beside(name: str) -> Path | None:
        each = (folder / (f"{stem}.{name}" if stem else name) for stem in stems)
        return next((found for found in each if found.is_file()), None)

    tables = beside("counters.txt")
    return CaptureFiles(
        path,
        Path(counters) if counters is not None else beside("counters.json") or tables,
        tables,
        Path(env) if env is not None else beside("env.txt"),
        beside("cgroups.txt"),
        beside("buffer-stats.txt"),
        beside("profile.txt"),
        beside("capture.json"),
    )


def _stems(name: str) -> list[str]:
    """Give the names that files beside a text may begin with: ``a.b`` and ``a`` for ``a.b.txt.xz``."""
    for packed in _PACKED:
        name = name.removesuffix(packed)
    stem = name.removesuffix(".txt")
    found = [stem]
    while "." in stem:
        stem = stem.rpartition(".")[0]
        found.append(stem)
    return [each for each in found if each]


def _text_in(folder: Path) -> Path:
    texts = [
        each
        for each in sorted(folder.iterdir())
        if each.name.endswith(_TEXTS) and not any(each.name.endswith(saved) for saved in _SAVED)
    ]
    named = [each for each in texts if each.name.split(".")[0] == "trace"] or texts
    if len(named) != 1:
        found = ", ".join(each.name for each in named) or "none"
        raise TraceError(
            f"{shown(folder)}: found {found}; expected one text of a capture, such as trace.txt.xz"
        )
    return named[0]


def read_counters(files: CaptureFiles) -> list[SavedSnapshot]:
    """Read the saved counters, in order; none where there is no file.

    Raises TraceError: a file that cannot be read, or holds something else.
    """
    if files.counters is None:
        return []
    name, text = shown(files.counters), _read(files.counters)
    if files.counters.suffix == ".txt":
        return [_snapshot(name, each) for each in _tables(text)]
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{name}: found no JSON ({error}); expected a list of snapshots") from None
    if not isinstance(document, list) or not document:
        raise TraceError(f"{name}: found {quoted(text[:40])}; expected a list of snapshots")
    uptimes = {}
    if files.uptimes is not None and files.uptimes != files.counters:
        uptimes = {each["label"]: each.get("uptime") for each in _tables(_read(files.uptimes))}
    return [_snapshot(name, each, uptimes) for each in document]


def _snapshot(name: str, raw: Any, uptimes: Mapping[str, Any] | None = None) -> SavedSnapshot:
    if not isinstance(raw, dict) or not isinstance(raw.get("label"), str):
        raise TraceError(f"{name}: found {quoted(str(raw)[:40])}; expected a snapshot with a label")
    label = raw["label"]
    groups: dict[str, Any] = {}
    for group in GROUPS:
        values = raw.get(group, {})
        if not isinstance(values, dict):
            raise TraceError(f"{name}: {label}, {group}: found {quoted(str(values)[:40])}; expected counters")
        groups[group] = values
    uptime = raw.get("uptime", (uptimes or {}).get(label))
    try:
        uptime_ns = None if uptime is None else round(float(uptime) * 1e9)
    except (TypeError, ValueError, OverflowError):
        raise TraceError(f"{name}: {label}, uptime: found {quoted(str(uptime))}; expected seconds") from None
    return SavedSnapshot(
        label,
        uptime_ns,
        _integers(f"{name}: {label}, zswap", groups["zswap"]),
        _integers(f"{name}: {label}, vmstat", groups["vmstat"]),
        {
            path: _integers(f"{name}: {label}, {path}", values)
            for path, values in groups["memcg"].items()
            if isinstance(values, dict)
        },
        {
            path: {key: str(values[key]) for key in _KNOBS if key in values}
            for path, values in groups["memcg"].items()
            if isinstance(values, dict)
        },
    )


def _integers(where: str, values: Mapping[str, Any]) -> dict[str, int]:
    """Take the values that are whole numbers. Raises TraceError: one is none that a kernel counts."""
    found = {key: value for key, value in values.items() if type(value) is int}
    for key, value in found.items():
        if not 0 <= value < 1 << 63:
            raise TraceError(
                f"{where} {key}: found {quoted(str(value))}; expected a number from 0 to 2^63 - 1"
            )
    return found


def _tables(text: str) -> Iterator[dict[str, Any]]:
    """Read lines ``##### LABEL`` and ``== zswap NAME VALUE``, ``== memcg PATH NAME VALUE``, ``== uptime SECONDS``."""
    current: dict[str, Any] | None = None
    for line in text.splitlines():
        if line.startswith("##### "):
            if current is not None:
                yield current
            current = {"label": line[6:].strip(), "zswap": {}, "vmstat": {}, "memcg": {}}
            continue
        words = line.split()
        if current is None or words[:1] != ["=="] or len(words) < 3:
            continue
        if words[1] == "uptime":
            current["uptime"] = words[2]
        elif (number := read_digits(words[-1])) is not None and words[1] in ("zswap", "vmstat"):
            current[words[1]][words[2]] = number
        elif number is not None and words[1] == "memcg" and len(words) >= 5:
            current["memcg"].setdefault(" ".join(words[2:-2]), {})[words[-2]] = number
        elif words[1] == "memcg" and len(words) >= 5 and words[-2] in _KNOBS:
            current["memcg"].setdefault(" ".join(words[2:-2]), {})[words[-2]] = words[-1]
    if current is not None:
        yield current


def read_environment(path: Path | None) -> Environment:
    """Read what the machine was: uname, ``totalram_kB``, nodes and zswap's parameters.

    Raises TraceError: the file cannot be read.
    """
    if path is None:
        return Environment()
    kernel, totalram, nodes, params, shift = None, None, 0, {}, 10
    for line in _read(path).splitlines():
        words = line.split()
        if words[:1] == ["Linux"] and len(words) > 2:
            kernel = words[2]
        elif len(words) > 1 and words[0] in ("totalram_kB", "MemTotal:", "nodes_shift"):
            number = read_digits(words[1])
            most = _MOST_NODES_SHIFT if words[0] == "nodes_shift" else _MOST_RAM_KB
            if number is None or number > most:
                raise TraceError(
                    f"{shown(path)}: {words[0]}: found {quoted(words[1])}; expected a whole number up to {most}"
                )
            if words[0] == "nodes_shift":
                shift = number
            else:
                totalram = number * 1024 // PAGE_SIZE or None
        elif re.fullmatch(r"/sys/devices/system/node/node\d+", line.strip()):
            nodes += 1
        elif (found := _PARAMETER.match(line.strip())) is not None:
            params[found[1]] = found[2].strip()
    return Environment(kernel, totalram, nodes or None, params, shift)


def read_cgroups(path: Path | None) -> dict[int, str]:
    """Read ``INODE PATH`` of each cgroup, a line each, as find prints them with ``%i %P``.

    Raises TraceError: a line that is none.
    """
    found = {}
    for number, line in enumerate(_read(path).splitlines() if path is not None else (), 1):
        inode, _, name = line.strip().partition(" ")
        if not inode:
            continue
        known = read_digits(inode)
        if known is None:
            raise TraceError(f"{path}: line {number}: found {quoted(line)}; expected INODE PATH")
        found[known] = "/" + name.strip().strip("/")
    return found


def read_overruns(path: Path | None) -> int:
    """Sum the events that the ring buffers lost, as ``per_cpu/cpu*/stats`` say."""
    text = _read(path) if path is not None else ""
    return sum(read_digits(each) or 0 for each in _OVERRUNS.findall(text))


def read_missed(path: Path | None, events: Collection[str]) -> int:
    """Sum the calls that probes of kprobe missed, as ``kprobe_profile`` says: event, met, missed."""
    total = 0
    for line in (_read(path) if path is not None else "").splitlines():
        words = line.split()
        if len(words) == 3 and words[0] in events:
            total += read_digits(words[2]) or 0
    return total


def read_manifest(path: Path | None) -> Manifest:
    """Read what a capture says of itself; one by other means says nothing.

    Raises TraceError: the file is no manifest.
    """
    if path is None:
        return Manifest()
    try:
        document = json.loads(_read(path))
        return Manifest(document["ended"] is not None, frozenset(document["probes"]))
    except (ValueError, RecursionError, KeyError, TypeError):
        raise TraceError(
            f"{shown(path)}: found no manifest of a capture; expected ended and probes"
        ) from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise TraceError(f"{shown(path)}: cannot be read: {error.strerror}") from None
