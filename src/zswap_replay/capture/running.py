"""The capture that runs on a machine, as other commands find it: its process and its folder."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass

from zswap_replay.capture.host import Host

_PROCESSES = Host("/")
"""Where processes are looked for: they run here, whatever tree stands for the machine that is captured."""

_FILE = "run/zswap-replay-capture.json"


@dataclass(frozen=True, slots=True)
class Running:
    """A capture that was begun."""

    pid: int
    started: int
    """When the process was, in ticks since boot: a later one may have its number."""
    folder: str

    @classmethod
    def here(cls, folder: str) -> Running:
        """Return a capture by this process."""
        return cls(os.getpid(), _started(os.getpid()), folder)

    def save(self, host: Host) -> None:
        """Write it where other commands find it. Raises OSError."""
        path = host.path(_FILE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    def is_alive(self) -> bool:
        """Tell whether its process is still there."""
        started = _started(self.pid)
        return started != 0 and started == self.started

    def wait(self, seconds: float) -> bool:
        """Wait so long for its process to end; tell whether it has."""
        until = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True


def find_running(host: Host) -> Running | None:
    """Find the capture that was begun last and has not ended, alive or killed."""
    try:
        raw = json.loads(host.read(_FILE))
        return Running(int(raw["pid"]), int(raw["started"]), str(raw["folder"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget_running(host: Host) -> None:
    """Remove what other commands find."""
    with suppress(OSError):
        host.path(_FILE).unlink()


def _started(pid: int) -> int:
    """Return when a process was started, 0 where there is none; a dead one that nobody waited for is none."""
    _, _, rest = _PROCESSES.read_or(f"proc/{pid}/stat").rpartition(")")
    words = rest.split()
    if len(words) < 20 or words[0] in "ZX":
        return 0
    return int(words[19])
