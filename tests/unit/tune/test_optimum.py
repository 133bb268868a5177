from __future__ import annotations

from pathlib import Path

from tests.unit.tune.traces import fixed, lengths, loop, percent, stores
from zswap_replay.sweep.grid import Option
from zswap_replay.tune.result import Tuned
from zswap_replay.tune.run import tune
from zswap_replay.tune.space import make_choices, make_range


def twice(*arguments: object, **more: object) -> Tuned:
    """The answer of a search, which it gives again, within 40 points."""
    found = [tune(*arguments, jobs=1, replays=40, hold_out=0, **more) for _ in range(2)]  # type: ignore[arg-type]
    assert found[0].render() == found[1].render()
    assert len(found[0].points) <= 40
    return found[0]


def test_the_least_pool_that_takes_every_page(tmp_path: Path) -> None:
    # zbud has two of the 100 pages in a page of its own: 50 pages. RAM has 1000, 1 % of it 10; a pool of exactly its
    # limit is full, so that 5 % refuses the last two.
    found = twice(
        [stores(tmp_path)],
        (percent(0, 100),),
        fixed(lengths=lengths(tmp_path, 1000), totalram=1000 * 4096, zpool="zbud", kernel="6.12"),
        minimize=["swap_write_bytes"],
    )
    assert {"max_pool_percent": "6"} == found.answer["settings"]
    assert 0 == found.answer["figures"]["derived.swap_write_bytes"]


def test_the_least_memcg_limit_that_refuses_nothing(tmp_path: Path) -> None:
    # A store is refused where the whole pages that the memcg has in zswap are not below its limit. After 99 pages of
    # 1000 bytes it has 99,000 bytes, 24 whole pages: the limit is to be 25, which is 100 KiB.
    found = twice(
        [stores(tmp_path)],
        (make_range("/a:memory.zswap.max", "0..4M", 0, 4 << 20),),
        fixed(lengths=lengths(tmp_path, 1000), kernel="6.6"),
        minimize=["memcg_limit_reject"],
    )
    assert {"/a:memory.zswap.max": "100K"} == found.answer["settings"]


def test_the_least_memory_in_which_a_loop_has_no_fault(tmp_path: Path) -> None:
    # 32 pages are 128 KiB. With fewer a loop evicts each page before it comes back. A smaller file of lengths and a
    # larger one: the smaller pool is that of the smaller pages.
    files = tuple(lengths(tmp_path, length) for length in (2000, 1000))
    found = twice(
        [loop(tmp_path)],
        (
            make_range("/a:memory.max", "16K..1M", 16 << 10, 1 << 20),
            make_choices("zpool", ("zsmalloc", "zbud"), ("zsmalloc", "zbud")),
        ),
        fixed(lengths=files[0], kernel="6.12"),
        minimize=["pgmajfault"],
        subject_to=["oom==0"],
    )
    assert "128K" == found.answer["settings"]["/a:memory.max"]


def test_a_constraint_is_met_at_its_edge(tmp_path: Path) -> None:
    # Up to 20 pages may be refused. A limit of 20 pages is reached by 82 pages of 1000 bytes, so that 18 are refused;
    # one of 19 by 78, and 22 are.
    found = tune(
        [stores(tmp_path)],
        (make_range("/a:memory.zswap.max", "0..4M", 0, 4 << 20),),
        fixed(lengths=lengths(tmp_path, 1000), kernel="6.6"),
        minimize=["/a:memory.zswap.current"],
        subject_to=["pswpout<=20"],
        replays=40,
        hold_out=0,
        jobs=1,
    )
    assert {"/a:memory.zswap.max": "80K"} == found.answer["settings"]
    assert found.answer["meets"]


def test_a_point_that_kills_is_the_answer_only_where_all_do(tmp_path: Path) -> None:
    # /a may have no page on the swap device: under any memory.max below its 128 KiB programs are killed.
    def search(most: str, last: int) -> Tuned:
        return tune(
            [loop(tmp_path)],
            (make_range("/a:memory.max", f"16K..{most}", 16 << 10, last),),
            (Option("/a:memory.swap.max", ("0",), (0,)),),
            minimize=["/a:memory.current"],
            replays=20,
            hold_out=0,
            jobs=1,
        )

    found = search("1M", 1 << 20)
    assert {"/a:memory.max": "128K"} == found.answer["settings"]
    assert [] == found.answer["marks"]
    assert "" == found.fault()
    every = search("64K", 64 << 10)
    assert every.answer["marks"]
    assert "every one of the" in every.fault()
