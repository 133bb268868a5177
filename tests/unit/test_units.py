from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswap_replay.errors import SettingsError
from zswap_replay.units import (
    UNLIMITED,
    RamShare,
    Share,
    counted,
    format_size,
    listed,
    parse_amount,
    parse_duration,
    parse_flag_limit,
    parse_limit,
    parse_share,
    parse_size,
)


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
    ("text", "right"),
    [
        ("infinity", "expected max, for none"),
        ("MAX", "expected max, for none"),
        ("-1", "expected max, for none"),
        ("512Mi", "T, P or E, here 512M"),
        ("512MiB", "T, P or E, here 512M"),
        ("512MB", "T, P or E, here 512M"),
        ("1.5M", "T, P or E, here 1536K"),
        (".5k", "T, P or E, here 512"),
        ("20%", "(a flag, --set, takes a share)"),
        ("0.5ws", "(a flag, --set, takes a share)"),
        ("lots", "expected max, bytes, or a number with K, M, G, T, P or E"),
    ],
)
def test_a_limit_of_another_tool_is_refused_with_what_the_kernel_takes(text: str, right: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_limit(text)
    assert str(caught.value).startswith(f"{text!r} is not a limit: expected max")
    assert str(caught.value).endswith(right)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (512 << 20, "512Mi"),
        (512 << 20, " 512MiB "),
        (512 << 20, "512m"),
        (3 << 19, "1.5M"),
        (1 << 19, ".5M"),
        (314572, "0.3M"),
        (4096, "4096"),
        (4096, "4096B"),
        (4096, "0x1000"),
    ],
)
def test_a_flag_takes_sizes_as_other_tools_spell_them(expected: int, text: str) -> None:
    assert expected == parse_amount(text) == parse_flag_limit(text, "/web")


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (UNLIMITED, "max"),
        (UNLIMITED, "infinity"),
        (RamShare(Fraction(1, 5)), "20%"),
        (RamShare(Fraction(1, 8)), "12.5%"),
        (Share("/web", Fraction(1, 2)), "0.5ws"),
    ],
)
def test_a_limit_may_be_none_or_a_share(expected: object, text: str) -> None:
    assert expected == parse_flag_limit(text, "/web")


@pytest.mark.parametrize(
    "text", ["", "1.5", "64MB", "64 M", "-1", "unlimited", "20%%", "%", "ws", "9" * 5000, "9" * 30]
)
def test_what_is_no_limit_of_a_flag_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_flag_limit(text, "/web")
    with pytest.raises(SettingsError):
        parse_amount(text)


@pytest.mark.parametrize("text", ["20%", "12.5%", "0.5ws", "1.25ws"])
def test_a_share_is_spelled_as_it_was(text: str) -> None:
    assert text == str(parse_share(text))


def test_a_duration_of_many_digits_is_none() -> None:
    with pytest.raises(SettingsError, match="is not a duration"):
        parse_duration("9" * 5000 + "s")


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


def test_a_leading_0_is_octal_in_a_file_of_the_kernel_and_nothing_in_a_flag() -> None:
    assert (8, 10) == (parse_size("010"), parse_amount("010"))
    assert (8 << 20, 10 << 20) == (parse_limit("010M"), parse_flag_limit("010M", "/a"))
