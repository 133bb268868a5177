"""The memory of the computer that this runs on. What cannot be held is refused by it; no counter depends on it."""

from __future__ import annotations

import resource
from pathlib import Path

_UNKNOWN = 1 << 62
_MEMINFO = Path("/proc/meminfo")
_STATM = Path("/proc/self/statm")
_CGROUP = Path("/sys/fs/cgroup")


def available_memory() -> int:
    """Return the bytes that this process may still take: by the system, its cgroup and its limits; a guess, at best.

    Where none of them says anything the number is so large that everything fits.
    """
    return min(_of_system(), _of_cgroup(), _of_limits())


def _of_system() -> int:
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return _UNKNOWN


def _of_cgroup() -> int:
    try:
        most, used = (int((_CGROUP / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # no cgroup of version 2 here, or no limit, which is the word max
        return _UNKNOWN
    return max(most - used, 0)


def _of_limits() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY:
        return _UNKNOWN
    try:
        used = int(_STATM.read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        used = 0
    return max(soft - used, 0)
