"""A tree that looks like a machine with zswap, tracefs and BTF, and a Host whose tracefs answers as the kernel does."""

from __future__ import annotations

import errno
import os
import re
import shutil
import struct
from collections.abc import Sequence
from pathlib import Path

from zswap_replay.capture import host as host_module

RELEASE = "6.12.117-test"
README = """
\tf[:[<group>/][<event>]] <func-name>[%return] [<args>]
\tp[:[<group>/][<event>]] <place> [<args>]
"""
FUNCTIONS = [
    "zswap_store",
    "zswap_load",
    "zswap_invalidate",
    "zpool_malloc",
    "scomp_acomp_compress",
    "zswap_writeback_entry",
    "shrink_memcg_cb",
    "shrink_memcg",
    "shrink_worker",
    "swap_writepage",
    "swap_read_folio",
    "__swap_writepage",
    "zswap_decompress",
    "cgroup_file_write",
    "param_attr_store",
]
INSTANCE = "sys/kernel/tracing/instances/zswap-replay"


class BtfWriter:
    """Types, one after another, as a kernel's BTF has them; each method returns the type's number."""

    def __init__(self, order: str = "<") -> None:
        self.order = order
        self._types = b""
        self._strings = b"\0"
        self._count = 0

    def _string(self, text: str) -> int:
        if not text:
            return 0
        at = self._strings.find(b"\0" + text.encode() + b"\0")
        if at < 0:
            at = len(self._strings) - 1
            self._strings += text.encode() + b"\0"
        return at + 1

    def _add(
        self, name: str, kind: int, of: int, more: Sequence[int] = (), count: int = 0, flag: int = 0
    ) -> int:
        info = kind << 24 | count | flag << 31
        self._types += struct.pack(f"{self.order}III", self._string(name), info, of)
        self._types += struct.pack(f"{self.order}{len(more)}I", *more)
        self._count += 1
        return self._count

    def integer(self, name: str, size: int) -> int:
        return self._add(name, 1, size, (size * 8,))

    def pointer(self, to: int) -> int:
        return self._add("", 2, to)

    def struct(
        self, name: str, members: Sequence[tuple[str, int, int]], *, union: bool = False, bits: bool = False
    ) -> int:
        """Members are a name, a type and a byte; with ``bits`` each is a bit field of three bits, as the flag says."""
        more: list[int] = []
        for member, of, byte in members:
            more += (self._string(member), of, byte * 8 | (3 << 24 if bits else 0))
        return self._add(name, 5 if union else 4, 256, more, len(members), bits)

    def typedef(self, name: str, of: int) -> int:
        return self._add(name, 8, of)

    def const(self, of: int) -> int:
        return self._add("", 10, of)

    def function(self, name: str, returns: int, parameters: Sequence[tuple[str, int]] = ()) -> int:
        more: list[int] = []
        for parameter, of in parameters:
            more += (self._string(parameter), of)
        return self._add(name, 12, self._add("", 13, returns, more, len(parameters)))

    def data(self) -> bytes:
        head = struct.pack(
            f"{self.order}HBBIIIII",
            0xEB9F,
            1,
            0,
            24,
            0,
            len(self._types),
            len(self._types),
            len(self._strings),
        )
        return head + self._types + self._strings


