from __future__ import annotations

from fractions import Fraction

import click
import pytest

from zswap_replay.cli.tune_options import axis
from zswap_replay.errors import SettingsError
from zswap_replay.tune.space import ends_of, size_of
from zswap_replay.units import RamShare, Share


@pytest.mark.parametrize(
    ("text", "name", "points", "ends"),
    [
        ("compressor=zstd,lz4", "compressor", 2, ("zstd", "lz4")),
        ("max-pool-percent=5..50", "max_pool_percent", 46, ("5", "50")),
        ("max_pool_percent=5..5", "max_pool_percent", 1, ("5",)),
        ("shrinker_enabled=y,n", "shrinker_enabled", 2, ("y", "n")),
        ("/web:memory.zswap.max=0.1ws..1ws", "/web:memory.zswap.max", 91, ("0.1ws", "1ws")),
        ("/web:memory.zswap.max=0.1ws..0.2ws", "/web:memory.zswap.max", 101, ("0.1ws", "0.2ws")),
        ("/web:memory.max=10%..20%", "/web:memory.max", 101, ("10%", "20%")),
        ("/web:memory.max=1M..1.5M", "/web:memory.max", 129, ("1M", "1536K")),
        ("/web:memory.max=1M,max", "/web:memory.max", 2, ("1M", "max")),
        ("/web:memory.zswap.writeback=0,1", "/web:memory.zswap.writeback", 2, ("0", "1")),
    ],
)
def test_an_axis_is_a_list_or_a_range(text: str, name: str, points: int, ends: tuple[str, ...]) -> None:
    found = axis(text)
    assert (name, points, ends) == (found.name, size_of((found,)), ends_of(found).texts)


def test_shares_stay_shares_until_the_trace_is_there() -> None:
    assert Share("/web", Fraction(35, 100)) == axis("/web:memory.max=0.1ws..1ws").value(35)
    assert RamShare(Fraction(15, 100)) == axis("/web:memory.max=10%..50%").value(15)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("max_pool_percent=50..5", "ends before it begins"),
        ("/web:memory.max=2M..1M", "ends before it begins"),
        ("/web:memory.max=1ws..0.1ws", "ends before it begins"),
        ("/web:memory.max=1ws..2M", "two numbers of one kind"),
        ("/web:memory.max=1M..max", "two numbers of one kind"),
        ("/web:memory.max=1..2", "no whole page"),
        ("kernel=6.6..6.12", "two numbers of one kind"),
        ("seed=1,2", "what is replayed"),
        ("shrink_delay=1..4", "no machine can be set to it"),
        ("compressor=zstd,zstd", "given twice"),
    ],
)
def test_what_is_no_axis_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        axis(text)


@pytest.mark.parametrize(
    "text",
    [
        "max_pool_percent",
        "=5",
        "max_pool_percent=",
        "max_pool_percent=5..",
        "max_pool=1..2",
        "max_pool_percent=x..9",
    ],
)
def test_what_is_not_spelled_so_is_a_bad_parameter(text: str) -> None:
    with pytest.raises(click.BadParameter):
        axis(text)
