"""The lines that put settings into force: kernel parameters, cgroup files, units of systemd, the kubelet's file.

Each form sets what it can; what it cannot is said in a comment, with the file that can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from zswap_replay.mm.release_changes import release_of
from zswap_replay.settings import Settings
from zswap_replay.tune.space import NOT_VARIED
from zswap_replay.units import UNLIMITED

PARAMETERS: Final = "/sys/module/zswap/parameters"
CGROUPS: Final = "/sys/fs/cgroup"
PARAMETERS_OF_ZSWAP: Final = tuple(
    setting.name for setting in fields(Settings) if setting.metadata.get("knob")
)
_SYSTEMD: Final[Mapping[str, tuple[str, int]]] = {
    "memory.max": ("MemoryMax", 231),
    "memory.high": ("MemoryHigh", 231),
    "memory.swap.max": ("MemorySwapMax", 232),
    "memory.zswap.max": ("MemoryZSwapMax", 253),
    "memory.zswap.writeback": ("MemoryZSwapWriteback", 256),
}
"""By cgroup file, the setting of a unit, and the systemd that it came with. Source: systemd.resource-control(5)."""
_UNIT: Final = re.compile(r".+\.(service|slice|scope|socket|mount|swap)")
_OTHERS: Final = {
    "kernel": "the kernel to boot",
    "totalram": "RAM of the machine, in bytes",
    "swap_device": "the kind of swap device",
    "reclaim": "mglru is /sys/kernel/mm/lru_gen/enabled",
    "page_cluster": "sysctl vm.page-cluster",
    "writeback_ns": "the speed of the swap device",
    "nodes": "NUMA nodes of the machine",
    "tier": "what stands between memory and the disk",
    "compressor": "zswap takes no level; this one needs a kernel that is built with it",
}


@dataclass(frozen=True, slots=True)
class Applied:
    """What is to be put into force: values of settings, and knobs by memcg."""

    parameters: dict[str, str]
    """Module parameters of zswap, as they are written."""
    knobs: dict[str, dict[str, int]]
    """By memcg, the files and their values, in bytes or 0 and 1."""
    others: dict[str, Any]
    """Settings that are no parameter of zswap."""


def applied(settings: Settings, names: list[str]) -> Applied:
    """Take from settings what was varied or given, and ``enabled``, without which nothing holds.

    A parameter that the release does not have is left out.
    """
    known = release_of(settings.kernel).params
    parameters = {name: _written(getattr(settings, name)) for name in names if name in known}
    if "compressor" in parameters:
        parameters["compressor"] = _bare(settings.compressor)
    parameters.pop("enabled", None)
    parameters["enabled"] = _written(settings.enabled)  # the last one: pages are taken under the others
    knobs: dict[str, dict[str, int]] = {}
    for write in settings.knobs:
        knobs.setdefault(write.memcg, {})[write.key] = int(str(write.value))
    others = {
        name: getattr(settings, name)
        for name in names
        if name not in (*PARAMETERS_OF_ZSWAP, *NOT_VARIED, "stat_flush") and not name.startswith("/")
    }
    if ":" in settings.compressor and "compressor" in parameters:
        others["compressor"] = settings.compressor
    return Applied(parameters, knobs, others)


def emit(form: str, what: Applied) -> list[str]:
    """Write the lines of a form: one of ``FORMS``."""
    return [*FORMS[form](what), *_left(what)]


def _left(what: Applied) -> Iterator[str]:
    for name, value in what.others.items():
        yield f"# {name} {value}: {_OTHERS.get(name, 'no line here sets it')}"


def _sysfs(what: Applied) -> Iterator[str]:
    for name, value in what.parameters.items():
        yield f"echo {value} > {PARAMETERS}/{name}"
    for memcg, files in what.knobs.items():
        for key, limit in files.items():
            yield f"echo {_limit(limit, 'max')} > {_quoted(_cgroup(memcg, key))}"


def _systemd(what: Applied) -> Iterator[str]:
    yield "# /etc/tmpfiles.d/zswap.conf"
    for name, value in what.parameters.items():
        yield f"w {PARAMETERS}/{name} - - - - {value}"
    for memcg, files in what.knobs.items():
        unit, section = _unit(memcg)
        yield ""
        yield f"# /etc/systemd/system/{unit}.d/zswap.conf"
        yield f"[{section}]"
        for key, limit in files.items():
            setting, version = _SYSTEMD[key]
            yield f"# {key}: systemd {version} or later"
            if key.endswith("writeback"):
                yield f"{setting}={'yes' if limit else 'no'}"
            else:
                yield f"{setting}={_limit(limit, 'infinity')}"


def _kubelet(what: Applied) -> Iterator[str]:
    yield "apiVersion: kubelet.config.k8s.io/v1beta1"
    yield "kind: KubeletConfiguration"
    yield "failSwapOn: false"
    yield "memorySwap:"
    yield "  swapBehavior: LimitedSwap"
    yield "# the kubelet has no field for parameters of zswap; on each node:"
    for line in _sysfs(Applied(what.parameters, {}, {})):
        yield f"#   {line}"
    for memcg, files in what.knobs.items():
        for key, value in files.items():
            limit = _limit(value, "max")
            if key == "memory.max":
                yield f"# {memcg}: {key} {limit} is resources.limits.memory of the containers, not the kubelet's"
            elif key == "memory.high":
                yield (
                    f"# {memcg}: {key} {limit} follows from requests, limits and memoryThrottlingFactor (MemoryQoS); "
                    "it cannot be set"
                )
            elif key == "memory.swap.max":
                yield f"# {memcg}: {key} {limit} cannot be set: LimitedSwap reckons it from requests.memory"
            else:
                yield (
                    f"# {memcg}: the kubelet cannot set {key}: echo {limit} > {_quoted(_cgroup(memcg, key))}"
                )


def _kernel_cmdline(what: Applied) -> Iterator[str]:
    yield " ".join(f"zswap.{name}={value}" for name, value in what.parameters.items())
    for memcg, files in what.knobs.items():
        for key, value in files.items():
            yield (
                f"# the command line cannot set {key} of {memcg}: "
                f"echo {_limit(value, 'max')} > {_quoted(_cgroup(memcg, key))}"
            )


FORMS: Final[dict[str, Callable[[Applied], Iterator[str]]]] = {
    "sysfs": _sysfs,
    "systemd": _systemd,
    "kubelet": _kubelet,
    "kernel-cmdline": _kernel_cmdline,
}
"""The forms by name."""


def _written(value: object) -> str:
    return ("N", "Y")[value] if isinstance(value, bool) else str(value)


def _bare(compressor: str) -> str:
    """Return the name of a compressor in the kernel's list, which takes no level."""
    return compressor.partition(":")[0]


def _limit(value: int, boundless: str) -> str:
    return boundless if value == UNLIMITED else str(value)


def _cgroup(memcg: str, key: str) -> str:
    return f"{CGROUPS}{memcg.rstrip('/')}/{key}"


def _quoted(path: str) -> str:
    from shlex import quote

    return quote(path)


def _unit(memcg: str) -> tuple[str, str]:
    """Name the unit whose cgroup a path is, and the section of its file; a path of no unit becomes a slice."""
    last = memcg.rpartition("/")[2]
    if memcg == "/":
        return "-.slice", "Slice"
    match = _UNIT.fullmatch(last)
    if match is not None:
        return last, match[1].capitalize()
    return f"{'-'.join(part.replace('-', '_') for part in memcg.strip('/').split('/'))}.slice", "Slice"
