"""What each rule of each release does alone on the story's trace: the table of docs/rules.md."""

from __future__ import annotations

from tests.paths import TRACES
from zswap_replay.mm.release_changes import release_of
from zswap_replay.mm.releases import RELEASES, Release
from zswap_replay.mm.rules import FILES, NAMES, RuleError, value_in, values_of, with_rules
from zswap_replay.replay.controls import ignore
from zswap_replay.replay.length_memo import LengthMemo
from zswap_replay.replay.loop import Replay
from zswap_replay.settings import Settings
from zswap_replay.trace.reader import open_trace

STORY = str(TRACES / "story.parquet")
TOGETHER = {
    ("lru_per_memcg", "off"): "worker=lru",
    ("lru_per_memcg", "on"): "worker=candidates",
    ("worker", "lru"): "lru_per_memcg=off",
    ("worker", "iter"): "lru_per_memcg=on",
    ("worker", "online"): "lru_per_memcg=on",
    ("worker", "candidates"): "lru_per_memcg=on",
}
"""What a value needs beside it in releases of the other kind."""


class Bench:
    """Replays the story by the rules of any release; a codec compresses each content once for all of them."""

    def __init__(self, trace: str = STORY, settings: Settings | None = None) -> None:
        self._trace = trace
        self._settings = settings
        self._reader = open_trace(trace)
        self._reader.remember()
        self._memo = LengthMemo()

    def figures(self, kernel: str) -> tuple[int, int, int]:
        """Refused stores, pages written back, and pages read from the device."""
        given = self._settings or Settings()
        settings = Settings(kernel=kernel, verify="off", knobs=given.knobs, totalram=given.totalram)
        replayed = Replay(self._reader.again(), self._trace, settings, ignore, self._memo)
        result = replayed.result(0, None, ignore)
        self._memo.settle()
        end = result.end
        return int(result.derived["rejects"] or 0), end.zswap["written_back_pages"], end.vmstat["pswpin"]


def spelled(figures: tuple[int, int, int]) -> str:
    return " / ".join(f"{number:,}" for number in figures)


def cell(bench: Bench, release: Release, rule: str, value: str) -> str:
    """A cell: what became of the release, ``=`` where that is what the release has anyway, ``same`` for no effect."""
    if value_in(release.name, rule, release_of) == value:
        return "="
    mark = ""
    try:
        name = with_rules(release.name, [f"{rule}={value}"], release_of)
    except RuleError:
        if (rule, value) not in TOGETHER:
            return "–"
        name = with_rules(release.name, [f"{rule}={value}", TOGETHER[rule, value]], release_of)
        mark = " ²"
    figures = bench.figures(name)
    return "same" if figures == bench.figures(release.name) else spelled(figures) + mark


def table(releases: tuple[str, ...] = tuple(RELEASES)) -> list[str]:
    """The lines of the table in Markdown, with the columns of some releases."""
    bench = Bench()
    rows = [
        ["", *releases],
        ["---", *("--:" for _ in releases)],
        ["as it is", *(spelled(bench.figures(name)) for name in releases)],
    ]
    for rule in NAMES:
        if rule in FILES:
            continue
        for value in values_of(rule):
            cells = [cell(bench, RELEASES[name], rule, value) for name in releases]
            if set(cells) - {"=", "same", "–"}:
                rows.append([f"`{rule}={value}`", *cells])
    return [f"| {' | '.join(row)} |" for row in rows]
