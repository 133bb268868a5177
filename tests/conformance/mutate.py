"""Breaks one rule of the model at a time, and shows that cases notice: ``python -m tests.conformance.mutate``.

Prints a line a rule and kernel: the cases tried, how many of them differ, and the first difference. A rule is tried on
a few cheap cases that notice it; with ``--first-case`` on the first of them, with ``--every-case`` on all cases of the
kernel. With ``--one-kernel`` a rule is tried under one kernel of its own, each under another than the one before. The
exit status is 1 where a broken rule goes unnoticed, or a case differs with no rule broken.

A rule is broken from outside, in the interpreted core: a flag of a release, a constant or a method is replaced. Where
the core is compiled the script starts itself again with ``ZSWAP_REPLAY_PURE=1``; with ``--flags`` it tries the rules
that flags of releases break, and those alone, in the core as it is: every case of them in a quarter of an hour. With
``--no-flags`` it tries the others alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

from tests.conformance.cases import KERNELS, Case, load_cases
from tests.conformance.check import Difference, first_difference
from zswap_replay.lib.lru_ring import LruRings
from zswap_replay.lib.page_table import DIRTY
from zswap_replay.machine import compiled
from zswap_replay.mm import list_lru, swap_slots, z3fold, zbud, zsmalloc, zswap
from zswap_replay.mm.list_lru import ListLru
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.page import PAGE_SHIFT
from zswap_replay.mm.page_io import PageIo
from zswap_replay.mm.releases import RELEASES
from zswap_replay.mm.z3fold import Z3foldPool
from zswap_replay.mm.zsmalloc import ZsPool
from zswap_replay.mm.zswap import ShrinkWorker, Zswap, ZswapPools

ROOT = 0

Patch = AbstractContextManager[object]
Break = Callable[[str], Patch]
"""Breaks a rule of a kernel, for as long as the context lasts."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that is broken: what is wrong then, and cases that notice, by kernel."""

    wrong: str
    broken: Break
    cases: dict[str, str]
    """By kernel: names of cases, with spaces between them."""


# ---- ways to break ----


class Flags:
    """Other flags in the kernel's row of releases.py: what the compiled core can break too."""

    def __init__(self, flags: dict[str, object]) -> None:
        self.flags = flags

    def __call__(self, kernel: str) -> Patch:
        changed = replace(RELEASES[kernel], **self.flags)  # type: ignore[arg-type]  # flags of any type
        return patch.dict(RELEASES, {kernel: changed})


def release(**flags: object) -> Break:
    """Other flags in the kernel's row of releases.py."""
    return Flags(flags)


def constant(module: ModuleType, name: str, value: int) -> Break:
    """Another value of a constant."""
    return lambda _: patch.object(module, name, value)


def always(broken: Callable[[], Patch]) -> Break:
    """What is broken in one way on every kernel."""
    return lambda _: broken()


def method(owner: type, function: Callable[..., object]) -> Patch:
    """Another method in place of the one with the function's name."""
    return patch.object(owner, function.__name__, function)


# ---- broken methods ----


def other_limit_test() -> Patch:
    """Test the pool's limit with ``>`` where the release has ``>=``, and the other way round."""
    whole = ZswapPools.zswap_check_limits

    def zswap_check_limits(self: ZswapPools) -> bool:
        at_limit, threshold = self.rule_pool_full_at_limit, self.zswap_can_accept()
        self.rule_pool_full_at_limit = not at_limit
        try:
            with patch.object(ZswapPools, "zswap_can_accept", lambda _: threshold):
                return bool(whole(self))
        finally:
            self.rule_pool_full_at_limit = at_limit

    return method(ZswapPools, zswap_check_limits)


def other_threshold_test() -> Patch:
    """Test the threshold with ``<`` where the release has ``<=``, and the other way round."""

    def zswap_can_accept(self: ZswapPools) -> bool:
        if self.rule_pool_full_at_limit:
            return self.stock.pool_pages < self.thr_pages
        return self.stock.pool_pages <= self.thr_pages

    return method(ZswapPools, zswap_can_accept)


