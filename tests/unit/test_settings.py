from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from zswap_replay.errors import SettingsError, ZswapReplayError
from zswap_replay.settings import ZRAM_SETTINGS, KnobWrite, Settings, parse_totalram
from zswap_replay.units import UNLIMITED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kernel", "2.4"),
        ("zpool", "zblock"),
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
    names = [
        field.name
        for field in fields(Settings)
        if field.name not in ("knobs", "fixed", "totalram_share", "kernel_asked", "tier", *ZRAM_SETTINGS)
    ]
    assert [*names, "set", "fixed"] == list(document)
    assert 35 == document["max_pool_percent"]
    assert ["/web:memory.zswap.max=67108864", "/b:c:memory.max=max"] == document["set"]
    assert ["max_pool_percent"] == document["fixed"]


def test_a_setting_that_a_document_lacks_has_its_default() -> None:
    assert Settings(seed=7) == Settings.from_json({"seed": 7})


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"max_pool_percent": "20"}, "settings.max_pool_percent: found '20'; expected a whole number"),
        ({"max_pool_percent": True}, "settings.max_pool_percent: found True; expected a whole number"),
        ({"enabled": 1}, "settings.enabled: found 1; expected true or false"),
        ({"zpool": None}, "settings.zpool: found None; expected a string"),
        ({"pool": 1}, "settings.pool: found 1; expected one of the settings tier, kernel, "),
        ({"max_pool_percent": 200}, "max_pool_percent 200: expected 0 to 100"),
        ({"set": "/a:memory.max=1"}, "settings.set: found '/a:memory.max=1'; expected a list"),
        ({"set": ["/a:memory.mux=1"]}, "memcg_set has no knob 'memory.mux'"),
        ({"fixed": ["seed"]}, r"settings.fixed\[0\]: found 'seed'; expected one of compressor, zpool"),
    ],
)
def test_a_document_that_is_no_settings_is_refused_by_key(document: dict[str, object], expected: str) -> None:
    with pytest.raises(ZswapReplayError, match=expected):
        Settings.from_json(document)


def test_totalram() -> None:
    assert 4 << 30 == parse_totalram("4G")


def test_the_settings_of_a_zram_device_are_written_where_there_is_one() -> None:
    settings = Settings(tier="zram", disksize=1 << 20, recomp_algorithm="algo=zstd priority=2")

    assert settings == Settings.from_json(settings.as_json())
    assert [*ZRAM_SETTINGS] == [name for name in ZRAM_SETTINGS if name in settings.as_json()]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"backing_dev": 1 << 20}, "backing_dev: the tier zswap has no zram device"),
        ({"tier": "disk", "disksize": 1 << 20}, "disksize: the tier disk has no zram device"),
        ({"tier": "zram", "disksize": 0}, "disksize 0: expected at least a page"),
        ({"tier": "zram", "disksize": 1 << 43}, "disksize 8796093022208: expected less than 8T"),
        ({"tier": "zram", "backing_dev": 1 << 60}, "backing_dev 1152921504606846976: expected less than 8T"),
        ({"tier": "zram", "backing_dev": 4096}, "backing_dev 4096: expected at least 8192 bytes"),
        ({"tier": "zram", "writeback_limit": 3}, "writeback_limit: expected backing_dev beside it"),
        ({"tier": "zram", "recomp_algorithm": "zstd,lz4"}, "expected each priority once"),
        ({"tier": "zram", "recomp_algorithm": "algo=zstd priority=0"}, "expected 1 to 3"),
        ({"tier": "ram"}, "tier 'ram': expected one of zswap, zram, zswap"),
    ],
)
def test_a_zram_device_that_cannot_be_is_refused_in_one_line(given: dict[str, Any], fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        Settings(**given)
