"""What happened in a replay and why, in a few plain sentences that say no more than its counters do."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from zswap_replay.compare.facts import Facts
from zswap_replay.result.derived import REJECTS
from zswap_replay.result.over_time import Number
from zswap_replay.result.ranges import SCHEDULING
from zswap_replay.result.result import Result
from zswap_replay.units import PAGE_SIZE, counted, format_size

_LIMIT: Final = "memory.zswap.max"
_CAUSES: Final = {
    "memcg_limit_reject": f"at a {_LIMIT}",
    "pool_limit_reject": "while the pool was full",
    "compress_reject": "for their length",
}
"""The counters of refused stores, and by which limit they were refused."""
_WHAT: Final = {
    "memcg_limit_reject": f"a {_LIMIT}",
    "pool_limit_reject": "the pool's limit",
    "compress_reject": "the length of the pages",
}
_SMALLEST: Final = 1 << 20
"""A limit to try where the one that is set is 0."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, what it is about, and the values that its numbers are of or are reckoned from, by name."""

    about: str
    text: str
    counters: Mapping[str, Number | str]


def explain(result: Result) -> tuple[Sentence, ...]:
    """Say in five to ten sentences what happened in a replay, who was refused by which limit, and what would change it.

    Each number is that of a counter at the end of the trace, of a derived figure, or of a limit or parameter in effect
    there. A counter that the result's kernel or file lacks is passed over.
    """
    told = _Told(result)
    parts: tuple[Callable[[], Iterator[Sentence]], ...] = (
        told.short,
        told.outcome,
        told.stored,
        told.refused,
        told.whose,
        told.device,
        told.worker,
        told.saved,
        told.change,
        told.certainty,
    )
    found: list[Sentence] = []
    for part in parts:
        told.begin()
        found.extend(part())
    return tuple(found)