def reparented_behind() -> Patch:
    """Put a dead memcg's entries at the tail of its parent's list, as if they were young."""

    def list_splice_init(self: LruRings, source: int, head: int) -> None:
        for item in self.in_order(source):
            self.list_del(source, item)
            self.list_add_tail(head, item)

    return method(LruRings, list_splice_init)


def cursor_lost() -> Patch:
    """Begin each run of the worker with the root."""
    whole = ShrinkWorker.queue_work

    def queue_work(self: ShrinkWorker, work: zswap.ShrinkWork) -> None:
        if not self.active:
            self.set_next_shrink(work, -1)
        whole(self, work)

    return method(ShrinkWorker, queue_work)


def leaf_limit() -> Patch:
    """Look at the memcg's own limit alone."""

    def obj_cgroup_may_zswap(self: MemCgroups, objcg: int) -> bool:
        memcg = self.obj_cgroup_memcg(objcg)
        own = self.memcg[memcg]
        return bool(own.zswap_max < 0 or own.zswap_bytes >> PAGE_SHIFT < own.zswap_max)

    return method(MemCgroups, obj_cgroup_may_zswap)


def over_limit() -> Patch:
    """Refuse above a memcg's limit, not at it."""

    def obj_cgroup_may_zswap(self: MemCgroups, objcg: int) -> bool:
        memcg = self.obj_cgroup_memcg(objcg)
        while memcg != ROOT:
            own = self.memcg[memcg]
            if 0 <= own.zswap_max < own.zswap_bytes >> PAGE_SHIFT:
                return False
            memcg = own.parent
        return True

    return method(MemCgroups, obj_cgroup_may_zswap)


def root_skipped() -> Patch:
    """Find nothing on the root's list."""
    whole = Zswap.shrink_memcg

    def shrink_memcg(self: Zswap, memcg: int) -> int:
        return -zswap.ENOENT if memcg == ROOT else int(whole(self, memcg))

    return method(Zswap, shrink_memcg)


def dead_skipped() -> Patch:
    """Visit no dead memcg."""
    whole = MemCgroups.mem_cgroup_iter

    def mem_cgroup_iter(self: MemCgroups, root: int, prev: int) -> int:
        memcg = int(whole(self, root, prev))
        while memcg >= 0 and not self.memcg[memcg].online:
            memcg = int(whole(self, root, memcg))
        return memcg

    return method(MemCgroups, mem_cgroup_iter)


def never_queued() -> Patch:
    """Leave the worker asleep."""

    def queue_work(self: ShrinkWorker, work: zswap.ShrinkWork) -> None:
        pass

    return method(ShrinkWorker, queue_work)


def newest_pool_queued() -> Patch:
    """Queue the worker of the current pool, not of the oldest."""

    def queue_last(self: ZswapPools) -> None:
        self.worker.queue_work(self.current.work)

    return method(ZswapPools, queue_last)


def one_node() -> Patch:
    """Keep a memcg's entries on one list, whatever their node."""
    whole = Zswap.zswap_store

    def zswap_store(self: Zswap, page: int, content: int) -> bool:
        self.page_table.page[page].node = 0
        return bool(whole(self, page, content))

    return method(Zswap, zswap_store)


def failed_stays_old() -> Patch:
    """Leave an entry that could not be written back at the head."""
    whole = Zswap.shrink_memcg_cb

    def shrink_memcg_cb(self: Zswap, lru: ListLru, head: int, item: int) -> int:
        done = int(whole(self, lru, head, item))
        if done == list_lru.LRU_RETRY:
            lru.heads.list_move(head, item)
        return done

    return method(Zswap, shrink_memcg_cb)


def load_keeps_place() -> Patch:
    """Leave an entry that was loaded, and stays, where it is on its list."""
    whole = Zswap.zswap_load

    def nothing(self: Zswap, pool: zswap.ZswapPool, entry: int) -> None:
        pass

    def zswap_load(self: Zswap, page: int) -> bool:
        if self.rule_always_exclusive or self.exclusive_loads:
            return bool(whole(self, page))
        with patch.object(Zswap, "zswap_lru_rotate", nothing):
            return bool(whole(self, page))

    return method(Zswap, zswap_load)


