"""``run`` with a real codec against the floor of bare codec calls, and a second replay with known lengths."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from benchmarks.accesses import MEMCG
from benchmarks.busy import conditions
from benchmarks.floor import Calls, bare_seconds, record_calls
from benchmarks.lines import Line, Section, Target
from benchmarks.measure import Action, Ended, command, ratios, take_turns, timed
from benchmarks.memory import memory_line
from benchmarks.sizes import Scale
from zswap_replay import replay
from zswap_replay.replay.length_memo import LengthMemo
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.generate import Synthetic, generate
from zswap_replay.units import PAGE_SIZE

COMPRESSORS = ("lz4", "zstd", "lzo-rle")
JOBS = (None, 1, 2)
TARGETS = {
    ("lz4", None): Target(1.35),
    ("zstd", None): Target(1.15),
    ("lz4", 1): Target(1.2),
    ("zstd", 1): Target(1.05),
    ("lz4", 2): Target(0.7),
    ("zstd", 2): Target(0.56),
}
SECOND_REPLAY = Target(0.1)

_CODEC_HOW = (
    "`zswap-replay run TRACE -c COMPRESSOR --jobs N --format json` as a process, or the same without `--jobs`, from "
    "its start to its end, against the compress and decompress calls that this replay makes (recorded in a replay "
    "before) in a loop on one core: the same calls of the same compressors on the same pages, which are made "
    "beforehand, untimed; of lz4 and zstd those of the packages, of lzo-rle our own codec's, since no package has it. "
    "The counters of each run are compared with those of the recording. Less is better. Starting is what a run takes "
    "that ends after one event; it is part of the runs' time. The peak of memory is that of the largest process."
)
_AGAIN_HOW = (
    "`replay()` of the same trace twice in one process with one `LengthMemo`, as the points of a sweep are replayed: "
    "the time of the second by that of the first."
)


def sections(scale: Scale, folder: Path) -> list[Section]:
    """Measure the sections; their trace is made in ``folder``."""
    trace = folder / "codec.parquet"
    shape = Synthetic(pages=scale.codec_pages, events=scale.codec_accesses, memcg=MEMCG, seed=1)
    generate("hot-scan", shape, trace)
    all_settings = [_settings(compressor, scale.codec_pages) for compressor in COMPRESSORS]
    all_calls = [record_calls(trace, settings) for settings in all_settings]
    found = []
    for condition in conditions(scale):
        runs = Section(condition.title("run with a real codec"), _CODEC_HOW)
        again = Section(condition.title("Second replay of a sweep"), _AGAIN_HOW)
        for settings, calls in zip(all_settings, all_calls, strict=True):
            rounds = condition.of_long(scale.long_rounds)
            _add_runs(runs, trace, settings, calls, rounds)
            _add_again(again, trace, settings, rounds)
        found += [runs, again]
    return found


def _settings(compressor: str, pages: int) -> Settings:
    limit = KnobWrite(MEMCG, "memory.max", pages // 2 * PAGE_SIZE)
    return Settings(
        compressor=compressor, totalram=pages * 4 * PAGE_SIZE, max_pool_percent=100, knobs=(limit,)
    )


def _add_runs(section: Section, trace: Path, settings: Settings, calls: Calls, rounds: int) -> None:
    compressor = settings.compressor
    arguments = [str(trace), "-c", compressor, "--totalram", str(settings.totalram)]
    arguments += ["--max-pool-percent", str(settings.max_pool_percent), "--set", str(settings.knobs[0])]
    ended: dict[int | None, Ended] = {}

    def run(jobs: int | None) -> float:
        ended[jobs] = command("run", *arguments, *_jobs(jobs).split(), "--format", "json")
        counted = json.loads(ended[jobs].output)["snapshots"]
        if counted != [snapshot.as_json() for snapshot in calls.result.snapshots]:
            raise RuntimeError(f"{compressor} {_jobs(jobs)}: the run counts otherwise than the recording")
        return ended[jobs].seconds

    floor, start = "floor", "start"
    actions: dict[str, Action] = {floor: partial(bare_seconds, compressor, calls)}
    actions |= {str(jobs): partial(run, jobs) for jobs in JOBS}
    actions[start] = lambda: command("run", *arguments, "--max-events", "1", "--format", "json").seconds
    seconds = take_turns(rounds, actions)
    for jobs in JOBS:
        what = f"{compressor}, {_jobs(jobs) or 'without --jobs'}, against bare codec calls"
        section.lines.append(
            Line(what, ratios(seconds[str(jobs)], seconds[floor]), TARGETS.get((compressor, jobs)))
        )
    section.lines.append(Line(f"{compressor}, start", tuple(seconds[start]), unit="s"))
    end = calls.result.end
    stored = end.memcg["/"]["zswap"]
    touched = end.replay["first_touches"]
    for jobs, run_ in ended.items():
        what = f"{compressor}, {_jobs(jobs) or 'without --jobs'}, peak memory"
        section.lines.append(memory_line(what, run_.peak, touched, stored))
    section.facts.append(
        f"{compressor}: {len(calls.compressed)} pages compressed, {len(calls.decompressed)} decompressed, "
        f"{min(seconds[floor]):.2f} s of bare calls at best"
    )


def _jobs(jobs: int | None) -> str:
    return "" if jobs is None else f"--jobs {jobs}"


def _add_again(section: Section, trace: Path, settings: Settings, rounds: int) -> None:
    memo = LengthMemo()

    def first() -> float:
        nonlocal memo
        memo = LengthMemo()
        return timed(lambda: replay(trace, settings, memo=memo))

    seconds = take_turns(
        rounds, {"first": first, "second": lambda: timed(lambda: replay(trace, settings, memo=memo))}
    )
    what = f"{settings.compressor}, second replay against the first"
    section.lines.append(Line(what, ratios(seconds["second"], seconds["first"]), SECOND_REPLAY))
