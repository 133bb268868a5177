from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.factories import TIMING, make_result, make_snapshot
from zswap_replay.errors import ResultError
from zswap_replay.result.derived import OVER_TIME
from zswap_replay.result.result import ClassRatio, Result
from zswap_replay.units import PAGE_SIZE


def test_the_end_is_the_last_snapshot() -> None:
    first, last = make_snapshot("first", 1), make_snapshot("end", 2)
    assert last is make_result(snapshots=(first, last)).end


def test_derived_figures() -> None:
    # 3000 entries of which 300 are same-filled, in 1425 pages; 153 stores refused beside 12000 that were not
    derived = replace(make_result(), over_time={}).derived
    assert {
        "swap_write_bytes": 900 * PAGE_SIZE,
        "swap_read_bytes": 270 * PAGE_SIZE,
        "pool_size_end_bytes": 1425 * PAGE_SIZE,
        "stored_pages_end": 3000,
        "compression_ratio": round(2700 * PAGE_SIZE / 4_871_331, 6),
        "pool_efficiency": round(2700 / 1425, 6),
        "rejects": 153,
        "reject_rate": round(153 / 12_153, 6),
        "writeback_bytes": 750 * PAGE_SIZE,
        # by nvme: 6270 faults of 1013 ns, 6000 loads of 7192 ns, 270 reads of 58824 ns
        "stall_ns": 6270 * 1013 + 6000 * 7192 + 270 * 58_824,
        # 12000 stores and 21 pages refused for their length
        "compress_ns": 12_021 * 34_343,
        # 750 writebacks, 900 writes
        "reclaim_ns": 12_021 * 34_343 + 750 * 7192 + 900 * 18_519,
        # in 3 s of the trace
        "swap_write_bytes_per_day": 900 * PAGE_SIZE * 28_800,
        "endurance_per_year": round(900 * PAGE_SIZE * 28_800 * 365 / 600e12, 6),
    } == {name: value for name, value in derived.items() if value is not None}
    # what a file of an earlier version does not tell is not made up
    assert set(OVER_TIME) == {name for name, value in derived.items() if value is None}
    assert ["swap_write_bytes", "swap_read_bytes", "memory_saved_mean_bytes"] == list(derived)[:3]


def test_means_and_peaks_come_back_from_the_document() -> None:
    known = {"memory_saved_mean_bytes": 12_345, "stored_pages_mean": 0.5, "compression_ratio_mean": None}
    written = json.loads(json.dumps(replace(make_result(), over_time=known).as_json()))
    read = Result.from_json(written)
    assert known == {name: read.over_time[name] for name in known}
    assert written["derived"] == read.derived
    written["derived"]["stored_pages_mean"] = "many"
    with pytest.raises(ResultError, match=r"derived\.stored_pages_mean: found 'many'; expected a number"):
        Result.from_json(written)
    del written["derived"]
    assert {} == Result.from_json(written).over_time


def _nothing_stored() -> Result:
    end = make_snapshot()
    return make_result(
        snapshots=(
            replace(
                end,
                zswap=dict.fromkeys(end.zswap, 0),
                vmstat=dict.fromkeys(end.vmstat, 0),
                replay=dict.fromkeys(end.replay, 0),
            ),
        )
    )


@pytest.mark.parametrize("name", ["compression_ratio", "pool_efficiency", "reject_rate"])
def test_a_share_of_nothing_is_none(name: str) -> None:
    assert _nothing_stored().derived[name] is None


def test_a_kernel_without_same_filled_entries() -> None:
    end = make_snapshot()
    del end.zswap["same_filled_pages"]
    assert round(3000 / 1425, 6) == make_result(snapshots=(end,)).derived["pool_efficiency"]


def test_the_ratio_of_a_class_is_that_of_its_stored_pages() -> None:
    assert 2.0 == ClassRatio("text", stored=10, same_filled=5, refused=7, bytes_out=20_480).ratio
    assert ClassRatio("zero", stored=0, same_filled=5, refused=0, bytes_out=0).ratio is None


def test_rates_of_timing() -> None:
    assert round(1_234_567 / 3.0) == TIMING.as_json()["events_per_second"]
    assert round(12_021 / 1.25) == TIMING.as_json()["pages_compressed_per_second"]
    still = replace(TIMING, compress=0.0, total=0.0).as_json()
    assert (0, 0) == (still["events_per_second"], still["pages_compressed_per_second"])


def test_equal_replays_are_equal_without_timing() -> None:
    first = make_result()
    second = replace(first, timing=replace(TIMING, total=99.0))
    assert first.as_json(timing=False) == second.as_json(timing=False)
    assert first.as_json() != second.as_json()


def test_warnings_are_in_the_document_only_where_there_are_some() -> None:
    assert "warnings" not in make_result().as_json()
    assert ["nothing was stored"] == make_result(warnings=("nothing was stored",)).as_json()["warnings"]


def test_a_result_comes_back_from_its_document() -> None:
    result = replace(
        make_result(snapshots=(make_snapshot("first", 1), make_snapshot()), warnings=("the pool was full",)),
        compressed_lengths={4096: 2, 17: 9},
    )
    assert [[17, 9], [4096, 2]] == result.as_json()["compressed_lengths"]
    assert result == Result.from_json(result.as_json())
    assert replace(result, timing=None) == Result.from_json(result.as_json(timing=False))


def test_a_document_of_another_schema_is_refused() -> None:
    with pytest.raises(ResultError, match=r"^schema: found 2; expected 1"):
        Result.from_json(make_result().as_json() | {"schema": 2})


def test_a_document_needs_a_snapshot() -> None:
    with pytest.raises(ResultError, match=r"^snapshots: found \[\]; expected at least one snapshot"):
        Result.from_json(make_result().as_json() | {"snapshots": []})


def test_a_length_has_one_count() -> None:
    with pytest.raises(ResultError, match=r"^compressed_lengths\[0\]: found \[1\]; expected a length and"):
        Result.from_json(make_result().as_json() | {"compressed_lengths": [[1]]})


@pytest.mark.parametrize("lacking", ["zswap.stored_pages", "vmstat.pswpin", "replay.pool_limit_reject"])
def test_a_counter_that_figures_are_made_of_must_be_there(lacking: str) -> None:
    document = make_result().as_json()
    group, _, name = lacking.partition(".")
    del document["snapshots"][0][group][name]  # type: ignore[index]
    with pytest.raises(ResultError, match=rf"snapshots\[0\]: .*the counter {name} in it"):
        Result.from_json(document)
