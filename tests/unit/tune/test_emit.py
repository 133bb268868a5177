from __future__ import annotations

from itertools import pairwise

import pytest

from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.tune.emit import FORMS, Applied, applied, emit

SETTINGS = Settings(
    kernel="6.12",
    compressor="lz4",
    max_pool_percent=30,
    knobs=tuple(
        KnobWrite.parse(text)
        for text in (
            "/web:memory.zswap.max=64M",
            "/web:memory.zswap.writeback=0",
            "/a-b/c:memory.max=max",
            "/system.slice/db.service:memory.high=1G",
        )
    ),
)
NAMES = ["compressor", "max_pool_percent", "kernel"]
EXPECTED = {
    "sysfs": """\
echo lz4 > /sys/module/zswap/parameters/compressor
echo 30 > /sys/module/zswap/parameters/max_pool_percent
echo Y > /sys/module/zswap/parameters/enabled
echo 67108864 > /sys/fs/cgroup/web/memory.zswap.max
echo 0 > /sys/fs/cgroup/web/memory.zswap.writeback
echo max > /sys/fs/cgroup/a-b/c/memory.max
echo 1073741824 > /sys/fs/cgroup/system.slice/db.service/memory.high
# kernel 6.12: the kernel to boot""",
    "systemd": """\
# /etc/tmpfiles.d/zswap.conf
w /sys/module/zswap/parameters/compressor - - - - lz4
w /sys/module/zswap/parameters/max_pool_percent - - - - 30
w /sys/module/zswap/parameters/enabled - - - - Y

# /etc/systemd/system/web.slice.d/zswap.conf
[Slice]
# memory.zswap.max: systemd 253 or later
MemoryZSwapMax=67108864
# memory.zswap.writeback: systemd 256 or later
MemoryZSwapWriteback=no

# /etc/systemd/system/a_b-c.slice.d/zswap.conf
[Slice]
# memory.max: systemd 231 or later
MemoryMax=infinity

# /etc/systemd/system/db.service.d/zswap.conf
[Service]
# memory.high: systemd 231 or later
MemoryHigh=1073741824
# kernel 6.12: the kernel to boot""",
    "kubelet": """\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failSwapOn: false
memorySwap:
  swapBehavior: LimitedSwap
# the kubelet has no field for parameters of zswap; on each node:
#   echo lz4 > /sys/module/zswap/parameters/compressor
#   echo 30 > /sys/module/zswap/parameters/max_pool_percent
#   echo Y > /sys/module/zswap/parameters/enabled
# /web: the kubelet cannot set memory.zswap.max: echo 67108864 > /sys/fs/cgroup/web/memory.zswap.max
# /web: the kubelet cannot set memory.zswap.writeback: echo 0 > /sys/fs/cgroup/web/memory.zswap.writeback
# /a-b/c: memory.max max is resources.limits.memory of the containers, not the kubelet's
# /system.slice/db.service: memory.high 1073741824 follows from requests, limits and memoryThrottlingFactor \
(MemoryQoS); it cannot be set
# kernel 6.12: the kernel to boot""",
    "kernel-cmdline": """\
zswap.compressor=lz4 zswap.max_pool_percent=30 zswap.enabled=Y
# the command line cannot set memory.zswap.max of /web: echo 67108864 > /sys/fs/cgroup/web/memory.zswap.max
# the command line cannot set memory.zswap.writeback of /web: echo 0 > /sys/fs/cgroup/web/memory.zswap.writeback
# the command line cannot set memory.max of /a-b/c: echo max > /sys/fs/cgroup/a-b/c/memory.max
# the command line cannot set memory.high of /system.slice/db.service: \
echo 1073741824 > /sys/fs/cgroup/system.slice/db.service/memory.high
# kernel 6.12: the kernel to boot""",
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_sets_what_it_can_and_says_what_it_cannot(form: str) -> None:
    assert EXPECTED[form].splitlines() == emit(form, applied(SETTINGS, NAMES))


def test_a_parameter_that_the_release_lacks_is_left_out_and_a_level_is_told() -> None:
    settings = Settings(kernel="7.1", compressor="lz4:8")
    found = emit("kernel-cmdline", applied(settings, ["compressor", "zpool"]))
    assert "zswap.compressor=lz4 zswap.enabled=Y" == found[0]
    assert found[1].startswith("# compressor lz4:8: zswap takes no level")


def test_a_path_that_a_shell_would_split_is_quoted() -> None:
    settings = Settings(knobs=(KnobWrite.parse("/a b:memory.max=1M"),))
    assert "echo 1048576 > '/sys/fs/cgroup/a b/memory.max'" in emit("sysfs", applied(settings, []))


DOCUMENTED = {
    # systemd.resource-control(5) of systemd 261, "Added in version"
    "MemoryMax": ("memory.max", 231),
    "MemoryHigh": ("memory.high", 231),
    "MemorySwapMax": ("memory.swap.max", 232),
    "MemoryZSwapMax": ("memory.zswap.max", 253),
    "MemoryZSwapWriteback": ("memory.zswap.writeback", 256),
}
KUBELET = {
    # kubernetes.io, "Kubelet Configuration (v1beta1)" and "Linux Node Swap Behaviors"
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "failSwapOn": "false",
    "memorySwap": "",
    "swapBehavior": "LimitedSwap",
}
PARAMETERS = {
    # module_param_named() of mm/zswap.c, by the release that lost it or brought it
    "6.6": {"compressor", "max_pool_percent", "accept_threshold_percent", "zpool", "exclusive_loads"},
    "6.12": {"compressor", "max_pool_percent", "accept_threshold_percent", "zpool", "shrinker_enabled"},
    "6.18": {"compressor", "max_pool_percent", "accept_threshold_percent", "shrinker_enabled"},
}


def everything(kernel: str) -> Applied:
    """All parameters that there are, and a limit for each file of a memcg."""
    files = (
        "memory.max=4M",
        "memory.high=3M",
        "memory.swap.max=1G",
        "memory.zswap.max=1M",
        "memory.zswap.writeback=0",
    )
    knobs = tuple(KnobWrite.parse(f"/web:{each}") for each in files)
    names = [
        "compressor",
        "max_pool_percent",
        "accept_threshold_percent",
        "zpool",
        "shrinker_enabled",
        "exclusive_loads",
    ]
    return applied(Settings(kernel=kernel, knobs=knobs), names)


def test_the_keys_of_systemd_are_those_of_its_manual_with_the_version_that_brought_each() -> None:
    lines = emit("systemd", everything("6.12"))
    told = dict.fromkeys(DOCUMENTED, ("", 0))
    for before, line in pairwise(lines):
        key = line.partition("=")[0]
        if "=" in line and not line.startswith("#"):
            words = before.split()
            told[key] = (words[1].rstrip(":"), int(words[3]))
    assert DOCUMENTED == told


def test_the_keys_of_the_kubelet_are_those_of_its_configuration() -> None:
    lines = [line.strip() for line in emit("kubelet", everything("6.12")) if not line.startswith("#")]
    assert KUBELET == {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


@pytest.mark.parametrize("kernel", PARAMETERS)
def test_parameters_are_those_of_the_release(kernel: str) -> None:
    (line, *_) = emit("kernel-cmdline", everything(kernel))
    assert {f"zswap.{name}" for name in (*PARAMETERS[kernel], "enabled")} == {
        each.partition("=")[0] for each in line.split()
    }