def clean_stored_again() -> Patch:
    """Take every page that was read in for dirty."""
    whole = PageIo.swap_readpage

    def swap_readpage(self: PageIo, page: int) -> bool:
        found = bool(whole(self, page))
        self.pages.flags[page] |= DIRTY
        return found

    return method(PageIo, swap_readpage)


def emptiest_first() -> Patch:
    """Allocate from the emptiest zspage, not from the fullest."""

    def find_get_zspage(self: ZsPool, class_index: int) -> int:
        for group in range(zsmalloc.ZS_INUSE_RATIO_0, zsmalloc.ZS_INUSE_RATIO_100):
            zspage = self.lists.list_first_entry_or_null(class_index * zsmalloc.NR_FULLNESS_GROUPS + group)
            if zspage >= 0:
                return zspage
        return -1

    return method(ZsPool, find_get_zspage)


def single_stays() -> Patch:
    """Leave the only object of a page where it is."""

    def compact_single_buddy(self: Z3foldPool, page: int) -> bool:
        return False

    return method(Z3foldPool, compact_single_buddy)


# ---- the rules ----

# Nearly every case with a limit notices some of these; named are cheap ones.
RULES = (
    # limits
    Rule(
        "pool limit: > for >= (up to 6.8: >= for >)",
        always(other_limit_test),
        dict.fromkeys(("6.6", "patch-v4", "6.8", "6.12", "7.1"), "d_global_mixed"),
    ),
    Rule(
        "accept threshold: < for <= (up to 6.8: <= for <)",
        always(other_threshold_test),
        dict.fromkeys(("6.6", "patch-v4", "6.8", "6.12", "7.1"), "d_global_mixed"),
    ),
    Rule(
        "threshold rounded as a share of the limit",
        release(threshold_of_limit=True),
        {"patch-v4": "f_offline_order d_global_root", "6.8": "n_threshold d_global_root"},
    ),
    Rule(
        "threshold rounded as a share of RAM",
        release(threshold_of_limit=False),
        {"6.18": "d_global_root f_offline_order"},
    ),
    Rule(
        "memory.zswap.max of the memcg itself alone",
        always(leaf_limit),
        dict.fromkeys(("6.6", "patch-v4", "6.12", "7.1"), "f_parent_limit_empty_leaf f_offline_limit"),
    ),
    Rule(
        "memory.zswap.max refuses above the limit only",
        always(over_limit),
        {
            "6.6": "b_limit_1 b_limit_12287",
            "patch-v4": "b_limit_1 b_limit_12287",
            "6.12": "b_limit_1 c_wb0_max0",
            "7.1": "b_limit_1 c_wb0_max0",
        },
    ),
    Rule(
        "a store at a memcg limit is refused, nothing shrunk",
        release(memcg_limit_shrinks=False),
        dict.fromkeys(("patch-v4", "6.8", "6.12", "7.1"), "b_limit_4096 b_limit_12287"),
    ),
    Rule(
        "a store at a memcg limit shrinks the memcg",
        release(memcg_limit_shrinks=True),
        {"6.6": "b_limit_4096 b_limit_12287"},
    ),
    # the LRU
    Rule(
        "no second chance",
        release(second_chance=False),
        {"6.12": "h_second_chance b_limit_4096"}
        | dict.fromkeys(("6.18", "7.1"), "b_limit_4096 b_limit_12287"),
    ),
    Rule(
        "a second chance",
        release(second_chance=True),
        {"patch-v4": "h_second_chance b_limit_12287", "6.8": "b_limit_4096 b_limit_12287"},
    ),
    Rule(
        "one LRU for all memcgs",
        release(lru_per_memcg=False),
        dict.fromkeys(("patch-v4", "6.8", "6.12", "7.1"), "f_parent_limit_empty_leaf f_offline_limit"),
    ),
    Rule("an LRU for each memcg", release(lru_per_memcg=True), {"6.6": "d_global_root f_offline_order"}),
    Rule(
        "one LRU for all pools",
        release(lru_per_pool=False),
        {"patch-v4": "n_pools_limit_zbud", "6.8": "n_pools_global"},
    ),
    Rule(
        "one list for all nodes",
        always(one_node),
        dict.fromkeys(("patch-v4", "6.8", "6.12", "7.1"), "g_numa_memcg"),
    ),
    Rule(
        "a dead memcg's entries behind its parent's",
        always(reparented_behind),
        {"patch-v4": "f_offline_order n_zombies24", "6.8": "f_offline_order n_zombie_nested"},
    ),
    Rule(
        "a loaded entry keeps its place",
        always(load_keeps_place),
        {"6.6": "k_soup13", "patch-v4": "b_limit_order n_rotate", "6.8": "n_rotation b_limit_order"},
    ),
    Rule(
        "an entry that cannot be written back stays oldest",
        always(failed_stays_old),
        {
            "6.6": "n_wb_resident",
            "patch-v4": "n_free_lag_memcg k_soup1",
            "6.8": "n_dirty_writeback n_loaded_writeback",
        },
    ),
    # the worker
    Rule(
        "the worker is never queued",
        always(never_queued),
        dict.fromkeys(("6.6", "patch-v4", "6.8", "6.12", "7.1"), "d_global_root f_offline_order"),
    ),
    Rule(
        "15 failures end a run, not 16",
        constant(zswap, "MAX_RECLAIM_RETRIES", 15),
        dict.fromkeys(("patch-v4", "6.8", "6.12", "7.1"), "d_global_root f_offline_reparent"),
    ),
    Rule(
        "17 failures end a run, not 16",
        constant(zswap, "MAX_RECLAIM_RETRIES", 17),
        {
            "patch-v4": "f_offline_order d_pct_lowered",
            "6.8": "d_global_root",
            "6.12": "d_global_root f_offline_order",
        },
    ),
    Rule(
        "the cursor is lost between runs",
        always(cursor_lost),
        {
            "patch-v4": "f_offline_order d_global_root",
            "6.8": "d_global_root",
            "6.12": "d_global_root f_offline_order",
        },
    ),
    Rule(
        "the root's entries are skipped",
        always(root_skipped),
        {"patch-v4": "d_global_root n_root_twice"} | dict.fromkeys(("6.8", "6.12", "7.1"), "d_global_root"),
    ),
    Rule(
        "dead memcgs are skipped",
        always(dead_skipped),
        dict.fromkeys(("patch-v4", "6.8"), "f_offline_order f_offline_reparent"),
    ),
    Rule("the newest pool is shrunk first", always(newest_pool_queued), {"6.6": "n_pools_limit_zbud"}),
    Rule(
        "the worker of 6.8",
        release(worker="online"),
        {"patch-v4": "f_offline_order d_global_root"}
        | dict.fromkeys(("6.12", "7.1"), "d_global_root f_offline_order"),
    ),
    Rule(
        "the worker of patch-v4",
        release(worker="iter"),
        dict.fromkeys(("6.8", "6.12"), "d_global_root f_offline_order") | {"6.6": "f_offline_order"},
    ),
    Rule(
        "the worker of 6.12",
        release(worker="candidates"),
        dict.fromkeys(("patch-v4", "6.8"), "d_global_root f_offline_order"),
    ),
    Rule("the worker of 6.6", release(worker="lru"), {"patch-v4": "d_global_root f_offline_order"}),
    Rule(
        "the cursor leaves a memcg that is removed",
        release(cursor_released_offline=True),
        {"patch-v4": "n_offline_at_cursor n_cursor_holds"},
    ),
    Rule(
        "a refusal by a memcg limit queues the worker",
        release(memcg_refusal_queues_worker=True),
        {"6.6": "n_memcg_refuse_full", "patch-v4": "n_memcg_refuse_full", "6.8": "k_soup13"},
    ),
    Rule(
        "a refusal by a memcg limit lets the worker sleep",
        release(memcg_refusal_queues_worker=False),
        {"7.1": "k_soup9"},
    ),
    # writeback switch
    Rule(
        "memory.zswap.writeback of the memcg itself alone",
        release(writeback_switch="own"),
        dict.fromkeys(("6.18", "7.1"), "n_wb0_inherit"),
    ),
    Rule(
        "memory.zswap.writeback of all ancestors",
        release(writeback_switch="hierarchy"),
        {"6.8": "n_wb0_inherit"},
    ),
    Rule(
        "no memory.zswap.writeback",
        release(writeback_switch="none"),
        dict.fromkeys(("6.8", "6.12", "7.1"), "c_wb0_max0 c_wb0_random"),
    ),
    # entries and slots
    Rule(
        "a load always frees the entry",
        release(exclusive_loads="always"),
        dict.fromkeys(("6.6", "patch-v4", "6.8"), "h_reload h_second_chance"),
    ),
    Rule(
        "a load leaves the entry",
        release(exclusive_loads="knob"),
        dict.fromkeys(("6.12", "7.1"), "h_reload h_second_chance"),
    ),
    Rule(
        "the entry of a freed slot goes at once",
        release(slots_freed_in_batches=False),
        dict.fromkeys(("6.6", "patch-v4", "6.8"), "h_reload h_brd_reload"),
    ),
    Rule(
        "the entry of a freed slot goes with 64 of them",
        release(slots_freed_in_batches=True, slots_cached=True),
        {"6.12": "h_reload"} | dict.fromkeys(("6.18", "7.1"), "h_reload n_dirty_writeback"),
    ),
    Rule(
        "freed slots are given back at once",
        release(slots_cached=False),
        dict.fromkeys(("6.6", "patch-v4", "6.8"), "h_reload h_brd_reload"),
    ),
    Rule(
        "freed slots are given back 63 at a time",
        constant(swap_slots, "SWAP_SLOTS_CACHE_SIZE", 63),
        dict.fromkeys(("6.6", "patch-v4", "6.8"), "h_reload h_brd_reload"),
    ),
    Rule(
        "a clean page is stored again",
        always(clean_stored_again),
        {"patch-v4": "h_reload n_rotate", "6.12": "h_disk_clean i_samefilled_lz4", "7.1": "i_samefilled_lz4"},
    ),
    Rule(
        "a RAM disk's page in the swap cache keeps its slot",
        release(cached_slots_kept=True),
        {"7.1": "x_brd_cache"},
    ),
    # memcgs that are removed
    Rule(
        "resident pages stay a dead memcg's",
        release(resident_pages_reparented=False),
        {"7.1": "x_root_stat x_dead_wb0"},
    ),
    Rule("the root's own pages are not counted", release(root_has_objcg=False), {"7.1": "x_root_stat"}),
    # what is stored
    Rule(
        "zero pages never reach zswap",
        release(zeromap=True),
        dict.fromkeys(("6.6", "patch-v4", "6.8"), "i_zero_limit i_samefilled_lz4"),
    ),
    Rule(
        "zero pages are entries of zswap",
        release(zeromap=False),
        dict.fromkeys(("6.12", "6.18", "7.1"), "i_zero_limit i_samefilled_lz4"),
    ),
    Rule(
        "a page that does not compress is refused",
        release(stores_incompressible=False),
        dict.fromkeys(("6.18", "7.1"), "r_raw_limit e_incompressible_lz4"),
    ),
    Rule(
        "a page that does not compress is stored",
        release(stores_incompressible=True),
        {"6.12": "e_incompressible_lz4_zbud len_lzo"},
    ),
    Rule(
        "-ENOSPC of 842 counts as reject_compress_fail",
        release(enospc_is_poor=False),
        {"6.12": "e_incompressible_842 len_842"},
    ),
    # allocators
    Rule(
        "zsmalloc: an object without its handle",
        constant(zsmalloc, "ZS_HANDLE_SIZE", 0),
        dict.fromkeys(("patch-v4", "6.12", "7.1"), "h_reload b_limit_order"),
    ),
    Rule(
        "zsmalloc: zspages of at most 4 pages",
        constant(zsmalloc, "ZS_MAX_PAGES_PER_ZSPAGE", 4),
        dict.fromkeys(("patch-v4", "6.12"), "b_limit_12287 h_second_chance"),
    ),
    Rule(
        "zsmalloc: the emptiest zspage first",
        always(emptiest_first),
        dict.fromkeys(("patch-v4", "6.12"), "b_limit_order b_memcg_limit"),
    ),
    Rule(
        "zbud: objects of up to 4032 bytes",
        constant(zbud, "ZBUD_MAX_SIZE", 4032),
        dict.fromkeys(("patch-v4", "6.12"), "e_incompressible_lz4_zbud"),
    ),
    Rule("z3fold: an object alone in a page stays there", always(single_stays), {"6.12": "len_lz4_z3fold"}),
    Rule(
        "z3fold: a page has 63 chunks beside its header",
        constant(z3fold, "NCHUNKS", 63),
        {"6.12": "len_lz4_z3fold"},
    ),
)


