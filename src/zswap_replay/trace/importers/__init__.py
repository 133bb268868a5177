"""Importers: traces made from the output of other programs.

Each has a row here, and no other list: its command, the manual page and the documents are made from it.
"""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any, Final

from zswap_replay.trace.importing.row import (
    BY,
    COLUMN,
    COMM,
    PAGES_TOUCHED,
    PID,
    STEP,
    WINDOW,
    Importer,
    Option,
)

_EVENT = PAGES_TOUCHED
_RATE = Option("--ns-per-instruction", "The clock's rate.", kind="count", default=1)
_INSTRUCTIONS = Option("--instructions", "Keep instruction fetches, as reads of their pages.", kind="flag")
_SAMPLE = Option("--sample", "DAMON's sampling interval, sample_us: 5ms.", kind="time")
_AGGR = Option("--aggr", "DAMON's aggregation interval, aggr_us: 100ms.", kind="time")
_TARGET = Option("--target", "Only the target of this number: 0, 1 and so on.", kind="count", least=0)
_MAPS = Option(
    "--maps",
    "A copy of /proc/PID/maps: gaps are left out, and what is mapped without a file is touched once.",
    kind="file",
)
_HEX = Option(
    "--hex", "A column of hexadecimal numbers without 0x. Repeatable.", multiple=True, metavar="COLUMN"
)