def btf(*, later: bool = False, objects: bool = False) -> bytes:
    """The types that probes need, with members elsewhere than in any kernel.

    As after 6.15 where ``later``; with ``objects`` a page points to an object cgroup, as in 7.1.
    """
    made = BtfWriter()
    boolean, integer, long = (
        made.integer("_Bool", 1),
        made.integer("int", 4),
        made.integer("long unsigned int", 8),
    )
    char = made.integer("char", 1)
    text = made.pointer(made.const(char))
    size = made.typedef("size_t", long)
    flag = made.typedef("bool", boolean)
    swap = made.typedef("swp_entry_t", made.struct("", [("val", long, 0)]))
    listed = made.struct("list_head", [("next", long, 0)])
    node = made.struct(
        "kernfs_node", [("__parent" if later else "parent", long, 16), ("name", text, 24), ("id", long, 104)]
    )
    made.struct("cgroup", [("self", long, 0), ("kn", made.pointer(node), 264)])
    state = made.struct("cgroup_subsys_state", [("cgroup", long, 8)])
    memcg = made.struct("mem_cgroup", [("id", long, 0), ("css", state, 32)])
    inner = made.struct("", [("private", long, 0), ("swap", swap, 0)], union=True)
    head = made.struct(
        "",
        [
            ("flags", long, 0),
            ("mapping", long, 32),
            ("index", long, 40),
            ("", inner, 48),
            ("memcg_data", long, 64),
        ],
    )
    both = made.struct("", [("", head, 0), ("page", long, 0)], union=True)
    folio = made.struct("folio", [("", both, 0), ("_flags_1", long, 72)])
    entry = made.struct(
        "zswap_entry",
        [("swpentry", swap, 0), ("length", integer, 8), ("referenced", flag, 12), ("lru", listed, 48)],
    )
    request = made.struct("acomp_req", [("slen", integer, 56)])
    opened = made.struct("kernfs_open_file", [("file", long, 0), ("kn", made.pointer(node), 8)])
    attribute = made.struct("module_attribute", [("attr", made.struct("attribute", [("name", text, 0)]), 8)])
    module = made.struct("module_kobject", [("kobj", made.struct("kobject", [("name", text, 16)]), 0)])
    page = made.struct("page", [("flags", long, 0)])
    a_folio, an_entry = made.pointer(folio), made.pointer(entry)
    made.struct("obj_cgroup", [("refcnt", long, 0), ("memcg", made.pointer(memcg), 88)])
    if objects:
        made.function("lru_reparent_memcg", 0, [("memcg", made.pointer(memcg))])
    made.function("zswap_store", flag, [("folio", a_folio)])
    made.function("zswap_load", integer if later else flag, [("folio", a_folio)])
    made.function("zswap_invalidate", 0, [("swp", swap)])
    if later:
        made.function("zs_malloc", long, [("pool", long), ("size", size)])
        made.function("crypto_acomp_compress", integer, [("req", made.pointer(request))])
        made.function("swap_writeout", integer, [("folio", a_folio), ("plug", long)])
    else:
        made.function("zpool_malloc", integer, [("pool", long), ("gfp", integer), ("size", size)])
        made.function("swap_writepage", integer, [("page", made.pointer(page)), ("wbc", long)])
    made.function("scomp_acomp_compress", integer, [("req", made.pointer(request))])
    made.function("zswap_writeback_entry", integer, [("entry", an_entry), ("swpentry", swap)])
    made.function("shrink_memcg_cb", integer, [("item", made.pointer(listed)), ("arg", long)])
    made.function("shrink_memcg", integer, [("memcg", made.pointer(memcg))])
    made.function("shrink_worker", 0, [("w", long)])
    made.function("swap_read_folio", 0, [("folio", a_folio), ("plug", long)])
    made.function("__swap_writepage", 0, [("folio", a_folio)])
    made.function("zswap_decompress", 0, [("entry", an_entry), ("folio", a_folio)])
    made.function("cgroup_file_write", long, [("of", made.pointer(opened)), ("buf", text)])
    made.function(
        "param_attr_store",
        long,
        [("mattr", made.pointer(made.const(attribute))), ("mk", made.pointer(module)), ("buf", text)],
    )
    return made.data()


