"""What a capture saves beside its events: what an import needs, and could not learn later.

The files are those that `trace import capture` reads, in lines that a shell can write as well: ``env.txt``,
``cgroups.txt``, ``counters.txt``, ``buffer-stats.txt``, ``profile.txt``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zswap_replay.capture.checks import DEBUGFS, PARAMETERS
from zswap_replay.capture.host import Host

MM_FILES = (
    "proc/sys/vm/page-cluster",
    "proc/sys/vm/swappiness",
    "proc/sys/vm/min_free_kbytes",
    "sys/kernel/mm/lru_gen/enabled",
    "sys/kernel/mm/lru_gen/min_ttl_ms",
    "sys/kernel/mm/transparent_hugepage/enabled",
    "sys/kernel/mm/transparent_hugepage/defrag",
    "sys/kernel/mm/swap/vma_ra_enabled",
)
"""Settings that decide how the machine swaps."""
MEMCG_FILES = (
    "memory.current",
    "memory.peak",
    "memory.min",
    "memory.low",
    "memory.high",
    "memory.max",
    "memory.swap.current",
    "memory.swap.max",
    "memory.zswap.current",
    "memory.zswap.max",
    "memory.zswap.writeback",
)
"""Files of a cgroup that are saved beside its memory.stat."""
_NODES_SHIFT = re.compile(r"^CONFIG_NODES_SHIFT=(\d+)$", re.MULTILINE)
MOVING = ("zswpin", "zswpout", "zswpwb", "pswpin", "pswpout", "swpin_zero", "swpout_zero")
"""Counters of vmstat that stand still while nothing is swapped."""


def environment(host: Host) -> str:
    """Describe the machine: kernel, memory, nodes, zswap's parameters, and what else decides how it swaps."""
    return "".join(f"{line}\n" for line in _environment(host))


def _environment(host: Host) -> Iterator[str]:
    name = host.read_or("proc/sys/kernel/hostname").strip() or "host"
    version = host.read_or("proc/sys/kernel/version").strip()
    yield f"Linux {name} {host.release} {version}".rstrip()
    for line in host.read_or("proc/meminfo").splitlines():
        words = line.split()
        if words[:1] == ["MemTotal:"]:
            yield f"totalram_kB {words[1]}"
    shift = _NODES_SHIFT.search(host.read_or(f"boot/config-{host.release}"))
    if shift is not None:
        yield f"nodes_shift {shift[1]}"
    for node in host.names("sys/devices/system/node"):
        if re.fullmatch(r"node\d+", node):
            yield f"/sys/devices/system/node/{node}"
    for parameter in host.names(PARAMETERS):
        yield f"/{PARAMETERS}/{parameter}:{host.read_or(f'{PARAMETERS}/{parameter}').strip()}"
    for each in MM_FILES:
        if host.exists(each):
            yield f"/{each}:{host.read_or(each).strip()}"
    for line in host.read_or("proc/swaps").splitlines()[1:]:
        yield f"swap {line}"
    yield f"cmdline {host.read_or('proc/cmdline').strip()}"


def cgroups(host: Host) -> str:
    """List the cgroups that there are: inode and path from the root, as find prints them with ``%i %P``."""
    top = host.cgroups
    if top is None:
        return ""
    return "".join(f"{inode} {path}\n" for path, inode in host.folders(top))


def counters(host: Host, label: str) -> str:
    """Read the kernel's counters at a label."""
    return "".join(f"{line}\n" for line in _counters(host, label))


def _counters(host: Host, label: str) -> Iterator[str]:
    yield f"##### {label}"
    yield f"== uptime {host.read_or('proc/uptime').split(' ')[0]}"
    top = host.cgroups
    found = [] if top is None else [path for path, _ in host.folders(top)]
    for path in found:
        # reading it flushes the statistics, which memory.stat does not do while they are little off
        host.read_or(f"{top}/{path}/cpu.stat")
    for name in host.names(DEBUGFS):
        yield f"== zswap {name} {host.read_or(f'{DEBUGFS}/{name}').strip()}"
    for line in host.read_or("proc/vmstat").splitlines():
        yield f"== vmstat {line}"
    for path in found:
        name = f"/{path}"
        for line in host.read_or(f"{top}/{path}/memory.stat").splitlines():
            yield f"== memcg {name} {line}"
        for file in MEMCG_FILES:
            value = host.read_or(f"{top}/{path}/{file}").strip()
            if value:
                yield f"== memcg {name} {file} {value}"


def swapped(host: Host) -> tuple[str, ...]:
    """Read the counters that stand still while nothing is swapped."""
    return tuple(line for line in host.read_or("proc/vmstat").splitlines() if line.split(" ")[0] in MOVING)
