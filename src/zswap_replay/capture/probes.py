"""The probes of a capture: which functions, what is read of each, and what an import cannot do without.

A row of PROBES names functions as kernels call them; the first that the kernel has, with arguments that lead where they
must, is taken. Offsets and places of arguments are those of the kernel's BTF.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from zswap_replay.capture.btf import Btf, Prototype
from zswap_replay.capture.fetch import RESULT, Fetch

GROUP = "zr"
"""The group of the events in tracefs."""

UNDER_WAY = 128
"""Calls of a function that a probe of its return can follow at a time: a store sleeps while another page is written."""

TRACEPOINTS = ("cgroup_mkdir", "cgroup_rmdir", "cgroup_attach_task")
"""Events that the kernel has itself, in the group ``cgroup``; the last one only names what older cgroups are called."""

_NEEDED_TRACEPOINTS = TRACEPOINTS[:2]

Step = tuple[str, tuple[str, ...]]
"""A struct, and the names that kernels have for the member that is read of it."""

_FOLIO = ("struct folio *", "struct page *")
"""A page that is swapped out whole is the head of its folio, at the same address."""
_TO_CGROUP: tuple[Step, ...] = (
    ("mem_cgroup", ("css.cgroup",)),
    ("cgroup", ("kn",)),
    ("kernfs_node", ("id",)),
)
_CHARGED: Step = ("folio", ("memcg_data",))
_OBJECT: Step = ("obj_cgroup", ("memcg",))
_POINTS_TO_OBJECT = "lru_reparent_memcg"
"""A function of kernels whose pages point to an object cgroup, and that one to the memcg (Linux 7.1)."""
_SLOT: tuple[Step, ...] = (("folio", ("swap.val", "private")),)
_NODE: Step = ("kernfs_open_file", ("kn",))


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    of: tuple[str, ...] = ()
    """Types of the argument, as C spells them; of none, it is the result."""
    steps: tuple[Step, ...] = ()
    type: str = "u64"
    within: tuple[str, str] | None = None
    """The struct, and its member that the argument points to, from which the first step is counted."""


@dataclass(frozen=True, slots=True)
class _Row:
    event: str
    symbols: tuple[str, ...]
    fields: tuple[_Field, ...] = ()
    at_return: bool = False
    needed: bool = False
    worker: bool = False
    """Whether it is a part of the worker's schedule, which is of use as a whole only."""


def _folio(name: str, steps: tuple[Step, ...], kind: str = "u64") -> _Field:
    return _Field(name, _FOLIO, steps, kind)


_WHERE = (
    _folio("swp", _SLOT, "x64"),
    _folio("map", (("folio", ("mapping",)),), "x64"),
    _folio("idx", (("folio", ("index",)),)),
)
_CG = _folio("cg", (_CHARGED, *_TO_CGROUP))
_ENTRY = ("zswap_entry", "lru")

