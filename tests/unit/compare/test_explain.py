"""The sentences that explain a result: what they say of known counters, and that they say no more than counters do."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_manifest, make_result, make_snapshot
from tests.golden import assert_golden
from tests.paths import TRACES
from zswap_replay.compare.explain import Sentence, explain
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay.loop import replay
from zswap_replay.report.explanation import as_text
from zswap_replay.result.counters import COUNTERS
from zswap_replay.result.ranges import SCHEDULING
from zswap_replay.result.result import Result
from zswap_replay.settings import KnobWrite, Settings

MOVING = ("pswpin", "pswpout", "zswpin", "zswpout", "pgmajfault", "swpin_zero", "swpout_zero")
RISING = (
    "accesses",
    "memcg_limit_reject",
    "pool_limit_reject",
    "compress_reject",
    "disabled_reject",
    "memcg_shrinks",
    "shrink_worker_runs",
    "shrink_worker_steps",
    "swap_full",
    "oom",
    "mismatches",
)
FLAG = re.compile(r"--(?:set|totalram) (?:'[^']*'|[^ ]*)|--max-pool-percent is 100")
SIZE = re.compile(r"[\d.]+ (?:[KMGT]iB|B)\b|[\d.]+%|ratio of [\d.]+")


def made(*, warnings: tuple[str, ...] = (), limits: Any = None, **counters: int) -> Result:
    """A result in which all counters but those given are 0, of the memcgs /a, which has them all too, and /b."""
    end = make_snapshot()
    zswap = {name: counters.get(name, 0) for name in COUNTERS["zswap"]}
    ours = {name: counters.get(name, 0) for name in COUNTERS["replay"]}
    of_a = {name: counters.get(name, 0) for name in COUNTERS["replay.memcg"]}
    end = replace(
        end,
        zswap=zswap,
        vmstat={name: counters.get(name, 0) for name in COUNTERS["vmstat"]},
        replay=ours,
        replay_memcg={"/": of_a, "/a": of_a, "/b": dict.fromkeys(COUNTERS["replay.memcg"], 0)},
        memcg={},
        limits=limits or {},
        params={"enabled": counters.get("enabled", 1), "max_pool_percent": 20},
    )
    return replace(make_result(snapshots=(end,), warnings=warnings), over_time={})


def about(result: Result) -> dict[str, Sentence]:
    return {sentence.about: sentence for sentence in explain(result)}


def text(result: Result) -> str:
    return " ".join(sentence.text for sentence in explain(result))


def test_nothing_happened() -> None:
    told = text(made())
    for line in (
        "No page was accessed.",
        "zswap took no page: reclaim sent none out.",
        "No store was refused.",
        "No entry was written back",
        "neither written nor read",
        "The shrink worker did not run.",
    ):
        assert line in told
    assert not re.search(r"\d", FLAG.sub("", told))


def test_a_limit_of_a_memcg_is_named_with_what_would_raise_it() -> None:
    refused = made(
        memcg_limit_reject=30, pool_limit_reject=2, zswpout=10, limits={"/a": {"memory.zswap.max": 8192}}
    )
    told = about(refused)
    assert (
        "32 stores were refused: 30 at a memory.zswap.max, 2 while the pool was full; of those at a memory.zswap.max, "
        "all of /a (memory.zswap.max of /a: 8.0 KiB)." == told["refusals"].text
    )
    assert 8192 == told["refusals"].counters["/a:memory.zswap.max"]
    assert "--set /a:memory.zswap.max=16384 (it is 8.0 KiB)" in told["what would change it"].text


def test_a_limit_that_is_no_more_or_one_of_two_is_not_named() -> None:
    assert "none is set at the end" in text(made(memcg_limit_reject=3))
    two = {"/": {"memory.zswap.max": 4096}, "/a": {"memory.zswap.max": 4096}, "/ab": {"memory.zswap.max": 1}}
    assert "--set" in text(made(memcg_limit_reject=3, limits={"/a": {"memory.zswap.max": 4096}}))
    assert "/ab" not in text(made(memcg_limit_reject=3, limits=two))


def test_the_pool_limit_is_told_with_a_larger_one() -> None:
    told = about(made(pool_limit_reject=4, written_back_pages=3, pswpout=7))
    assert "(max_pool_percent 20: 819.2 MiB)" in told["refusals"].text
    assert "--max-pool-percent 40 (it is 20)" in told["what would change it"].text
    assert "4 of those written did not come out of zswap" in told["swap device"].text


def test_zswap_disabled() -> None:
    off = made(disabled_reject=5, pswpout=5, enabled=0)
    assert "5 stores passed it by while it was disabled; it is disabled at the end" in text(off)
    assert "replay with --enabled" in about(off)["what would change it"].text
    assert "--enabled --set /a:memory.max=" in text(made(enabled=0, accesses=4, resident_pages=4))
    assert "disabled" not in text(made())


@pytest.mark.parametrize("tier", ["zram", "disk"])
def test_a_tier_without_zswap_is_no_zswap_that_is_disabled(tier: str) -> None:
    result = made(disabled_reject=5, pswpout=5, enabled=0)
    settings = {**result.manifest.settings, "tier": tier}
    other = replace(result, manifest=replace(result.manifest, settings=settings))
    assert f"the tier is {tier}" in about(other)["stores"].text
    assert "replay with --tier zswap" in about(other)["what would change it"].text
    assert "enabled" not in text(other)


def test_memory_that_ran_out_comes_first() -> None:
    first = explain(made(oom=3, swap_full=2, accesses=9))[0]
    assert (
        "3 pages went over a memory.max with nothing left to reclaim (all of /a): a kernel would have killed programs; "
        "reclaim kept a page in memory 2 times since a memory.swap.max was reached." == first.text
    )
    assert "killed" not in text(made(accesses=9))


def test_how_sure() -> None:
    sure = make_manifest()
    of_rules = replace(made(), manifest=replace(sure, kernel_rules="6.13: rules of 6.12"))
    assert "no kernel was recorded with just these rules (6.13: rules of 6.12)" in text(of_rules).lower()
    assert "see --range" in text(made(warnings=(SCHEDULING,)))
    warm = replace(made(), manifest=replace(sure, settings={**sure.settings, "warmup": 1500}))
    assert "The first 1,500 events are not counted." in text(warm)
    assert "how sure" not in about(made())


@given(
    st.fixed_dictionaries(
        {name: st.sampled_from([0, 0, 1, 2, 1234, 987_654]) for name in (*MOVING, *RISING)}
        | {name: st.sampled_from([0, 0, 17, 4321]) for name in ("written_back_pages", "pool_limit_hit")}
        | {"enabled": st.integers(0, 1), "resident_pages": st.sampled_from([0, 77])}
    )
)
def test_no_sentence_says_more_than_counters(counters: dict[str, int]) -> None:
    given: Any = counters
    sentences = explain(made(**given))
    assert 5 <= len(sentences) <= 10
    for sentence in sentences:
        values = {int(value) for value in sentence.counters.values() if isinstance(value, int)}
        reckoned = values | {one + other for one in values for other in values}
        reckoned |= {one - other for one in values for other in values}
        for number in re.findall(r"\d[\d,]*", SIZE.sub("", FLAG.sub("", sentence.text))):
            assert int(number.replace(",", "")) in reckoned, sentence
    told = {sentence.about: sentence.text for sentence in sentences}
    refused = sum(counters[name] for name in ("memcg_limit_reject", "pool_limit_reject", "compress_reject"))
    assert bool(refused) == ("refused: " in told["refusals"])
    assert (counters["pool_limit_reject"] > 0) == ("the pool was full" in told["refusals"])
    assert (counters["written_back_pages"] > 0) == (not told["writeback"].startswith("No entry"))
    assert (counters["shrink_worker_runs"] > 0) == ("ran" in told["shrink worker"])
    assert (counters["oom"] > 0) == ("killed" in " ".join(told.values()))
    assert (counters["zswpout"] == 0) == ("took no page" in told["stores"])
    assert (counters["disabled_reject"] > 0) == ("passed it by" in told["stores"])


def test_a_path_of_any_letters_stays_on_one_line() -> None:
    result = made(pool_limit_reject=3)
    odd = "/a\n- b"
    ours = {**result.end.replay_memcg, odd: dict.fromkeys(COUNTERS["replay.memcg"], 9)}
    told = explain(replace(result, snapshots=(replace(result.end, replay_memcg=ours),)))
    assert all(sentence.text.isprintable() for sentence in told)


@pytest.mark.parametrize("kernel", RELEASES)
def test_the_story(kernel: str) -> None:
    result = replay(str(TRACES / "story.parquet"), Settings(kernel=kernel))
    assert_golden(f"explain-story-{kernel}.txt", as_text([result], 100))


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize("trace", ["app", "build", "db"])
def test_the_bundled_traces(trace: str) -> None:
    path = str(TRACES / f"{trace}.parquet")
    limits = (
        KnobWrite(f"/{trace}", "memory.max", 8 << 20),
        KnobWrite(f"/{trace}", "memory.zswap.max", 1 << 20),
    )
    results = [
        replay(path, Settings(kernel="6.12", knobs=knobs, verify="off", max_events=100_000))
        for knobs in ((), limits)
    ]
    assert_golden(f"explain-{trace}.txt", as_text(results, 100))


def test_two_tenants() -> None:
    settings = Settings(
        kernel="6.12",
        max_events=150_000,
        totalram=64 << 20,
        max_pool_percent=5,
        fixed=frozenset({"max_pool_percent"}),
        knobs=(KnobWrite("/build", "memory.max", 6 << 20), KnobWrite("/db", "memory.max", 6 << 20)),
        verify="off",
    )
    result = replay(str(TRACES / "two-tenants.parquet"), settings)
    assert_golden("explain-two-tenants.txt", as_text([result], 100))
