"""Checkpoints: a replay as it stands between two batches, in a file, and going on from there.

The file is a NumPy archive (.npz) of plain arrays, no pickles: ``document`` is JSON in UTF-8, the others are the
columns that it names by number. It holds the machine, the compressed pages, the snapshots so far, and what must be the
same for it to be gone on from: the rows so far by their digest, the settings, and the version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from os import PathLike, fspath
from os.path import realpath
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from zswap_replay.errors import CheckpointError, Interrupted, ResultError, SettingsError
from zswap_replay.files import replacing
from zswap_replay.machine import compiled
from zswap_replay.machine.frozen import UnfitStateError, freeze, thaw
from zswap_replay.machine.recount import recount
from zswap_replay.mm.shortages import Shortage, Shortages
from zswap_replay.replay.interrupts import HeldInterrupts
from zswap_replay.result.manifest import versions
from zswap_replay.trace.batch import NO_MEMCG, Batch
from zswap_replay.trace.digest import RowDigest

if TYPE_CHECKING:
    from zswap_replay.machine.machine import Machine
    from zswap_replay.replay.assemble import Snapshots
    from zswap_replay.replay.controls import Controls
    from zswap_replay.replay.page_data import PageData
    from zswap_replay.settings import Settings
    from zswap_replay.trace.reader import TraceReader

FORMAT = "zswap-replay checkpoint 2"
DEFAULT_EVERY_S = 60.0
_BEGIN = b"PK"
"""How a file of numpy's with several arrays begins, as every archive does."""
_MAY_DIFFER = ("max_events",)
"""Settings with which a replay may go on that it did not begin with."""


_SHORTAGES = "shortages"
"""What a machine's limits that ran out of room are called in its state, where they are written down apart."""


class Position(Protocol):
    """Where a replay is: loop.Loop."""

    events: int
    now: int
    origin: int


class Running(Protocol):
    """A replay under way: loop.Replay."""

    @property
    def loop(self) -> Position:
        """Rows taken so far, and the times of the first and the last one."""

    reader: TraceReader
    settings: Settings
    page_data: PageData
    machine: Machine
    controls: Controls
    snapshots: Snapshots


@dataclass(frozen=True)
class Every:
    """How often a checkpoint is written: after so many events, or seconds of the wall clock, at the end of a batch."""

    events: int | None = None
    seconds: float | None = None


@dataclass
class RowsSoFar:
    """The rows that were taken, and their digest."""

    rows: int = 0
    paths: int = 1
    _digest: RowDigest = field(default_factory=RowDigest)

    def add(self, batch: Batch) -> None:
        """Take the next rows."""
        self._digest.update(batch)
        self.rows += len(batch)
        self.paths = max(self.paths, int(batch.memcg.max(initial=NO_MEMCG)) + 1)

    def sha256(self, paths: Sequence[str]) -> str:
        """Return the digest of the rows and of the memcgs that they name."""
        return self._digest.hexdigest(list(paths[: self.paths]))

    def __enter__(self) -> Self:
        """Hash rows from here on."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the threads that hash."""
        self._digest.close()


