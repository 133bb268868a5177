"""The probes of one kernel as a script for bpftrace, whose lines are those of the tracer's probes."""

from __future__ import annotations

from collections.abc import Sequence

from zswap_replay.capture.fetch import RESULT, Fetch
from zswap_replay.capture.probes import Probe

HEAD = "# zswap.bt 1 time_ns pid event key=value"
"""The first line that it prints: all is attached then."""

_TRACEPOINTS = (
    ("cgroup_mkdir", ("id=%llu", "args->id"), ("path=%s", "str(args->path)")),
    ("cgroup_rmdir", ("id=%llu", "args->id"), ("path=%s", "str(args->path)")),
    ("cgroup_attach_task", ("dst_id=%llu", "args->dst_id"), ("dst_path=%s", "str(args->dst_path)")),
)


def script(release: str, probes: Sequence[Probe]) -> str:
    """Write the script: a clause for each probe."""
    lines = [
        "#!/usr/bin/env bpftrace",
        f"/* Capture what zswap is asked and what comes of it, on Linux {release} alone: offsets are of its types.",
        " * BPFTRACE_PERF_RB_PAGES=2048 bpftrace -B line zswap.bt > trace.txt",
        " * All is attached when the first line is there. Interrupt it when its output stands still: bpftrace drops",
        " * what it has not read yet.",
        " */",
        f'BEGIN {{ printf("{HEAD}\\n"); }}',
        *(_clause(probe) for probe in probes),
    ]
    for event, *fields in _TRACEPOINTS:
        lines.append(_spelled(f"tracepoint:cgroup:{event}", event, fields))
    return "\n".join(lines) + "\n"


def _clause(probe: Probe) -> str:
    # a struct that is passed by itself is what functions of BPF trampolines cannot take
    plain = any(parameter.by_value for parameter in probe.prototype.parameters)
    kind = ("kret" if probe.at_return else "k") + ("probe" if plain else "func")
    fields = [(fetch.format, fetch.bpftrace(_argument(probe, fetch, plain))) for fetch in probe.fetches]
    return _spelled(f"{kind}:{probe.symbol}", probe.event, fields)


def _argument(probe: Probe, fetch: Fetch, plain: bool) -> str:
    if fetch.argument == RESULT:
        return "retval"
    if plain:
        return f"arg{fetch.argument - 1}"
    return f"(uint64)args->{probe.prototype.parameters[fetch.argument - 1].name}"


def _spelled(attach: str, event: str, fields: Sequence[tuple[str, str]]) -> str:
    form = " ".join(["%llu %d", event, *(form for form, _ in fields)])
    values = ", ".join(["nsecs", "tid", *(value for _, value in fields)])
    return f'{attach} {{ printf("{form}\\n", {values}); }}'