class _Told:
    """The sentences of one result, each a method that gives none or one."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._facts = Facts(result)

    def begin(self) -> None:
        """Begin another sentence: what was looked up before is none of its counters."""
        self._facts.taken()

    def short(self) -> Iterator[Sentence]:
        """Tell where a kernel would have run out of memory, which outweighs all else."""
        facts = self._facts
        oom, full = facts.count("replay.oom"), facts.count("replay.swap_full")
        texts = []
        if oom:
            whose = facts.whose("oom", oom)
            texts.append(
                f"{counted(oom, 'page')} went over a memory.max with nothing left to reclaim"
                f"{f' ({whose})' if whose else ''}: a kernel would have killed programs"
            )
        if full:
            texts.append(
                f"reclaim kept a page in memory {counted(full, 'time')} since a memory.swap.max was reached"
            )
        if texts:
            yield self._sentence("short of memory", "; ".join(texts))

    def outcome(self) -> Iterator[Sentence]:
        """Tell how many accesses found their page out, and who served them."""
        facts = self._facts
        accesses, faults = facts.count("replay.accesses"), facts.count("vmstat.pgmajfault")
        loads, reads = facts.count("vmstat.zswpin"), facts.count("vmstat.pswpin")
        if accesses == 0:
            text = "No page was accessed"
        elif not faults and not loads and not reads:
            text = f"None of {accesses:,} accesses found its page out"
        else:
            text = f"Of {accesses:,} accesses {faults:,} found their page out"
        if loads or reads:
            text += f"; {counted(loads, 'page')} came back from zswap and {reads:,} from the swap device"
        zero = facts.count("vmstat.swpin_zero")
        if zero:
            text += f"; {counted(zero, 'zero page')} came back without any read"
        yield self._sentence("accesses", text)

    def stored(self) -> Iterator[Sentence]:
        """Tell how much zswap took of what it was offered."""
        facts = self._facts
        if "zswap" not in facts.tier():
            yield self._sentence("stores", f"zswap had no part in it: the tier is {facts.tier()}")
            return
        stores, refused = facts.count("vmstat.zswpout"), facts.count("derived.rejects")
        if stores:
            tried = stores + refused
            took = f"{stores:,} of {tried:,} stores" if refused else f"all {counted(stores, 'store')}"
            text = f"zswap took {took} that were tried{f' ({stores / tried:.0%})' if refused else ''}"
        else:
            text = f"zswap took no page{self._why_none(refused)}"
        passed = facts.count("replay.disabled_reject")
        if passed:
            text += f"; {counted(passed, 'store')} passed it by while it was disabled"
        if not facts.enabled():
            text += "; it is disabled at the end of the trace"
        zero = facts.count("vmstat.swpout_zero")
        if zero:
            text += f"; {counted(zero, 'zero page')} needed no store and no write"
        yield self._sentence("stores", text)

    def _why_none(self, refused: int) -> str:
        facts = self._facts
        if refused:
            return f": all {refused:,} stores that were tried were refused"
        if facts.count("replay.disabled_reject"):
            return ""
        if not facts.count("vmstat.pswpout") and not facts.count("vmstat.swpout_zero"):
            return ": reclaim sent none out"
        return ", and refused none"

    def refused(self) -> Iterator[Sentence]:
        """Tell who was refused and by which limit."""
        facts = self._facts
        causes = {name: facts.count(f"replay.{name}") for name in REJECTS}
        total = facts.count("derived.rejects")
        if not total:
            yield self._sentence("refusals", "No store was refused")
            return
        parts = [
            f"{number:,} {_CAUSES[name]}" if number < total else _CAUSES[name]
            for name, number in causes.items()
            if number
        ]
        most = max(causes, key=lambda name: causes[name])
        text = f"{counted(total, 'store')} {'was' if total == 1 else 'were'} refused: {', '.join(parts)}"
        whose = facts.whose(most, causes[most])
        if whose:
            text += f"; {f'of those {_CAUSES[most]}, ' if len(parts) > 1 else ''}{whose}"
        yield self._sentence("refusals", text + self._limit_of(most))

    def _limit_of(self, cause: str) -> str:
        """Tell the limit that refused, as it is at the end; nothing where it is not set there."""
        facts = self._facts
        if cause == "pool_limit_reject":
            percent, size = facts.percent("max_pool_percent"), facts.pool_limit()
            return f" (max_pool_percent {percent}: {format_size(size)})" if size is not None else ""
        path = self._limited(cause) if cause == "memcg_limit_reject" else None
        if path is None:
            return ""
        return f" ({_LIMIT} of {facts.spelled(path)}: {format_size(facts.limit(path, _LIMIT))})"

    def _limited(self, event: str) -> str | None:
        """Return the memcg whose memory.zswap.max the most of an event's pages stand under; None for none there."""
        top = self._facts.top(event)
        return None if top is None else self._facts.limited_above(top, _LIMIT)

    def whose(self) -> Iterator[Sentence]:
        """Tell whose entries were written back."""
        facts = self._facts
        back = facts.count("zswap.written_back_pages")
        if not back:
            yield self._sentence("writeback", "No entry was written back from zswap to the swap device")
            return
        whose = facts.whose("written_back_pages", back)
        entries = "1 entry was" if back == 1 else f"{back:,} entries were"
        text = f"{entries} written back from zswap to the swap device{f', {whose}' if whose else ''}"
        failed = facts.count("zswap.reject_reclaim_fail")
        if failed:
            text += f"; {counted(failed, 'writeback')} failed"
        yield self._sentence("writeback", text)

    def device(self) -> Iterator[Sentence]:
        """Tell what the swap device had to do."""
        facts = self._facts
        written, read = facts.count("vmstat.pswpout"), facts.count("vmstat.pswpin")
        back = facts.count("zswap.written_back_pages")
        if not written and not read:
            yield self._sentence("swap device", "The swap device was neither written nor read")
            return
        were = "was" if written == 1 else "were"
        text = f"{counted(written, 'page')} {were} written to the swap device and {read:,} read from it"
        if written > back:
            text += f"; {written - back:,} of those written did not come out of zswap"
        yield self._sentence("swap device", text)

    def worker(self) -> Iterator[Sentence]:
        """Tell what the shrink worker did, and the shrinks for stores at a memcg's limit."""
        facts = self._facts
        runs, steps = facts.count("replay.shrink_worker_runs"), facts.count("replay.shrink_worker_steps")
        shrinks = facts.count("replay.memcg_shrinks")
        if runs:
            text = f"The shrink worker ran {counted(runs, 'time')} and looked at a memcg {counted(steps, 'time')}"
            if not facts.count("zswap.written_back_pages"):
                text += ", and nothing was written back"
        else:
            text = "The shrink worker did not run"
        if shrinks:
            text += f"; {counted(shrinks, 'store')} at a {_LIMIT} had that memcg shrunk first"
        yield self._sentence("shrink worker", text)

    def saved(self) -> Iterator[Sentence]:
        """Tell what was held in zswap, and the memory that it saved."""
        facts = self._facts
        saved, pool = facts.derived("memory_saved_mean_bytes"), facts.derived("pool_size_mean_bytes")
        if saved is None or pool is None or (not saved and not pool):
            return
        text = f"In the mean over time the pool took {format_size(pool)}"
        text += (
            f", {format_size(-saved)} more than what it held"
            if saved < 0
            else f" and saved {format_size(saved)}"
        )
        ratio = facts.derived("compression_ratio_mean")
        if ratio is not None:
            text += f", at a compression ratio of {ratio:.2f}"
        yield self._sentence("memory", text)

    def change(self) -> Iterator[Sentence]:
        """Tell which setting to try: the one that the counters say had the most effect."""
        yield self._sentence("what would change it", self._change())

    def _change(self) -> str:
        facts = self._facts
        for event, key in (("swap_full", "memory.swap.max"), ("oom", "memory.max")):
            if facts.count(f"replay.{event}"):
                return self._raise(event, key, f"What programs ran into was a {key}")
        if "zswap" not in facts.tier():
            return f"The tier is {facts.tier()}; to see what zswap would do, replay with --tier zswap"
        if facts.count("replay.disabled_reject") and not facts.count("vmstat.zswpout"):
            return "zswap was disabled when pages went out; to see it take them, replay with --enabled"
        causes = {name: facts.count(f"replay.{name}") for name in REJECTS}
        most = max(causes, key=lambda name: causes[name])
        if not causes[most]:
            return self._change_unrefused()
        total = facts.count("derived.rejects")
        share = f"{causes[most]:,} of {total:,}" if causes[most] < total else f"all {total:,}"
        held = f"What refused most was {_WHAT[most]}, {share} stores"
        match most:
            case "memcg_limit_reject":
                return self._raise(most, _LIMIT, held)
            case "pool_limit_reject":
                return f"{held}; {self._larger_pool()}"
        if not facts.compressor().startswith("zstd"):
            return f"{held}; to see what a stronger compressor would change, replay with --compressor zstd"
        return f"{held}; other pages (--recipe), or a --kernel that stores such pages as they are, would change it"

    def _change_unrefused(self) -> str:
        facts = self._facts
        back, shrinks = facts.count("zswap.written_back_pages"), facts.count("replay.memcg_shrinks")
        if back and shrinks:
            return self._raise(
                "written_back_pages",
                _LIMIT,
                f"Stores at a {_LIMIT} had a memcg shrunk {counted(shrinks, 'time')}",
            )
        if back and facts.count("zswap.pool_limit_hit"):
            hits = facts.count("zswap.pool_limit_hit")
            return f"The pool's limit was hit {counted(hits, 'time')}; {self._larger_pool()}"
        if back and facts.switch("shrinker_enabled"):
            return "No store was refused; to see what the shrinker changes, replay with --no-shrinker-enabled"
        if back:
            return "No store was refused, and no counter tells of a limit that was met"
        flags = " ".join((*(() if facts.enabled() else ("--enabled",)), self._less_memory()))
        held = (
            "No limit of zswap refused a store"
            if facts.count("vmstat.zswpout")
            else "No limit of zswap was met"
        )
        return f"{held}; to see more pages go out, replay with less memory, as by {flags}"

    def _less_memory(self) -> str:
        """Name what takes half of its resident pages from the memcg that has the most of them."""
        facts = self._facts
        top = facts.top("resident_pages")
        pages = facts.count("replay.resident_pages" if top is None else f"{top}:replay.resident_pages")
        if pages < 2:
            return "a lower memory.max or --totalram"
        if top is None:
            return f"--totalram {pages // 2 * PAGE_SIZE}"
        return f"--set {shlex.quote(f'{top}:memory.max={pages // 2 * PAGE_SIZE}')}"

    def _larger_pool(self) -> str:
        percent = self._facts.percent("max_pool_percent")
        if percent >= 100:
            return "max_pool_percent is 100, so that only more RAM makes it larger: --totalram"
        larger = min(percent * 2, 100) or 20
        return f"to see what a larger pool would change, replay with --max-pool-percent {larger} (it is {percent})"

    def _raise(self, event: str, key: str, held: str) -> str:
        """Name twice the limit that the pages of an event stand under; where none is set at the end, say so."""
        facts = self._facts
        top = facts.top(event)
        path = None if top is None else facts.limited_above(top, key)
        if path is None and event == "swap_full":
            path = facts.fullest_swap()
        if path is None:
            return f"{held}; none is set at the end of the trace, so try a larger one where the trace sets it"
        limit = facts.limit(path, key)
        flag = f"--set {shlex.quote(f'{path}:{key}={limit * 2 or _SMALLEST}')}"
        return f"{held}; to see what more would change, replay with {flag} (it is {format_size(limit)})"

    def certainty(self) -> Iterator[Sentence]:
        """Tell why these numbers may be others on a running kernel, where the result says so."""
        result, facts = self._result, self._facts
        texts = []
        mismatches = facts.count("replay.mismatches")
        if mismatches:
            texts.append(f"{counted(mismatches, 'page')} did not come back as they went in, which is a fault")
        warmup = result.manifest.settings.get("warmup")
        if isinstance(warmup, int) and warmup:
            texts.append(f"the first {warmup:,} events are not counted")
        if result.sample_rate is not None:
            texts.append(
                f"the trace is a sample of {result.sample_rate} of the pages, and its counters are shown"
            )
        if result.range is not None and "zswap.written_back_pages" in result.range:
            low, _, high = result.range["zswap.written_back_pages"]
            if low != high:
                texts.append(f"by when the shrink worker runs, {low:,} to {high:,} entries are written back")
        elif SCHEDULING in result.warnings:
            texts.append(
                "how many pages were stored and written back depends on when the shrink worker runs: see --range"
            )
        if result.manifest.kernel_rules:
            texts.append(f"no kernel was recorded with just these rules ({result.manifest.kernel_rules})")
        if texts:
            yield self._sentence("how sure", "; ".join(texts))

    def _sentence(self, about: str, text: str) -> Sentence:
        return Sentence(
            about, f"{text[0].upper() if text[:5] != 'zswap' else text[0]}{text[1:]}.", self._facts.taken()
        )
