"""A capture from its first check to the removal of its probes."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zswap_replay.capture import saved
from zswap_replay.capture.checks import Checked, check_host
from zswap_replay.capture.host import Host
from zswap_replay.capture.running import Running, find_running, forget_running
from zswap_replay.capture.stops import Stops
from zswap_replay.capture.stream import Stream
from zswap_replay.capture.tracer import Tracer
from zswap_replay.errors import SettingsError, ZswapReplayError
from zswap_replay.files import replacing

TEXT = "trace.txt.gz"
COUNTERS = "counters.txt"
MANIFEST = "capture.json"
FORMAT = 1
"""The version of the folder, in its manifest."""

_FILES = (TEXT, COUNTERS, MANIFEST, "env.txt", "cgroups.txt", "buffer-stats.txt", "profile.txt")
_STEP_SECONDS = 0.25
"""How often it is looked whether a capture ends, and what less than half a buffer holds is taken."""
_STILL_SECONDS = 0.1


class CaptureError(ZswapReplayError):
    """A capture that ended otherwise than was asked for; what it has is kept."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Options:
    """How a capture is made."""

    folder: Path
    kind: str = "auto"
    """Of checks.KINDS."""
    btf: str | None = None
    buffer_kb: int = 8192
    """Of each processor."""
    max_bytes: int | None = None
    """Of the packed text."""
    max_seconds: float | None = None
    settle_seconds: float = 1.0
    """How long a snapshot waits, at most, for swapping to stand still."""
    overwrite: bool = False


