from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from zswap_replay.errors import SettingsError
from zswap_replay.settings import KnobWrite, Settings, parse_totalram
from zswap_replay.units import UNLIMITED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kernel", "2.4"),
        ("zpool", "z3fold"),
        ("max_pool_percent", 101),
        ("max_pool_percent", -1),
        ("accept_threshold_percent", 101),
        ("nodes", 0),
        ("nodes", 65),
        ("seed", -1),
        ("seed", 1 << 64),
        ("writeback_ns", -1),
        ("max_events", 0),
        ("totalram", 4095),
        ("swap_device", "tape"),
        ("verify", "some"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} .*{value}"):
        replace(Settings(), **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_pool_percent", 0),
        ("max_pool_percent", 100),
        ("nodes", 1),
        ("nodes", 64),
        ("seed", (1 << 64) - 1),
        ("totalram", 4096),
        ("writeback_ns", 0),
    ],
)
def test_the_ends_of_a_range_are_taken(name: str, value: Any) -> None:
    assert value == getattr(replace(Settings(), **{name: value}), name)


def test_pages_and_lengths_exclude_each_other() -> None:
    with pytest.raises(SettingsError, match="payload_file and lengths"):
        Settings(payload_file="pages.bin", lengths="lengths.parquet")


def test_settings_as_json_are_all_fields_and_the_writes() -> None:
    writes = (KnobWrite("/web", "memory.zswap.max", 64 << 20), KnobWrite("/b:c", "memory.max", UNLIMITED))
    document = Settings(max_pool_percent=35, knobs=writes, fixed=frozenset({"max_pool_percent"})).as_json()
    names = [field.name for field in fields(Settings) if field.name not in ("knobs", "fixed")]
    assert [*names, "set"] == list(document)
    assert 35 == document["max_pool_percent"]
    assert ["/web:memory.zswap.max=67108864", "/b:c:memory.max=max"] == document["set"]


def test_totalram() -> None:
    assert 4 << 30 == parse_totalram("4G")