def plant(root: Path, *, functions: Sequence[str] = tuple(FUNCTIONS), later: bool = False) -> Path:
    """Make the tree of a machine that can be captured."""
    memory = "anon 0\nzswap 0\nzswapped 0\nzswpin 0\nzswpout 0\nzswpwb 0\n"
    files = {
        "proc/kallsyms": "".join(f"0000000000000000 t {name}\n" for name in functions)
        + "0 b some_data\n0 t a [zram]\n",
        "proc/meminfo": "MemTotal:         262144 kB\nMemFree: 1 kB\n",
        "proc/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
        "proc/swaps": "Filename Type Size Used Priority\n/dev/vda partition 524284 0 -2\n",
        "proc/uptime": "17.86 3.00\n",
        "proc/vmstat": "pswpin 0\npswpout 0\nswpin_zero 0\nswpout_zero 0\nzswpin 0\nzswpout 0\nzswpwb 0\n",
        "proc/cmdline": "quiet\n",
        "proc/sys/kernel/osrelease": f"{RELEASE}\n",
        "proc/sys/kernel/hostname": "fake\n",
        "proc/sys/kernel/version": "#1 SMP\n",
        "proc/sys/vm/swappiness": "60\n",
        f"boot/config-{RELEASE}": "CONFIG_NUMA=y\nCONFIG_NODES_SHIFT=6\n",
        "sys/devices/system/node/node0/x": "",
        "sys/kernel/mm/lru_gen/enabled": "0x0007\n",
        "sys/kernel/tracing/README": README,
        "sys/kernel/tracing/dynamic_events": "",
        "sys/kernel/tracing/error_log": "",
        "sys/kernel/tracing/available_filter_functions": "".join(f"{name}\n" for name in functions),
        "sys/kernel/tracing/kprobe_profile": "  store   6   0\n",
        "sys/module/zswap/parameters/enabled": "Y\n",
        "sys/module/zswap/parameters/compressor": "lz4\n",
        "sys/module/zswap/parameters/max_pool_percent": "20\n",
        "sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
        "sys/fs/cgroup/cpu.stat": "usage_usec 1\n",
        "sys/fs/cgroup/memory.stat": memory,
        "sys/fs/cgroup/old shop/memory.stat": memory,
        "sys/fs/cgroup/old shop/memory.zswap.max": "max\n",
        "sys/fs/cgroup/old shop/memory.zswap.writeback": "1\n",
        **{
            f"sys/kernel/debug/zswap/{name}": "0\n"
            for name in ("stored_pages", "pool_limit_hit", "written_back_pages")
        },
        **{
            f"sys/kernel/tracing/events/cgroup/{name}/enable": "0"
            for name in ("cgroup_mkdir", "cgroup_rmdir")
        },
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    types = root / "sys/kernel/btf/vmlinux"
    types.parent.mkdir(parents=True, exist_ok=True)
    types.write_bytes(btf(later=later))
    (root / "sys/kernel/tracing/instances").mkdir()
    return root


class FakeHost(host_module.Host):
    """A Host on such a tree, whose instance has files, whose probes come and go, and whose marks are in its trace."""

    refused = ""
    """Of a definition that the kernel does not take."""

    def make_folder(self, name: str) -> None:
        super().make_folder(name)
        files = [
            "tracing_on",
            "trace_clock",
            "buffer_size_kb",
            "trace_marker",
            "trace_pipe",
            "events/zr/enable",
        ]
        files += [f"events/cgroup/{event}/enable" for event in ("cgroup_mkdir", "cgroup_rmdir")]
        for file in files:
            path = self.path(f"{name}/{file}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("", encoding="utf-8")
        stats = self.path(f"{name}/per_cpu/cpu0/stats")
        stats.parent.mkdir(parents=True)
        stats.write_text("entries: 0\noverrun: 0\ncommit overrun: 0\ndropped events: 0\n", encoding="utf-8")

    def remove_folder(self, name: str) -> None:
        shutil.rmtree(self.path(name))

    def write(self, name: str, text: str) -> None:
        if name.endswith("/trace_marker"):
            pipe = self.path(INSTANCE) / "trace_pipe"
            # before all that a test writes, and after it
            seconds = 1 if "start" in text else 900
            with open(pipe, "a", encoding="utf-8") as file:
                file.write(f"  sh-1  [000] .....  {seconds}.000000: tracing_mark_write: {text.strip()}\n")
        super().write(name, text)

    def append(self, name: str, text: str) -> None:
        if self.refused and self.refused in text:
            super().append("sys/kernel/tracing/error_log", "[ 1.0] trace_fprobe: error: Not this one\n")
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if text.startswith("-:"):
            path = self.path(name)
            kept = path.read_text(encoding="utf-8").splitlines(keepends=True)
            event = re.escape(text.strip()[2:])
            path.write_text(
                "".join(line for line in kept if not re.match(rf"\w+:{event}\s", line)), encoding="utf-8"
            )
        else:
            super().append(name, text)


def probes(root: Path) -> list[str]:
    """The probes that there are."""
    return (root / "sys/kernel/tracing/dynamic_events").read_text(encoding="utf-8").splitlines()


def is_clean(root: Path) -> bool:
    """Whether a capture has left nothing behind."""
    left = [*(root / "sys/kernel/tracing/instances").iterdir(), *(root / "run").glob("*")]
    return not probes(root) and not left
