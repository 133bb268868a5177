from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswap_replay.errors import SettingsError
from zswap_replay.units import UNLIMITED, counted, format_size, listed, parse_limit, parse_size


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (0, "0"),
        (4096, "4096"),
        (4096, "0x1000"),
        (512 << 10, "512K"),
        (64 << 20, " 64m\n"),
        (2 << 30, "2G"),
        (1 << 40, "1T"),
        (15 << 60, "15E"),
        ((1 << 64) - 1, "0xffffffffffffffff"),
    ],
)
def test_parse_size(expected: int, text: str) -> None:
    assert expected == parse_size(text)


@pytest.mark.parametrize("text", ["", "K", "-1", "1.5G", "64MB", "64 M", "0x", "max", "16E", "٣"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_size(text)


@given(st.integers(0, (1 << 64) - 1))
def test_every_size_is_read_in_decimal_and_in_hexadecimal(size: int) -> None:
    assert size == parse_size(str(size)) == parse_size(hex(size))


@given(st.integers(0, 15), st.sampled_from("KMGTPE"))
def test_suffixes_are_powers_of_1024_in_either_case(size: int, suffix: str) -> None:
    expected = size * 1024 ** ("KMGTPE".index(suffix) + 1)
    assert expected == parse_size(f"{size}{suffix}") == parse_size(f"{size}{suffix.lower()}")


def test_limits_know_max() -> None:
    assert UNLIMITED == parse_limit(" max\n")
    assert 4096 == parse_limit("4K")


@pytest.mark.parametrize(
    ("expected", "size"),
    [
        ("0 B", 0),
        ("1023 B", 1023),
        ("1.0 KiB", 1024),
        ("1.5 KiB", 1536),
        ("4.0 GiB", 4 << 30),
        ("16.0 EiB", 1 << 64),
    ],
)
def test_format_size(expected: str, size: int) -> None:
    assert expected == format_size(size)


@pytest.mark.parametrize(("expected", "number"), [("0 runs", 0), ("1 run", 1), ("1,416 runs", 1416)])
def test_counted(expected: str, number: int) -> None:
    assert expected == counted(number, "run")


def test_listed() -> None:
    assert "" == listed([])
    assert "/a, /b" == listed(["/a", "/b"], most=2)
    assert "/a, /b and 1,000 more" == listed(["/a", "/b", *["/c"] * 1000], most=2)
