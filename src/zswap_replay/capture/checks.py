"""What a host has of what a capture needs, and what it lacks, by name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from zswap_replay.capture.btf import Btf
from zswap_replay.capture.host import Host
from zswap_replay.capture.probes import Missing, Probe, choose_probes, missing_tracepoints
from zswap_replay.errors import SettingsError

BTF = "sys/kernel/btf/vmlinux"
SYMBOLS = "proc/kallsyms"
PARAMETERS = "sys/module/zswap/parameters"
DEBUGFS = "sys/kernel/debug/zswap"
KINDS = ("auto", "fprobe", "kprobe")
"""Which events are made: of fprobe where the kernel has them, or of the one kind alone."""

_FPROBE_SYNTAX = re.compile(r"^\s*f\[", re.MULTILINE)
_KPROBE_SYNTAX = re.compile(r"^\s*p\[", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found."""

    release: str
    probes: list[Probe]
    missing: list[Missing]
    """Events that cannot be had."""
    lacking: list[str]
    """What else stands in the way of a capture."""
    notes: list[str] = field(default_factory=list)
    """What stands in no one's way, and should be known."""

    @property
    def needed(self) -> list[Missing]:
        """Events that cannot be had, and that an import cannot do without."""
        return [each for each in self.missing if each.needed]

    @property
    def complete(self) -> bool:
        """Tell whether a capture can be made."""
        return not (self.lacking or self.needed)

    def demand(self) -> None:
        """Raise SettingsError, which names all that is missing, where a capture cannot be made."""
        if not self.complete:
            missing = [*self.lacking, *(f"the event {each}" for each in self.needed)]
            raise SettingsError(f"cannot capture here: missing {'; '.join(missing)}")


def check_host(
    host: Host, *, kind: str = "auto", btf: str | os.PathLike[str] | None = None, live: bool = True
) -> Checked:
    """Look for all that a capture needs, and choose its probes.

    ``btf`` is read in place of the host's own. Where not ``live``, only what names and offsets need is looked for:
    nothing is then captured on this host.
    """
    lacking: list[str] = []
    notes: list[str] = []
    if live:
        lacking, notes = _check_live(host)
    functions = _symbols(host)
    if not functions:
        lacking.append("the kernel's symbols (/proc/kallsyms)")
    types = _types(host, btf, lacking)
    probes: list[Probe] = []
    missing: list[Missing] = []
    if types is not None and functions:
        traced = _traced(host, kind)
        probes, missing = choose_probes(types, functions, lambda symbol: traced is None or symbol in traced)
        if live and host.tracefs is not None:
            events = f"{host.tracefs}/events/cgroup"
            missing += missing_tracepoints(lambda event: host.exists(f"{events}/{event}"))
    return Checked(host.release, probes, missing, lacking, notes)


def _check_live(host: Host) -> tuple[list[str], list[str]]:
    """Look for what a running capture needs beside its probes."""
    lacking, notes = [], []
    if host.tracefs is None:
        root = "" if os.geteuid() == 0 else ", as root"
        lacking.append(
            f"tracefs with dynamic_events{root} (mount -t tracefs tracefs /sys/kernel/tracing; CONFIG_KPROBE_EVENTS)"
        )
    elif not _has(host, _FPROBE_SYNTAX) and not _has(host, _KPROBE_SYNTAX):
        lacking.append("fprobe or kprobe events (CONFIG_FPROBE_EVENTS, CONFIG_KPROBE_EVENTS)")
    elif not os.access(host.path(f"{host.tracefs}/dynamic_events"), os.W_OK):
        lacking.append("the right to write to tracefs (root)")
    if not host.exists(PARAMETERS):
        lacking.append("zswap (/sys/module/zswap/parameters; CONFIG_ZSWAP)")
    off = host.read_or(f"{PARAMETERS}/enabled").strip() == "N"
    if not off and not host.exists(DEBUGFS):
        notes.append(
            "no /sys/kernel/debug/zswap (mount -t debugfs debugfs /sys/kernel/debug): "
            "the pool's counters cannot be saved, nor compared"
        )
    if len(host.read_or("proc/swaps").splitlines()) < 2:
        notes.append("no swap device is in use: nothing is stored in zswap before one is")
    if off:
        notes.append("zswap is off (/sys/module/zswap/parameters/enabled): nothing is stored before it is on")
    groups = host.cgroups
    if groups is None or "memory" not in host.read_or(f"{groups}/cgroup.controllers").split():
        notes.append("no memory controller in cgroup version 2: all pages are the root's")
    return lacking, notes


def _has(host: Host, syntax: re.Pattern[str]) -> bool:
    return syntax.search(host.read_or(f"{host.tracefs}/README")) is not None


def _symbols(host: Host) -> set[str]:
    """Return the kernel's own functions, not those of modules."""
    found = set()
    for line in host.read_or(SYMBOLS).splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "tTwW":
            found.add(words[2])
    return found


def _types(host: Host, btf: str | os.PathLike[str] | None, lacking: list[str]) -> Btf | None:
    if btf is not None:
        try:
            with open(btf, "rb") as file:
                return Btf(file.read(), os.fspath(btf))
        except OSError as error:
            raise SettingsError(f"{os.fspath(btf)}: cannot be read: {error.strerror}") from None
    try:
        data = host.read_bytes(BTF)
    except OSError:
        lacking.append("BTF (/sys/kernel/btf/vmlinux; CONFIG_DEBUG_INFO_BTF), or a copy of it with --btf")
        return None
    return Btf(data, f"/{BTF}")


def _traced(host: Host, kind: str) -> set[str] | None:
    """Return the functions that can have an event of fprobe; None where all are taken to."""
    if kind == "kprobe":
        return set()
    if host.tracefs is None:
        return None
    if kind == "auto" and not _has(host, _FPROBE_SYNTAX):
        return set()
    lines = host.read_or(f"{host.tracefs}/available_filter_functions").splitlines()
    return {line.split()[0] for line in lines if line} or None
