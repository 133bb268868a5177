"""Texts of captures, made event by event in the layout of any tool, and where recorded ones are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.paths import ROOT, TRACES

RECORDED = Path(__file__).with_name("captures")
MINI = TRACES / "live" / "mini.txt.xz"
SHARED = ROOT.parent / "shared" / "capture" / "fixtures"
"""Captures by each tool, where they stand beside the repository."""

Seen = tuple[int, str, int, str, str]
"""Nanoseconds, command, task, event and fields as text."""

ENV = """Linux host 6.12.117 #1 SMP x86_64 GNU/Linux
totalram_kB 65536
nodes
/sys/devices/system/node/node0
/sys/module/zswap/parameters/compressor:lz4
/sys/module/zswap/parameters/max_pool_percent:20
"""


def trace_pipe(events: Sequence[Seen]) -> str:
    return "".join(
        f"{comm:>16}-{task:<7} [000] d..1.  {_micro(time_ns)}: {event}: (fn+0x4/0x20 <- caller) {fields}\n"
        for time_ns, comm, task, event, fields in events
    )


def trace_cmd(events: Sequence[Seen]) -> str:
    lines = ["cpus=1\n"]
    for time_ns, comm, task, event, fields in events:
        name, text = (
            ("print", f"tracing_mark_write: {fields}") if event == "tracing_mark_write" else (event, fields)
        )
        lines.append(
            f"{comm:>16}-{task:<7} [000] {_micro(time_ns)}: {name + ':':<22}(ffffffffbb4fbf04) {text}\n"
        )
    return "".join(lines)


def raw_report(events: Sequence[Seen]) -> str:
    lines = []
    for time_ns, comm, task, event, fields in events:
        name, text = (
            ("print", f"ip=tracing_mark_write buf={fields}")
            if event == "tracing_mark_write"
            else (event, fields)
        )
        text = text.replace('"', "")
        lines.append(
            f"{comm:>16}-{task:<7} [000] {_nano(time_ns)}: {name + ':':<22} __probe_ip=ffffffffbb4fbf04 {text}\n"
        )
    return "".join(lines)


def perf_script(events: Sequence[Seen]) -> str:
    lines = []
    for time_ns, comm, task, event, fields in events:
        name = f"cgroup:{event}" if "cgroup" in event else f"zr:{event}"
        if event != "tracing_mark_write":
            lines.append(f"{comm:>16} {task:>5} [000] {_nano(time_ns)}: {name:>24}: {fields}\n")
    return "".join(lines)


def perf_fields(events: Sequence[Seen]) -> str:
    return perf_script(events).replace(" [000]", "")


def bpftrace(events: Sequence[Seen]) -> str:
    lines = ["Attaching 18 probes...\n", "# zswap.bt 1 time_ns pid event key=value\n"]
    for time_ns, _, task, event, fields in events:
        if event != "tracing_mark_write":
            text = fields.replace('"', "").replace("mod=zswap ", "")
            lines.append(f"{time_ns} {task} {event} {text}\n")
    return "".join(lines)


LAYOUTS = {
    "trace_pipe": trace_pipe,
    "trace-cmd report": trace_cmd,
    "trace-cmd report -R": raw_report,
    "perf script": perf_script,
    "perf script -F": perf_fields,
    "bpftrace": bpftrace,
}


def _micro(time_ns: int) -> str:
    return f"{time_ns // 10**9}.{time_ns % 10**9 // 1000:06}"


def _nano(time_ns: int) -> str:
    return f"{time_ns // 10**9}.{time_ns % 10**9:09}"


class Kernel:
    """Events one after another, a millisecond apart, as a kernel's probes would tell them."""

    def __init__(self) -> None:
        self.events: list[Seen] = []
        self.now = 10**9

    def see(self, event: str, fields: str = "", task: int = 7, comm: str = "a-b: c/1") -> None:
        self.now += 1_000_000
        self.events.append((self.now, comm, task, event, fields))

    def mkdir(self, number: int, path: str) -> None:
        self.see("cgroup_mkdir", f"root=0 id={number} level=1 path={path}")

    def rmdir(self, number: int, path: str) -> None:
        self.see("cgroup_rmdir", f"root=0 id={number} level=1 path={path}")

    def mark(self, label: str) -> None:
        self.see("tracing_mark_write", f"zr: snapshot {label}")

    def store(
        self,
        slot: int,
        length: int | None = 1000,
        *,
        cg: int = 28,
        place: int | None = None,
        refused: int = 0,
        flags: int = 0x9,
        order: int = 0,
        task: int = 7,
    ) -> None:
        """A page goes out: with a length it is taken, else refused, by the compressor where ``refused``."""
        where = f"swp={slot:#x} map={0xFF00 if place is not None else 0:#x} idx={place or 0}"
        if length is not None:
            self.see("comp", "ret=0", task)
            self.see("len", f"size={length}", task)
        elif refused:
            self.see("comp", f"ret={refused}", task)
        self.see("store", f"{where} fl={flags:#x} ord={order} cg={cg} ret={int(length is not None)}", task)
        if length is None:
            self.see("disk", f"swp={slot:#x}", task)
        self.see("wpage", f"{where} cg={cg} ret=0", task)

    def zero(self, slot: int, cg: int = 28) -> None:
        self.see("wpage", f"swp={slot:#x} map=0x0 idx=0 cg={cg} ret=0")

    def read(self, slot: int, *, cg: int = 28, length: int | None = 1000) -> None:
        self.see("rpage", f"swp={slot:#x} cg={cg}")
        if length is not None:
            self.see("decomp", f"len={length}")
        self.see("load", f"swp={slot:#x} fl=0x9 cg={cg} ret={int(length is not None)}")

    def free(self, slot: int) -> None:
        self.see("inval", f"swp={slot:#x}")


def counters(label: str, *, zswpout: int = 0, stored_pages: int = 0, **more: int) -> dict[str, object]:
    """Saved counters at a label; ``more`` are vmstat's."""
    vmstat = {"zswpout": zswpout, **more}
    return {"label": label, "zswap": {"stored_pages": stored_pages}, "vmstat": vmstat, "memcg": {}}


def write(
    folder: Path, text: str, saved: Sequence[Mapping[str, object]] | None = None, env: str | None = ENV
) -> Path:
    """Write a capture with what was saved beside it; return its text."""
    path = folder / "c.txt"
    path.write_text(text, encoding="utf-8")
    if saved is not None:
        (folder / "c.counters.json").write_text(json.dumps(saved), encoding="utf-8")
    if env is not None:
        (folder / "c.env.txt").write_text(env, encoding="utf-8")
    return path