class Checkpoints:
    """Writes a checkpoint every so often while a replay runs."""

    def __init__(self, path: str | PathLike[str], every: Every | None = None) -> None:
        """Check that there can be any.

        Raises SettingsError: the core is interpreted, which is not written down; or another file is there.
        """
        if not compiled():
            raise SettingsError("a checkpoint is of the compiled core; this one is interpreted")
        self.path = fspath(path)
        _check_is_checkpoint_or_none(self.path)
        self.every = every or Every(seconds=DEFAULT_EVERY_S)
        self.kept = 0
        """Events behind which the file was written last; 0 as long as it was not."""
        self._written_at = 0
        self._written_time = monotonic()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say what is kept where a replay is interrupted. Raises Interrupted, if there is one to go on from."""
        try:
            yield
        except KeyboardInterrupt as stop:
            if not self.kept:
                raise
            raise Interrupted(
                f"{self.path} has the first {self.kept:,} events; --resume {self.path} goes on from there",
                stop,
            ) from None

    def begin(self, rows: int, resumed: Checkpoint | None = None) -> None:
        """Count from here to the next checkpoint; ``resumed`` is what the replay goes on from."""
        self._written_at, self._written_time = rows, monotonic()
        if resumed is not None and realpath(resumed.path) == realpath(self.path):
            self.kept = rows

    def after(self, replay: Running, rows: RowsSoFar) -> None:
        """Write a checkpoint if it is time. Raises OSError: it cannot be written."""
        if self.every.events is not None:
            due = rows.rows - self._written_at >= self.every.events
        else:
            due = monotonic() - self._written_time >= (self.every.seconds or 0)
        if due:
            self.write(replay, rows)

    def write(self, replay: Running, rows: RowsSoFar) -> None:
        """Write a checkpoint now: the file is the old one or the new one, and never half of it. Raises OSError.

        A signal that ends the program does so when all is written.
        """
        with HeldInterrupts():
            document, arrays = _written(replay, rows)
            columns = {str(number): array for number, array in enumerate(arrays)}
            text = np.frombuffer(json.dumps(document).encode(), np.uint8)
            with replacing(self.path) as file, file.open("wb") as stream:
                np.savez(stream, allow_pickle=False, document=text, **columns)
            self.kept = rows.rows
        self.begin(rows.rows)


def _check_is_checkpoint_or_none(path: str) -> None:
    """Refuse to replace what somebody else has written. Raises SettingsError."""
    try:
        with open(path, "rb") as file:
            begin = file.read(len(_BEGIN))
    except OSError:
        return  # it is not there; or cannot be written, as is found later
    if begin not in (b"", _BEGIN):
        raise SettingsError(
            f"{path}: found no checkpoint; expected one to replace, or a file that is not there"
        )


def _identity(replay: Running) -> dict[str, Any]:
    """Return what a replay must have in common with one that goes on from its checkpoint."""
    settings = replay.settings.as_json()
    return {
        "settings": {name: value for name, value in settings.items() if name not in _MAY_DIFFER},
        "interval_ns": replay.snapshots.interval_ns,
        "strict": replay.reader.strict,
        "recipe": replay.page_data.recipe.as_json(),
        "inputs": replay.page_data.inputs(),
        "versions": {"zswap_replay": versions({})["zswap_replay"]},
    }


def _outside(machine: Machine, page_data: PageData) -> dict[int, str]:
    """Return the names of what a machine has from page_data or is written down apart, by id()."""
    named: dict[int, str] = {id(machine.vmscan.shortages): _SHORTAGES}
    for compressor, parts in _compressors(machine):
        each = zip(("contents", "lengths", "learned"), parts, strict=True)
        named |= {id(part): f"{name} {compressor}" for name, part in each if part is not None}
    return named


def _compressors(machine: Machine) -> Iterator[tuple[str, tuple[object, object, object]]]:
    """Yield the compressors of zswap's pools and of a zram device, with what page_data has for each."""
    for pool in machine.zswap.pools.by_index:
        yield pool.compressor, (pool.contents, pool.lengths, pool.learned)
    for comp in machine.zram.comps if machine.zram is not None else ():
        if comp is not None:
            yield comp.name, (comp.contents, comp.lengths, comp.learned)


def _written(replay: Running, rows: RowsSoFar) -> tuple[dict[str, Any], list[npt.NDArray[Any]]]:
    machine, arrays = freeze(replay.machine, _outside(replay.machine, replay.page_data))
    kept: dict[str, Any] = {}
    for compressor, contents in replay.page_data.contents.items():
        numbers, pages = contents.state()
        held = [entry for entry, data in enumerate(pages) if data is not None]
        chosen = [pages[entry] or b"" for entry in held]
        kept[compressor] = numbers | {"entries": len(pages), "array": len(arrays)}
        arrays.append(np.array(held, np.int64))
        arrays.append(np.array([len(data) for data in chosen], np.int64))
        arrays.append(np.frombuffer(b"".join(chosen), np.uint8))
    return {
        "format": FORMAT,
        "identity": json.loads(json.dumps(_identity(replay))),
        "rows": rows.rows,
        "sha256": rows.sha256(replay.reader.paths),
        "now": replay.loop.now,
        "origin": replay.loop.origin,
        "mapped": replay.page_data.mapped,
        "machine": machine,
        "shortages": [asdict(shortage) for shortage in replay.machine.vmscan.shortages.found.values()],
        "compressors": [compressor for compressor, _ in _compressors(replay.machine)],
        "controls": replay.controls.state(),
        "snapshots": replay.snapshots.state(),
        "contents": kept,
    }, arrays


