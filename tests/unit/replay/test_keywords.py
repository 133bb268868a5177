from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

from zswap_replay.errors import SettingsError, ZswapReplayError
from zswap_replay.replay.keywords import SettingsOptions, settings_of
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.schema import PARAMS
from zswap_replay.units import UNLIMITED

HINTS = get_type_hints(SettingsOptions)
OPTIONS = [field for field in fields(Settings) if "help" in field.metadata]


def settings(**options: Any) -> Settings:
    return settings_of(None, options)


def kinds(hint: Any) -> set[Any]:
    return set(get_args(hint)) or {hint}


def test_the_keywords_are_the_settings() -> None:
    assert [*(field.name for field in OPTIONS), "set"] == list(HINTS)


@pytest.mark.parametrize("name", [field.name for field in OPTIONS])
def test_a_keyword_takes_what_its_setting_holds(name: str) -> None:
    held, taken = kinds(get_type_hints(Settings)[name]), kinds(HINTS[name])
    assert held <= taken
    assert (NoneType in held) == (NoneType in taken)


def test_without_keywords_settings_are_as_given_or_the_defaults() -> None:
    given = Settings(seed=3)
    assert given is settings_of(given, {})
    assert Settings() == settings_of(None, {})


@pytest.mark.parametrize("field", OPTIONS, ids=lambda field: str(field.name))
def test_the_default_of_every_setting_may_be_given(field: Any) -> None:
    taken = settings(**{field.name: field.default})
    assert field.default == getattr(taken, field.name)
    assert (field.name in PARAMS) == (field.name in taken.fixed)


def test_human_spellings() -> None:
    expected = Settings(
        totalram=64 << 20,
        max_pool_percent=10,
        enabled=False,
        lengths="a/b.parquet",
        knobs=(
            KnobWrite("/web", "memory.zswap.max", 8 << 20),
            KnobWrite("/web", "memory.max", UNLIMITED),
            KnobWrite("/web", "memory.high", UNLIMITED),
            KnobWrite("/x:y", "memory.swap.max", 4096),
            KnobWrite("/", "memory.zswap.writeback", 0),
        ),
        fixed=frozenset({"max_pool_percent", "enabled"}),
    )
    assert expected == settings(
        totalram="64M",
        max_pool_percent=np.int64(10),
        enabled=np.bool_(False),
        lengths=Path("a/b.parquet"),
        set={
            "/web": {"memory.zswap.max": "8M", "memory.max": "max", "memory.high": -1},
            "/x:y": {"memory.swap.max": 4096},
            "/": {"memory.zswap.writeback": False},
        },
    )


def test_integers_of_numpy_become_plain() -> None:
    assert int is type(settings(seed=np.uint64(7)).seed)
    assert bool is type(settings(enabled=1).enabled)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"totalram": "64Q"}, "'64Q' is not a size"),
        ({"max_pool_percent": "10"}, "max_pool_percent '10': expected a whole number"),
        ({"max_pool_percent": 10.5}, "max_pool_percent 10.5: expected a whole number"),
        ({"max_pool_percent": None}, "max_pool_percent None: expected a whole number"),
        ({"max_pool_percent": 101}, "max_pool_percent 101: expected 0 to 100"),
        ({"enabled": "maybe"}, "'maybe' is not a switch: expected y, n, 1, 0, on or off"),
        ({"enabled": 2}, "enabled 2: expected True or False"),
        ({"kernel": 6.6}, "kernel 6.6: expected a text"),
        ({"kernel": b"6.6"}, "kernel b'6.6': expected a text"),
        (
            {"kernel": "5.20"},
            "kernel '5.20': there is no such release, 5.19 was the last of 5.x; expected one of",
        ),
        ({"set": "/web:memory.max=1"}, "set '/web:memory.max=1': expected {"),
        ({"set": {"/web": "1M"}}, "set '/web' '1M': expected {"),
        ({"set": {"/web": {"memory.max": 1.5}}}, "set /web:memory.max 1.5: expected a whole number"),
        ({"set": {"/web": {"memory.max": "1.5"}}}, "'1.5' is not a limit: expected max, bytes"),
        ({"set": {"/web": {"memory.max": -2}}}, "'-2' is not a limit"),
        ({"set": {"/web": {"memory.min": "1G"}}}, "has no knob 'memory.min'"),
        ({"set": {"/web": {"x:memory.max": "1G"}}}, "has no knob 'x:memory.max'"),
        ({"set": {"/web": {"memory.zswap.writeback": 2}}}, "'2' is not a switch"),
        ({"set": {"web": {"memory.max": "1G"}}}, "memcg path 'web': not absolute"),
        ({"set": {"/": {"memory.max": "1G"}}}, "the root memcg has no memory.max"),
    ],
)
def test_a_value_that_does_not_fit_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(**options)
    assert message in str(caught.value)


def test_an_unknown_keyword_is_named_with_the_one_that_was_meant() -> None:
    with pytest.raises(TypeError, match=r"keyword argument 'compresor'; did you mean 'compressor'\?"):
        settings(compresor="lz4")
    with pytest.raises(TypeError, match=r"keyword argument 'zzz'$"):
        settings_of(Settings(), {"zzz": 1})


def test_settings_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match=r"takes Settings, or settings by keyword; found \{'seed': 1\}"):
        settings_of({"seed": 1}, {})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["knobs", "fixed", "totalram_share"])
def test_fields_that_are_made_from_others_are_no_keywords(name: str) -> None:
    with pytest.raises(TypeError, match=f"keyword argument '{name}'"):
        settings(**{name: ()})


def test_settings_given_both_ways_are_refused() -> None:
    with pytest.raises(ZswapReplayError, match=r"given twice, as Settings and by keyword \(seed, verify\)"):
        settings_of(Settings(), {"seed": 1, "verify": "off"})