# ---- trying ----


class Trials:
    """Tries cases with a rule broken; each is unpacked once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.by_id = {case.id: case for case in load_cases()}

    def cases(self, kernel: str, names: str) -> list[Case]:
        """The cases named, of a kernel."""
        return [self.by_id[f"{kernel}/{name}"] for name in names.split()]

    def every_case(self, kernel: str) -> list[Case]:
        """All cases of a kernel, those with few events first."""
        found = [case for case in self.by_id.values() if case.kernel == kernel]
        return sorted(found, key=lambda case: case.events)

    def difference(self, case: Case, broken: Patch) -> Difference | None:
        """Where the case differs with a rule broken."""
        folder = self.folder / case.kernel / case.name
        if not folder.exists():
            folder.mkdir(parents=True)
            case.write_trace(folder)
            case.write_lengths(folder)
        with broken:
            settings = case.settings(lengths=folder / "lengths.parquet")
            return first_difference(case, folder / "trace.parquet", settings)


def run(
    *,
    every_case: bool = False,
    first_case: bool = False,
    one_kernel: bool = False,
    flags: bool | None = None,
) -> int:
    """Try all rules, or those of flags or the others alone, and print the table; how many lines are wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        trials = Trials(Path(folder))
        used: dict[str, Case] = {}
        rules = [rule for rule in RULES if flags in (None, isinstance(rule.broken, Flags))]
        for number, rule in enumerate(rules):
            kernels = sorted(rule.cases, key=KERNELS.index)
            for kernel in kernels[number % len(kernels) :][:1] if one_kernel else kernels:
                cases = trials.every_case(kernel) if every_case else trials.cases(kernel, rule.cases[kernel])
                if first_case:
                    cases = cases[:1]
                used |= {case.id: case for case in cases}
                found = [(case, trials.difference(case, rule.broken(kernel))) for case in cases]
                differing = [f"{case.name} {difference}" for case, difference in found if difference]
                first = differing[0] if differing else "NOT NOTICED"
                line = f"{rule.wrong:<52}{kernel:<10}{len(differing):>3} of {len(cases):<4}{first}"
                print(line, flush=True)
                wrong += not differing
        for case in used.values():
            difference = trials.difference(case, nullcontext())
            if difference:
                print(f"{'no rule broken':<52}{case.kernel:<10}{case.name} {difference}")
                wrong += 1
        print(f"{len(used)} cases used; {wrong} lines are wrong")
    return wrong


def main(arguments: Sequence[str]) -> int:
    """Run the script; its exit status."""
    if compiled() and "--flags" not in arguments:
        command = [sys.executable, "-m", "tests.conformance.mutate", *arguments]
        os.execve(sys.executable, command, {**os.environ, "ZSWAP_REPLAY_PURE": "1"})
    wrong = run(
        every_case="--every-case" in arguments,
        first_case="--first-case" in arguments,
        one_kernel="--one-kernel" in arguments,
        flags=True if "--flags" in arguments else False if "--no-flags" in arguments else None,
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
