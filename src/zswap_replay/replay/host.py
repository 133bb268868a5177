"""The kernel that runs here: its release, its zswap parameters, the switches of reclaim and readahead, its swap."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from zswap_replay.errors import SettingsError
from zswap_replay.kernel.names import HOST, UnknownReleaseError, resolve
from zswap_replay.mm.release_changes import release_of
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay.swap_devices import read_swap_devices
from zswap_replay.settings import Settings

ROOT = Path("/")
"""The folder in which ``proc`` and ``sys`` are."""

_OSRELEASE: Final = "proc/sys/kernel/osrelease"
_PARAMETERS: Final = "sys/module/zswap/parameters"
_PAGE_CLUSTER: Final = "proc/sys/vm/page-cluster"
_LRU_GEN: Final = "sys/kernel/mm/lru_gen/enabled"

_NOT_READ: Final = "not read here (no such file)"


@dataclass(frozen=True, slots=True)
class Host:
    """The running kernel, with the settings that it has."""

    uname: str
    """What ``uname -r`` prints."""
    kernel: str
    """The name of the release whose rules it is replayed by."""
    why: str
    """How the two belong together, in one line."""
    values: Mapping[str, bool | int | str]
    """The settings that were read, by name."""
    missing: tuple[str, ...]
    """What could not be read, and why, one line each."""

    def chosen(self, given: Collection[str], kernels: Collection[str] = ()) -> dict[str, bool | int | str]:
        """Return the values of settings that are not among ``given``, as far as all ``kernels`` have them."""
        releases = [release_of(kernel) for kernel in (self.kernel, *kernels)]
        knobs = {field.name for field in fields(Settings) if field.metadata.get("knob")}
        return {
            name: value
            for name, value in self.values.items()
            if name not in given
            and (name not in knobs or all(name in release.params for release in releases))
        }

    def notes(self, given: Collection[str]) -> Iterator[str]:
        """Say in lines for people what was read, and what flags keep from being used."""
        yield f"kernel {HOST}: {self.why}"
        shown = (
            f"{name} {_spelled(value)}{' (a flag says otherwise)' if name in given else ''}"
            for name, value in self.values.items()
        )
        yield f"kernel {HOST}: {', '.join(shown) or 'no setting could be read'}"
        yield from (f"kernel {HOST}: {text}" for text in self.missing)
        if self.values.get("enabled") is False and "enabled" not in given:
            yield f"kernel {HOST}: zswap is off, so that nothing is stored; --enabled replays as if it were on"


def read_host(root: Path | None = None) -> Host:
    """Read the running kernel's release and settings below ``root``, where ``proc`` and ``sys`` are.

    Raises SettingsError: its release cannot be read or is none.
    """
    root = ROOT if root is None else root
    uname = _read(root / _OSRELEASE)
    if not uname:
        raise SettingsError(f"kernel {HOST}: {root / _OSRELEASE}: expected the release of a running Linux")
    try:
        resolved = resolve(uname)
    except UnknownReleaseError as error:
        raise SettingsError(f"kernel {HOST}: {root / _OSRELEASE}: {error}") from None
    params = _parameters(root)
    kernel, why = resolved.name, resolved.why or f"{uname}: its rules were recorded"
    fitting = _by_parameters(kernel, params)
    if fitting:
        why = f"{uname}: rules of {fitting}, the first recorded release with its zswap parameters; {kernel} has others"
        kernel = fitting
    values: dict[str, bool | int | str] = {}
    missing = []
    if not params:
        missing.append(f"{root / _PARAMETERS}: {_NOT_READ}: zswap's own defaults are taken")
    plain = Settings()
    knobs = {field.name for field in fields(Settings) if field.metadata.get("knob")}
    for name in sorted(knobs & params.keys()):
        values[name] = _value(str(root / _PARAMETERS / name), getattr(plain, name), params[name])
    values["reclaim"] = "mglru" if _lru_gen_is_on(root) else "k"
    text = _read(root / _PAGE_CLUSTER)
    if text is None:
        missing.append(f"{root / _PAGE_CLUSTER}: {_NOT_READ}")
    else:
        cluster = int(_value(str(root / _PAGE_CLUSTER), 0, text))
        (most,) = (field.metadata["between"][1] for field in fields(Settings) if field.name == "page_cluster")
        if cluster > most:
            missing.append(f"{root / _PAGE_CLUSTER}: {cluster} is taken as {most}, the most that is modelled")
        values["page_cluster"] = min(cluster, most)
    swap = read_swap_devices(root)
    if swap.kind is not None:
        values["swap_device"] = swap.kind
    missing += swap.unknown
    return Host(uname, kernel, why, values, tuple(missing))


def _lru_gen_is_on(root: Path) -> bool:
    """Tell whether pages are reclaimed by generations: the lowest bit of the switch; no such file is no.

    Raises SettingsError: the file holds no number.
    """
    text = _read(root / _LRU_GEN)
    try:
        return text is not None and bool(int(text, 0) & 1)
    except ValueError:
        where = root / _LRU_GEN
        raise SettingsError(f"{where}: found {text!r}; expected a number such as 0x0007") from None


def _by_parameters(kernel: str, params: Mapping[str, str]) -> str | None:
    """Return the release that the parameters tell of where they are those of no release like ``kernel``.

    A maker's kernel has rules of later releases under an old number; parameters come and go with them. None where they
    fit, or fit nothing.
    """
    has = frozenset(params)
    if not has or has == frozenset(release_of(kernel).params):
        return None
    fitting = [
        name for name, release in RELEASES.items() if name[0].isdigit() and has == frozenset(release.params)
    ]
    return fitting[0] if fitting and kernel not in fitting else None


def _parameters(root: Path) -> dict[str, str]:
    """Read the files of zswap's module parameters, by name."""
    folder = root / _PARAMETERS
    if not folder.is_dir():
        return {}
    found = {path.name: _read(path) for path in sorted(folder.iterdir())}
    return {name: text for name, text in found.items() if text is not None}


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _value(where: str, default: bool | int | str, text: str) -> bool | int | str:
    """Convert what a file holds to the kind of a setting's default. Raises SettingsError: it is of another kind."""
    if isinstance(default, bool):
        if text.lower() not in ("y", "n", "1", "0"):
            raise SettingsError(f"{where}: found {text!r}; expected Y or N")
        return text.lower() in ("y", "1")
    if isinstance(default, int):
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise SettingsError(f"{where}: found {text!r}; expected a number")
        return int(text)
    return text


def _spelled(value: bool | int | str) -> str:
    return ("Y" if value else "N") if isinstance(value, bool) else str(value)