def capture(
    host: Host,
    options: Options,
    command: Sequence[str] = (),
    *,
    ready: Callable[[], None] | None = None,
    notes: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Capture while a command runs, or until a signal, the size or the time ends it; return the manifest.

    ``ready`` is called when all is recorded. Whatever happens, the probes are taken away. The command's status is
    ``"status"`` of the manifest.

    Raises SettingsError: the host lacks something, by name; a capture runs already; the folder is in use.
    CaptureError: the command could not be started, the file could not be written, or a probe could not be removed.
    """
    checked = check_host(host, kind=options.kind, btf=options.btf)
    checked.demand()
    tracer = Tracer(host)
    _refuse_second(host, tracer)
    _make_folder(options)
    for note in (*checked.notes, *(f"not captured: {each}" for each in checked.missing)):
        if notes is not None:
            notes(note)
    with Stops() as stops:
        running = _Session(host, tracer, options, checked, stops)
        tracer.claim()
        try:
            Running.here(str(options.folder.resolve())).save(host)
            return running.run(command, ready)
        except OSError as error:
            raise CaptureError(
                f"{options.folder}: the capture is cut short: {error.strerror or error}"
            ) from None
        finally:
            left = tracer.remove()
            forget_running(host)
            running.end_command()
            if left:
                raise CaptureError(
                    f"could not be taken away: {', '.join(left)}; see zswap-replay capture clean"
                )


def clean(host: Host) -> list[str]:
    """Take away what a capture left that was killed; return what that was.

    Raises SettingsError: a capture runs, or there is no tracefs. CaptureError: something could not be taken away.
    """
    running = find_running(host)
    if running is not None and running.is_alive():
        raise SettingsError(
            f"a capture runs (process {running.pid}, {running.folder}): zswap-replay capture stop ends it"
        )
    tracer = Tracer(host)
    found = tracer.left_over()
    left = tracer.remove()
    forget_running(host)
    if left:
        raise CaptureError(f"could not be taken away: {', '.join(left)}")
    return found


def take_snapshot(host: Host, tracer: Tracer, folder: Path, label: str, *, settle_seconds: float) -> bool:
    """Put a mark into the trace and save the counters under its label; tell whether swapping stood still meanwhile."""
    until = time.monotonic() + settle_seconds
    before = saved.swapped(host)
    while time.monotonic() < until:
        time.sleep(min(_STILL_SECONDS, settle_seconds))
        last, before = before, saved.swapped(host)
        if last == before:
            break
    tracer.mark(label)
    text = saved.counters(host, label)
    with open(folder / COUNTERS, "a", encoding="utf-8") as file:
        file.write(text)
    return before == saved.swapped(host)


def snapshot_running(host: Host, label: str, *, settle_seconds: float = 1.0) -> bool:
    """Take a snapshot of the capture that runs. Raises SettingsError: there is none, or the label is no line."""
    if not label.strip() or label != " ".join(label.split()):
        raise SettingsError(f"found the label {label!r}; expected words, one space apart")
    running = find_running(host)
    if running is None or not running.is_alive():
        raise SettingsError("no capture runs: zswap-replay capture start begins one")
    folder = Path(running.folder)
    if label in labels(folder):
        raise SettingsError(f"{folder}: has a snapshot {label} already; expected another label")
    return take_snapshot(host, Tracer(host), folder, label, settle_seconds=settle_seconds)


def labels(folder: Path) -> list[str]:
    """List the snapshots of a folder."""
    try:
        lines = (folder / COUNTERS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [line[6:] for line in lines if line.startswith("##### ")]


def stop_running(host: Host, *, seconds: float) -> dict[str, Any]:
    """End the capture that runs, wait for it, and return its manifest.

    Raises SettingsError: there is none. CaptureError: it was killed, or does not end.
    """
    running = find_running(host)
    if running is None:
        raise SettingsError("no capture runs")
    if not running.is_alive():
        raise CaptureError(
            f"the capture in {running.folder} was killed: zswap-replay capture clean takes its probes away"
        )
    with suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    if not running.wait(seconds):
        raise CaptureError(f"the capture of process {running.pid} has not ended after {seconds:g} seconds")
    return read_manifest(Path(running.folder))


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what a capture says of itself. Raises SettingsError: there is no such file."""
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        document = None
    if not isinstance(document, dict):
        raise SettingsError(f"{folder / MANIFEST}: found no manifest of a capture")
    return document


def _refuse_second(host: Host, tracer: Tracer) -> None:
    running = find_running(host)
    if running is not None and running.is_alive():
        raise SettingsError(
            f"a capture runs already (process {running.pid}, {running.folder}): zswap-replay capture stop ends it"
        )
    left = tracer.left_over()
    if left:
        raise SettingsError(
            f"an earlier capture left {', '.join(left)}: zswap-replay capture clean takes that away"
        )


def _make_folder(options: Options) -> None:
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    found = sorted(each.name for each in folder.iterdir())
    others = [name for name in found if name not in _FILES]
    if others or (found and not options.overwrite):
        expected = "an empty folder" if others else "an empty folder; --force overwrites a capture"
        raise SettingsError(f"{folder}: holds {', '.join((others or found)[:3])}; expected {expected}")
    for name in found:
        (folder / name).unlink()


class _Session:
    """One capture, while it runs."""

    def __init__(self, host: Host, tracer: Tracer, options: Options, checked: Checked, stops: Stops) -> None:
        self.host = host
        self.tracer = tracer
        self.options = options
        self.checked = checked
        self.stops = stops
        self.child: subprocess.Popen[bytes] | None = None
        self.moved: list[str] = []

    def run(self, command: Sequence[str], ready: Callable[[], None] | None) -> dict[str, Any]:
        folder = self.options.folder
        began = time.monotonic()
        self.tracer.make(self.checked.probes, buffer_kb=self.options.buffer_kb)
        self._manifest(None)
        self._save("env.txt", saved.environment(self.host))
        ended, used = "", 0.0
        with Stream(self.tracer.open_pipe(), folder / TEXT) as stream:
            self.tracer.record(True)
            # what is made from here on is in the trace as well
            self._save("cgroups.txt", saved.cgroups(self.host))
            self._snapshot("start")
            try:
                self._start(command)
                if ready is not None:
                    ready()
                used = _cpu_seconds()
                ended = self._wait(stream, began)
                used = _cpu_seconds() - used
                self._snapshot("end")
            finally:
                self.tracer.record(False)
                stream.drain()
        self._save("buffer-stats.txt", self.tracer.buffer_stats())
        self._save("profile.txt", self.tracer.profile())
        seconds = time.monotonic() - began
        left = self.tracer.remove()
        status = self.end_command()
        return self._manifest(
            ended,
            seconds=round(seconds, 3),
            text_bytes=stream.read_bytes,
            packed_bytes=(folder / TEXT).stat().st_size,
            cpu_seconds=round(used, 3),
            lost=_lost(folder),
            growth=_growth(folder),
            moved=self.moved,
            status=status,
            left=left,
        )

    def _save(self, name: str, text: str) -> None:
        (self.options.folder / name).write_text(text, encoding="utf-8")

    def _snapshot(self, label: str) -> None:
        still = take_snapshot(
            self.host,
            self.tracer,
            self.options.folder,
            label,
            settle_seconds=self.options.settle_seconds,
        )
        if not still:
            self.moved.append(label)

    def _start(self, command: Sequence[str]) -> None:
        if not command:
            return
        try:
            self.child = subprocess.Popen(command)
        except OSError as error:
            raise SettingsError(f"{command[0]}: cannot be started: {error.strerror}") from None

    def _wait(self, stream: Stream, began: float) -> str:
        """Take the trace until something ends it; return what."""
        options = self.options
        while True:
            stream.pump(_STEP_SECONDS)
            if self.child is not None and self.child.poll() is not None:
                return "command"
            if self.stops.met is not None:
                return signal.Signals(self.stops.met).name
            if options.max_bytes is not None and stream.written_bytes >= options.max_bytes:
                return "size"
            if options.max_seconds is not None and time.monotonic() - began >= options.max_seconds:
                return "time"

    def end_command(self) -> int:
        """Wait for the command, which a signal ends too; return its status as a shell has it."""
        if self.child is None:
            return 0
        told = False
        while self.child.poll() is None:
            if self.stops.met in (signal.SIGTERM, signal.SIGHUP) and not told:
                self.child.terminate()
                told = True
            time.sleep(_STILL_SECONDS)
        code = self.child.returncode
        return code if code >= 0 else 128 - code

    def _manifest(self, ended: str | None, **more: Any) -> dict[str, Any]:
        """Write what the capture is; ``ended`` is None while it runs, and stays so where it is killed."""
        document = {
            "capture": FORMAT,
            "kernel": self.checked.release,
            "ended": ended,
            **more,
            "probes": {probe.event: probe.definition() for probe in self.checked.probes},
            "missing": {each.event: each.why for each in self.checked.missing},
        }
        with replacing(self.options.folder / MANIFEST) as path:
            path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        return document


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _lost(folder: Path) -> int:
    """Sum the events that the buffers lost."""
    total = 0
    for line in (folder / "buffer-stats.txt").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(": ")
        if name in ("overrun", "commit overrun", "dropped events") and value.strip().isdigit():
            total += int(value)
    return total


def _growth(folder: Path) -> dict[str, int]:
    """Give what swapping added to vmstat's counters from the first snapshot to the last."""
    values: dict[str, list[int]] = {}
    for line in (folder / COUNTERS).read_text(encoding="utf-8").splitlines():
        words = line.split()
        if len(words) == 4 and words[:2] == ["==", "vmstat"] and words[2] in saved.MOVING:
            values.setdefault(words[2], []).append(int(words[3]))
    return {name: each[-1] - each[0] for name, each in values.items()}