PROBES = (
    _Row("store_in", ("zswap_store",), (_WHERE[0],)),
    _Row(
        "store",
        ("zswap_store",),
        (
            *_WHERE,
            _folio("fl", (("folio", ("flags",)),), "x64"),
            _folio("ord", (("folio", ("_flags_1",)),), "u8"),
            _CG,
            _Field("ret", type="u8"),
        ),
        at_return=True,
        needed=True,
    ),
    _Row("len", ("zpool_malloc", "zs_malloc"), (_Field("size", ("size_t",), type="u32"),), needed=True),
    _Row(
        "comp",
        ("crypto_acomp_compress", "scomp_acomp_compress"),
        (_Field("ret", type="s32"),),
        at_return=True,
        needed=True,
    ),
    _Row(
        "load",
        ("zswap_load",),
        (_WHERE[0], _folio("fl", (("folio", ("flags",)),), "x64"), _CG, _Field("ret", type="u8")),
        at_return=True,
    ),
    _Row("inval", ("zswap_invalidate",), (_Field("swp", ("swp_entry_t",), type="x64"),), needed=True),
    _Row("wb", ("zswap_writeback_entry",), (_Field("ret", type="s32"),), at_return=True),
    _Row(
        "look",
        ("shrink_memcg_cb",),
        (
            _Field("swp", ("struct list_head *",), (("zswap_entry", ("swpentry",)),), "x64", _ENTRY),
            _Field("len", ("struct list_head *",), (("zswap_entry", ("length",)),), "u32", _ENTRY),
            _Field("ref", ("struct list_head *",), (("zswap_entry", ("referenced",)),), "u8", _ENTRY),
        ),
    ),
    _Row(
        "shrink",
        ("shrink_memcg",),
        (_Field("cg", ("struct mem_cgroup *",), _TO_CGROUP), _Field("ret", type="s32")),
        at_return=True,
        worker=True,
    ),
    _Row("worker_in", ("shrink_worker",), worker=True),
    _Row("worker_out", ("shrink_worker",), at_return=True, worker=True),
    _Row(
        "wpage",
        ("swap_writepage", "swap_writeout"),
        (*_WHERE, _CG, _Field("ret", type="s32")),
        at_return=True,
        needed=True,
    ),
    _Row("rpage", ("swap_readpage", "swap_read_folio"), (_WHERE[0], _CG), needed=True),
    _Row("disk", ("__swap_writepage",), (_WHERE[0],), worker=True),
    _Row(
        "decomp",
        ("zswap_decompress", "crypto_acomp_decompress", "scomp_acomp_decompress"),
        (
            _Field(
                "len",
                ("struct zswap_entry *", "struct acomp_req *"),
                (("zswap_entry acomp_req", ("length", "slen")),),
                "u32",
            ),
        ),
        worker=True,
    ),
    _Row(
        "knob",
        ("cgroup_file_write",),
        (
            _Field(
                "cg",
                ("struct kernfs_open_file *",),
                (_NODE, ("kernfs_node", ("parent", "__parent")), ("kernfs_node", ("id",))),
            ),
            _Field("file", ("struct kernfs_open_file *",), (_NODE, ("kernfs_node", ("name",))), "string"),
            _Field("value", ("char *",), type="string"),
        ),
        needed=True,
    ),
    _Row(
        "param",
        ("param_attr_store",),
        (
            _Field("mod", ("struct module_kobject *",), (("module_kobject", ("kobj.name",)),), "string"),
            _Field("name", ("struct module_attribute *",), (("module_attribute", ("attr.name",)),), "string"),
            _Field("value", ("char *",), type="string"),
        ),
        needed=True,
    ),
)
"""All probes, in the order in which they are made."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe of one kernel."""

    event: str
    symbol: str
    at_return: bool
    fetches: tuple[Fetch, ...]
    fprobe: bool
    """Whether it is an event of fprobe; else of kprobe."""
    prototype: Prototype

    def definition(self, *, counted: bool = True) -> str:
        """Spell the line for ``dynamic_events``; without the number of calls under way where not ``counted``."""
        number = str(UNDER_WAY) if counted and self.at_return else ""
        if self.fprobe:
            kind, symbol = "f", f"{self.symbol}%return" if self.at_return else self.symbol
        else:
            kind, symbol = "r" if self.at_return else "p", self.symbol
        return " ".join(
            [f"{kind}{number}:{GROUP}/{self.event}", symbol, *(each.ftrace() for each in self.fetches)]
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """An event that cannot be had, the reason, and whether an import can do without it."""

    event: str
    why: str
    needed: bool

    def __str__(self) -> str:
        return f"{self.event} ({self.why})"


def choose_probes(
    btf: Btf, symbols: Collection[str], fprobes: Callable[[str], bool]
) -> tuple[list[Probe], list[Missing]]:
    """Choose the probes of a kernel: those that its functions allow, and the events that it cannot give.

    ``symbols`` are the kernel's functions; ``fprobes`` tells whether a function can have an event of fprobe.
    """
    found: list[Probe] = []
    missing: list[Missing] = []
    for row in PROBES:
        probe, why = _probe(row, btf, symbols, fprobes)
        if probe is not None:
            found.append(probe)
        else:
            missing.append(Missing(row.event, why, row.needed))
    worker = {row.event for row in PROBES if row.worker}
    lacking = worker & {each.event for each in missing}
    if lacking:
        # a half of the schedule would be taken for all of it: the replay then makes its own
        runs = ("worker_in", "worker_out")
        gone = [probe.event for probe in found if probe.event in runs]
        found = [probe for probe in found if probe.event not in runs]
        missing += [
            Missing(event, f"of no use without {', '.join(sorted(lacking))}", False) for event in gone
        ]
    return found, missing


def missing_tracepoints(has: Callable[[str], bool]) -> list[Missing]:
    """List the kernel's own events that a capture wants and does not find."""
    return [
        Missing(event, "no such event in the group cgroup", event in _NEEDED_TRACEPOINTS)
        for event in TRACEPOINTS
        if not has(event)
    ]


def _probe(
    row: _Row, btf: Btf, symbols: Collection[str], fprobes: Callable[[str], bool]
) -> tuple[Probe | None, str]:
    """Make the probe of a row; else say why there is none."""
    there = [symbol for symbol in row.symbols if symbol in symbols]
    if not there:
        return None, f"no function {' or '.join(row.symbols)}"
    why = ""
    for symbol in there:
        prototype = btf.function(symbol)
        if prototype is None:
            why = f"BTF has no {symbol}()"
            continue
        fetches = []
        for field in row.fields:
            fetch = _fetch(field, btf, prototype)
            if isinstance(fetch, str):
                why = f"{symbol}(): {fetch}"
                break
            fetches.append(fetch)
        else:
            return Probe(row.event, symbol, row.at_return, tuple(fetches), fprobes(symbol), prototype), ""
    return None, why


def _fetch(field: _Field, btf: Btf, prototype: Prototype) -> Fetch | str:
    """Find out how to read a field; else say what the kernel lacks."""
    if not field.of:
        if field.name == "ret" and field.type == "u8" and prototype.returns != "_Bool":
            # zswap_load() of later kernels returns 0 or an error
            return Fetch("err", RESULT, (), "s32")
        return Fetch(field.name, RESULT, (), field.type)
    for number, parameter in enumerate(prototype.parameters, 1):
        if parameter.type not in field.of:
            continue
        offsets = []
        steps = field.steps
        if steps[:1] == (_CHARGED,) and btf.function(_POINTS_TO_OBJECT) is not None:
            steps = (_CHARGED, _OBJECT, *steps[1:])
        for step, (names, members) in enumerate(steps):
            # of several structs that of the argument
            of = names if " " not in names else parameter.type.removeprefix("struct ").rstrip(" *")
            offset = btf.offset(of, *members)
            if offset is None:
                return f"struct {of} has no {' or '.join(members)}"
            if field.within is not None and step == 0:
                base = btf.offset(*field.within)
                if base is None:
                    return f"struct {field.within[0]} has no {field.within[1]}"
                offset -= base
            offsets.append(offset)
        if field.type == "string":
            offsets.append(0)
        return Fetch(field.name, number, tuple(offsets), field.type)
    return f"takes no {' or '.join(field.of)}"
