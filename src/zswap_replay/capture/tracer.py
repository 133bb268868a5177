"""The probes of a capture in tracefs: an instance of its own, whose buffers and clock are nobody else's.

Whatever ends a capture, `remove()` takes all of it away again; after a SIGKILL it is enough by itself.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress

from zswap_replay.capture.host import Host
from zswap_replay.capture.probes import GROUP, TRACEPOINTS, Probe
from zswap_replay.errors import SettingsError

INSTANCE = "zswap-replay"
"""The name of the instance of tracefs."""

MARK = "zr: snapshot "
"""What a mark in the trace begins with."""

_OURS = re.compile(rf"^[fpr]\d*:{GROUP}/(\w+)\s", re.MULTILINE)
_BUSY_TRIES = 20
_BUSY_SECONDS = 0.05
"""How often, and how far apart, a removal is tried that finds its target in use."""


class Tracer:
    """Makes the probes of one capture, and takes them away."""

    def __init__(self, host: Host) -> None:
        """Take the machine. Raises SettingsError: it has no tracefs."""
        self.host = host
        if host.tracefs is None:
            raise SettingsError("missing tracefs (mount -t tracefs tracefs /sys/kernel/tracing), or not root")
        self.top = host.tracefs
        self.instance = f"{self.top}/instances/{INSTANCE}"

    def left_over(self) -> list[str]:
        """List what a capture made, and is still there: ``zr/store``, ``instances/zswap-replay``."""
        found = [
            f"{GROUP}/{event}" for event in _OURS.findall(self.host.read_or(f"{self.top}/dynamic_events"))
        ]
        if self.host.exists(self.instance):
            found.append(f"instances/{INSTANCE}")
        return found

    def claim(self) -> None:
        """Make the instance, which one capture alone can have. Raises SettingsError: it is there, or cannot be made."""
        try:
            self.host.make_folder(self.instance)
        except FileExistsError:
            raise SettingsError("another capture began at the same moment") from None
        except OSError as error:
            raise SettingsError(f"/{self.instance}: cannot be made: {error.strerror}") from None

    def make(self, probes: Sequence[Probe], *, buffer_kb: int) -> None:
        """Set buffers and clock, and make the probes; nothing is recorded yet.

        Raises SettingsError: the kernel refuses something; its own reason is in the text.
        """
        self._set("tracing_on", "0")
        self._set("trace_clock", "mono")
        self._set("buffer_size_kb", str(buffer_kb))
        for probe in probes:
            self._make_probe(probe)
        self._set(f"events/{GROUP}/enable", "1")
        for event in TRACEPOINTS:
            if self.host.exists(f"{self.instance}/events/cgroup/{event}"):
                self._set(f"events/cgroup/{event}/enable", "1")

    def _make_probe(self, probe: Probe) -> None:
        refused: OSError | None = None
        # later kernels follow all calls, and may not take a number
        for definition in dict.fromkeys((probe.definition(), probe.definition(counted=False))):
            try:
                self.host.append(f"{self.top}/dynamic_events", f"{definition}\n")
                return
            except OSError as error:
                refused = error
        log = self.host.read_or(f"{self.top}/error_log").strip().splitlines()
        reason = next((line.strip() for line in reversed(log) if "error:" in line), "")
        raise SettingsError(
            f"the kernel refuses the probe {probe.definition()}: {os.strerror((refused and refused.errno) or 0)}"
            + (f" ({reason})" if reason else "")
        )

    def _set(self, name: str, value: str) -> None:
        try:
            self.host.write(f"{self.instance}/{name}", value)
        except OSError as error:
            raise SettingsError(
                f"/{self.instance}/{name}: found no way to write {value}: {error.strerror}"
            ) from None

    def record(self, on: bool) -> None:
        """Begin to record, or end."""
        self._set("tracing_on", "1" if on else "0")

    def mark(self, label: str) -> None:
        """Put a mark into the trace, as a snapshot of that label."""
        self._set("trace_marker", f"{MARK}{label}\n")

    def open_pipe(self) -> int:
        """Open the trace, which is read once and not waited for; return the descriptor."""
        return os.open(self.host.path(f"{self.instance}/trace_pipe"), os.O_RDONLY | os.O_NONBLOCK)

    def buffer_stats(self) -> str:
        """Return what each processor's buffer says of itself, which names the events that it lost."""
        folder = f"{self.instance}/per_cpu"
        cpus = [name for name in self.host.names(folder) if name.startswith("cpu")]
        return "".join(self.host.read_or(f"{folder}/{cpu}/stats") for cpu in cpus)

    def profile(self) -> str:
        """Return how often each probe of kprobe was met and missed."""
        return self.host.read_or(f"{self.top}/kprobe_profile")

    def remove(self) -> list[str]:
        """Take away the instance and all probes of the group; return what could not be."""
        if self.host.exists(self.instance):
            with suppress(OSError):
                self.host.write(f"{self.instance}/tracing_on", "0")
            # the events are off with their instance
            self._try(lambda: self.host.remove_folder(self.instance))
        for event in _OURS.findall(self.host.read_or(f"{self.top}/dynamic_events")):
            self._try(
                lambda event=event: self.host.append(f"{self.top}/dynamic_events", f"-:{GROUP}/{event}\n")
            )
        return self.left_over()

    @staticmethod
    def _try(action: object) -> None:
        assert callable(action)
        for _ in range(_BUSY_TRIES):
            try:
                action()
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(_BUSY_SECONDS)