class Checkpoint:
    """A checkpoint that was read."""

    def __init__(self, path: str, document: Mapping[str, Any], arrays: Sequence[npt.NDArray[Any]]) -> None:
        self.path = path
        self.document = document
        self.arrays = arrays

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Checkpoint:
        """Read a checkpoint. Raises CheckpointError: it is none, or damaged; SettingsError: the core is interpreted."""
        name = fspath(path)
        if not compiled():
            raise SettingsError(f"{name}: a checkpoint is of the compiled core; this one is interpreted")
        from zipfile import BadZipFile  # with what it imports, a hundredth of a short run

        try:
            with open(name, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
                document = json.loads(archive["document"].tobytes())
                arrays = [archive[str(number)] for number in range(len(archive.files) - 1)]
            known = document["format"]
        except OSError as error:
            raise CheckpointError(f"{name}: {error.strerror or 'found no checkpoint'}") from None
        except (
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            EOFError,
            BadZipFile,
            MemoryError,
        ):
            raise CheckpointError(
                f"{name}: found no checkpoint, or a damaged one; expected what --checkpoint wrote"
            ) from None
        except (NotImplementedError, RecursionError):
            raise CheckpointError(f"{name}: found an archive that --checkpoint did not write") from None
        if known != FORMAT:
            raise CheckpointError(f"{name}: found {known!r}; expected {FORMAT!r}")
        return cls(name, document, arrays)

    def machine(self, page_data: PageData) -> Machine:
        """Make the machine, with all it holds, and count it again. Raises CheckpointError: it does not add up."""
        try:
            shortages = Shortages()
            for each in self.document["shortages"]:
                shortage = Shortage(**each)
                shortages.found[shortage.limit, shortage.memcg] = shortage
            outside: dict[str, object] = {_SHORTAGES: shortages}
            for compressor in self.document["compressors"]:
                names = (f"{name} {compressor}" for name in ("contents", "lengths", "learned"))
                outside |= dict(zip(names, page_data.pool(str(compressor)), strict=True))
            for compressor, numbers in self.document["contents"].items():
                self._restore(page_data, compressor, numbers)
            machine = thaw(self.document["machine"], self.arrays, outside)
            fault = recount(machine)
        except (UnfitStateError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(
                f"{self.path}: found a state that this version did not write ({error})"
            ) from None
        if fault:
            raise CheckpointError(f"{self.path}: found a state that does not add up ({fault})")
        return machine

    def _restore(self, page_data: PageData, compressor: str, numbers: Mapping[str, Any]) -> None:
        held, sizes, data = self.arrays[numbers["array"] : numbers["array"] + 3]
        kept: list[bytes | None] = [None] * int(numbers["entries"])
        whole = data.tobytes()
        at = 0
        for entry, size in zip(held.tolist(), sizes.tolist(), strict=True):
            kept[entry] = whole[at : at + size]
            at += size
        page_data.pool(compressor)
        page_data.contents[compressor].restore(numbers, kept)

    def restore(self, replay: Running) -> None:
        """Bring a replay, whose machine is this one's, to where the checkpoint was written.

        Raises CheckpointError: it is of other settings or versions.
        """
        found = self.document.get("identity")
        difference = _difference(found, json.loads(json.dumps(_identity(replay))), "")
        if difference:
            what, theirs, ours = difference
            raise CheckpointError(
                f"{self.path}: is of another replay, {what} is {_shown(theirs)} there and {_shown(ours)} here"
            )
        behind, most = self.document.get("rows"), replay.settings.max_events
        if most is not None and isinstance(behind, int) and behind > most:
            raise CheckpointError(f"{self.path}: has {behind} events behind it, more than max_events, {most}")
        try:
            replay.controls.restore(self.document["controls"])
            replay.snapshots.restore(self.document["snapshots"])
            replay.loop.events = int(self.document["rows"])
            replay.loop.now = int(self.document["now"])
            replay.loop.origin = int(self.document["origin"])
            replay.page_data.mapped = bool(self.document["mapped"])
        except (LookupError, TypeError, ValueError, AttributeError, ResultError) as error:
            raise CheckpointError(f"{self.path}: found a damaged checkpoint ({error})") from None

    def rest(self, batches: Iterator[Batch], rows: RowsSoFar, paths: Sequence[str]) -> Iterator[Batch]:
        """Pass over the rows that the checkpoint has behind it, and yield the others.

        Raises CheckpointError: the trace has other rows there.
        """
        behind = int(self.document["rows"])
        if not behind:
            self._check(rows, paths)
        for batch in batches:
            missing = behind - rows.rows
            if missing >= len(batch):
                rows.add(batch)
            elif missing > 0:
                rows.add(batch.part(0, missing))
            if 0 < missing <= len(batch):
                self._check(rows, paths)
            if missing < len(batch):
                yield batch.part(missing, len(batch)) if missing > 0 else batch
        if rows.rows < behind:
            raise CheckpointError(
                f"{self.path}: is of another trace, {behind} rows are behind it and this one has {rows.rows}"
            )

    def _check(self, rows: RowsSoFar, paths: Sequence[str]) -> None:
        if rows.sha256(paths) != self.document.get("sha256"):
            raise CheckpointError(
                f"{self.path}: is of another trace, of which the first {rows.rows} rows differ"
            )


def _difference(found: Any, expected: Any, where: str) -> tuple[str, Any, Any] | None:
    """Return the first value that differs: where, what was found, and what was expected."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted({*found, *expected}):
            inner = _difference(found.get(key), expected.get(key), f"{where}.{key}" if where else key)
            if inner:
                return inner
        return None
    return None if found == expected else (where, found, expected)


def _shown(value: Any) -> str:
    return "not given" if value is None else json.dumps(value)