IMPORTERS: Final[Mapping[str, Importer]] = {
    "capture": Importer(
        line="Import a capture of a live kernel's zswap.",
        text="",
        reads="the probes of a capture, as ftrace, trace-cmd, perf or bpftrace print them",
        own_command=True,
    ),
    "lackey": Importer(
        line="Import the output of valgrind's lackey.",
        text="Runs of accesses to one page become one event, a write if any of them is. The clock counts instructions. "
        "Each process that the log has a header of has a memcg of its own, which is named after its program.",
        reads="`valgrind --tool=lackey --trace-mem=yes`",
        options=(
            _RATE,
            _INSTRUCTIONS,
            Option(
                "--window",
                "Drop accesses to the N pages touched last, but for the first write to each.",
                kind="count",
                default=1,
            ),
            Option("--max-events", "Stop after so many events.", kind="count"),
        ),
        example=(
            "valgrind --tool=lackey --trace-mem=yes --log-fd=9 ls 9>&1 >/dev/null \\",
            "  | zswap-replay trace import lackey - --memcg /ls --window 64 -o ls.parquet",
        ),
    ),
    "csv": Importer(
        line="Import any table of text, by columns that are named.",
        text="Without --column the columns have the names of a trace's own (time_ns, event, memcg, page, count, node, "
        "content, key, value), as trace export csv writes them. Operations on numbers: >> << * / + - "
        "&. Events may be called "
        "r, w, read, write, load, store, get, set, 0 (a read), 1 (a write); a memcg may be the name of a program.",
        reads="any table of text, or what `trace export csv` wrote",
        options=(
            COLUMN,
            _HEX,
            _EVENT,
            STEP,
            Option(
                "--delimiter",
                "What stands between columns [default: as the first line has it].",
                metavar="CHARACTER",
            ),
            Option("--no-header", "The first line is a row; the columns are 1, 2 and so on.", kind="flag"),
        ),
        example=(
            "zswap-replay trace import csv accesses.csv --column page='addr>>12' --column time_ns='seconds*1e9' \\",
            "  --column event=rw --column memcg=comm -o accesses.parquet",
        ),
        module="csv_table",
        aliases=("tsv",),
    ),
    "arrow": Importer(
        line="Import any Arrow table (IPC file, Feather or stream), by columns that are named.",
        text="The columns are named as for csv. The metadata of a trace that trace export arrow wrote come back.",
        reads="an Arrow IPC file or stream, or what `trace export arrow` wrote",
        options=(COLUMN, _HEX, _EVENT, STEP),
        example=(
            "zswap-replay trace import arrow accesses.arrow --column page='addr>>12' -o from-arrow.parquet",
        ),
        module="arrow_table",
        aliases=("feather", "ipc"),
    ),
    "parquet": Importer(
        line="Import any table of a Parquet file, by columns that are named.",
        text="The columns are named as for csv. A Parquet file that is a trace already needs no import.",
        reads="a Parquet file",
        options=(COLUMN, _HEX, _EVENT, STEP),
        example=(
            "zswap-replay trace import parquet table.parquet --column page='addr>>12' -o from-parquet.parquet",
        ),
        module="parquet_table",
    ),
    "addresses": Importer(
        line="Import a list of addresses, one in each line.",
        text="A line has an address, and may have a word for the access before or after it: r, w, read, write, load, "
        "store, or dinero's 0, 1, 2. Further columns are passed over.",
        reads="a list of addresses, one in each line",
        options=(
            Option(
                "--base",
                "Base of numbers without 0x; auto: 16 where the first has a letter, else 10.",
                kind="choice",
                default="auto",
                choices=("auto", "16", "10"),
            ),
            Option(
                "--unit",
                "What is numbered: bytes (addresses) or pages.",
                kind="choice",
                default="bytes",
                choices=("bytes", "pages"),
            ),
            _EVENT,
            STEP,
            replace(WINDOW, default=0),
        ),
        example=("zswap-replay trace import addresses addresses.txt -o addresses.parquet",),
        aliases=("address", "address-list", "address-lists", "list", "plain"),
    ),
    "champsim": Importer(
        line="Import a ChampSim trace: its records, or lines of its load traces.",
        text="Records of 64 bytes, most often packed (.champsimtrace.xz). Lines: instruction, cycle, address, ip, hit.",
        reads="a ChampSim trace, or a load trace of text",
        options=(_RATE, _INSTRUCTIONS, WINDOW),
        example=("zswap-replay trace import champsim tiny.champsimtrace.xz -o tiny.parquet",),
        aliases=("champsim-like", "champsimtrace"),
    ),
    "oraclegeneral": Importer(
        line="Import a libCacheSim trace of the type oracleGeneral.",
        text="An object is a page, whatever its size. Times are whole seconds.",
        reads="libCacheSim's oracleGeneral",
        options=(_EVENT,),
        example=("zswap-replay trace import oraclegeneral requests.oracleGeneral -o requests.parquet",),
        module="libcachesim",
        aliases=("oracle-general", "oracle"),
    ),
    "lcs": Importer(
        line="Import a libCacheSim trace of the type lcs.",
        text="An object is a page, whatever its size. Operations and tenants are read from version 2 on.",
        reads="libCacheSim's lcs, versions 1 to 8",
        options=(_EVENT,),
        example=("zswap-replay trace import lcs requests.lcs.xz -o from-lcs.parquet",),
        module="libcachesim",
    ),
    "libcachesim-csv": Importer(
        line="Import a libCacheSim trace of the type csv.",
        text="The header names the columns (time, obj_id, op, tenant), or --params does as libCacheSim's -t.",
        reads="libCacheSim's csv",
        options=(
            Option(
                "--params",
                "As libCacheSim's -t: time-col=1, obj-id-col=2, has-header=true.",
                default="",
                metavar="TEXT",
            ),
            _EVENT,
        ),
        example=("zswap-replay trace import libcachesim-csv requests.csv -o from-csv.parquet",),
        module="libcachesim",
        aliases=("libcachesim",),
    ),
    "perf-script": Importer(
        line="Import page faults, as perf script prints them.",
        text="Recorded by `perf record -a -e page-faults -c 1 -d`, printed by `perf script --ns -F "
        "comm,pid,tid,time,event,addr`: the default layout lacks the address of the page, and is "
        "refused. Major and minor "
        "faults, exceptions:page_fault_user and samples of perf mem are read too. Faults are first "
        "touches and returns from "
        "swap: other accesses leave no line.",
        reads="`perf script` of page faults",
        options=(BY, COMM, PID, _EVENT),
        example=("zswap-replay trace import perf-script faults.txt --comm sh --comm exe -o faults.parquet",),
        aliases=("perf", "perf-faults", "page-faults"),
    ),
    "perf-trace": Importer(
        line="Import page faults, as perf trace prints them.",
        text="Printed by `perf trace -F all --no-syscalls`. Faults of files have page numbers of their own.",
        reads="`perf trace -F all`",
        options=(
            BY,
            COMM,
            PID,
            _EVENT,
            Option("--anonymous", "Only memory that has no file: what zswap can hold.", kind="flag"),
        ),
        example=("zswap-replay trace import perf-trace perf-trace.txt --anonymous -o anonymous.parquet",),
    ),
    "perf-mem": Importer(
        line="Import the loads and stores that perf mem sampled.",
        text="As `perf mem report -D` dumps them, or perf script with the field addr.",
        reads="`perf mem report -D`, or `perf script` of it",
        options=(BY, COMM, PID, STEP),
        example=("zswap-replay trace import perf-mem perf-mem.txt -o mem.parquet",),
    ),
    "damon": Importer(
        line="Import the text of DAMON's tracepoint damon_aggregated.",
        text="As trace_pipe, trace-cmd report or perf script print it. A region that was found accessed in n samples "
        "of a window has its pages accessed n times, evenly over the window.",
        reads="text of the tracepoint `damon_aggregated`",
        options=(_SAMPLE, _AGGR, _MAPS, _TARGET, _EVENT),
        example=("zswap-replay trace import damon damon.txt --sample 20ms --aggr 400ms -o damon.parquet",),
        aliases=("damon-aggregated", "damon-trace"),
    ),
    "damo": Importer(
        line="Import a file of damo record.",
        text="JSON, or JSON packed with zlib, as damo record writes it.",
        reads="a file of `damo record`",
        options=(_SAMPLE, _AGGR, _MAPS, _TARGET, _EVENT),
        example=("zswap-replay trace import damo damon.data --maps damon.maps -o damo.parquet",),
        module="damon",
        aliases=("damo-record",),
    ),
    "soft-dirty": Importer(
        line="Import samples of the soft-dirty bits of a process.",
        text="Lines of time, process, first page, pages and flags: P present, S swapped, D written since.",
        reads="samples of soft-dirty bits",
        example=("zswap-replay trace import soft-dirty soft-dirty.txt -o writes.parquet",),
        module="samples",
        aliases=("softdirty",),
    ),
    "idle-page": Importer(
        line="Import samples of the idle bits of a process's pages.",
        text="Lines of time, process, first page, pages and flags: A accessed since, I idle.",
        reads="samples of idle bits",
        example=("zswap-replay trace import idle-page idle-page.txt -o reads.parquet",),
        module="samples",
        aliases=("idle", "page-idle", "idle-pages"),
    ),
    "drmemtrace": Importer(
        line="Import the text of drmemtrace's view tool.",
        text="Printed by `drrun -t drmemtrace -tool view`. The clock counts instructions.",
        reads="`drrun -t drmemtrace -tool view`",
        options=(_RATE, _INSTRUCTIONS, WINDOW),
        example=("zswap-replay trace import drmemtrace drmemtrace.txt -o program.parquet",),
        aliases=("dynamorio",),
    ),
}
"""The importers by their names.

The importer ``x-y`` is ``import_x_y`` of the module ``x_y`` here, or of the module that its row names. Its function
takes the input and the output, by name ``memcg``, ``origin``, ``overwrite`` and ``progress``, and its options; what
it returns has ``figures``, ``notes`` and ``warnings``.
"""


def named(name: str) -> str | None:
    """Return the name of the importer that a user means, in any letters and by any of its names; None: there is none.

    >>> named("Lackey")
    'lackey'
    """
    plain = name.lower().replace("_", "-")
    for known, row in IMPORTERS.items():
        if plain == known or plain in row.aliases:
            return known
    return None


def run(name: str, source: Any, output: Any, **arguments: Any) -> Any:
    """Import ``source`` by the importer of this name. Raises what that raises."""
    module, function = IMPORTERS[name].place(name)
    return getattr(import_module(module), function)(source, output, **arguments)
