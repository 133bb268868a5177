"""The rows of an unfinished sweep, kept beside its output so that the same command goes on from there.

A file of JSON lines: the manifest of the sweep first, then a line for each point that has ended, in the order in which
they did. Each line is on the disk before it counts; a last line that was cut off does not.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any, TextIO

from zswap_replay.errors import SweepError
from zswap_replay.files import naming_full_file
from zswap_replay.result.by_name import respelled
from zswap_replay.sweep.table import Record

SUFFIX = ".partial"
"""What the name of a journal has behind the name of the output."""


class Journal:
    """An open journal; no other sweep can open it until it is closed."""

    def __init__(self, output: str, manifest: Mapping[str, object], *, force: bool = False) -> None:
        """Open the journal of an output, made if it is not there; with ``force`` it starts anew.

        Raises SweepError: it is of another sweep, or a sweep that runs has it open. OSError: it cannot be written.
        """
        self.path = output + SUFFIX
        self.records: dict[int, Record] = {}
        """What is kept, by point."""
        self._file = _locked(self.path)
        try:
            kept = "" if force else self._file.read()
            self._begin(kept[: kept.rfind("\n") + 1], manifest)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, kept: str, manifest: Mapping[str, object]) -> None:
        self._file.truncate(len(kept.encode()))
        if not kept:
            self._write({"manifest": manifest})
            return
        try:
            first, *lines = (json.loads(line) for line in kept.splitlines())
            found = first["manifest"]
            self.records = {line["point"]: _record(**line) for line in lines}
        except (ValueError, KeyError, TypeError):
            raise SweepError(f"{self.path}: found no journal of a sweep; --force starts anew") from None
        check_same(self.path, found, manifest)

    def append(self, record: Record) -> None:
        """Keep the record of a point; it is on the disk when this returns."""
        self._write(asdict(record))
        self.records[record.point] = record

    def _write(self, line: Mapping[str, object]) -> None:
        data = (json.dumps(line) + "\n").encode()
        descriptor = self._file.fileno()
        # past the file's buffer: what there is no room for is not tried again at its end
        with naming_full_file(self.path):
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)

    def kept(self) -> int:
        """Return how many points the file has: an interrupt may have come between a write and ``records``."""
        self._file.seek(0)
        return max(0, self._file.read().count("\n") - 1)

    def close(self) -> None:
        """Leave the journal to the next sweep, if anything is kept in it."""
        if not self._file.closed and not self.kept():
            self.discard()
        self._file.close()

    def discard(self) -> None:
        """Remove the journal, as when the output is written."""
        os.unlink(self.path)
        self._file.close()


def check_same(path: str, found: Mapping[str, Any], expected: Mapping[str, Any], what: str = "sweep") -> None:
    """Refuse to mix two sweeps, or two of ``what`` else has a manifest.

    Raises SweepError: their manifests differ, with the first key in which they do.
    """
    difference = _difference(found, json.loads(json.dumps(expected)), "")
    if difference is not None:
        key, there, here = difference
        raise SweepError(
            f"{path}: holds another {what}: {key} is {_shown(there)} there and {_shown(here)} here; "
            "--force starts anew"
        )


def _record(point: int, figures: dict[str, Any], timing: dict[str, float], warnings: list[str]) -> Record:
    named = {respelled(column): value for column, value in figures.items()}
    return Record(point, named, timing, tuple(warnings))


def _locked(path: str) -> TextIO:
    file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - open as long as the sweep runs
    lock(file, path, "sweep")
    file.seek(0)
    return file


def lock(file: IO[Any], path: str, what: str) -> None:
    """Take an open file for this process alone, or close it. Raises SweepError: another ``what`` has it. OSError."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise SweepError(f"{path}: another {what} is writing it") from None
    except OSError as error:
        file.close()
        raise OSError(error.errno, f"cannot be locked: {error.strerror}", path) from None


def _difference(found: Any, expected: Any, key: str) -> tuple[str, Any, Any] | None:
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        for name in (*expected, *(name for name in found if name not in expected)):
            inside = _difference(found.get(name), expected.get(name), f"{key}.{name}" if key else str(name))
            if inside is not None:
                return inside
        return None
    return None if found == expected else (key, found, expected)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
