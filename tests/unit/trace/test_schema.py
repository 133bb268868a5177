from __future__ import annotations

import pytest

from zswap_replay.errors import SettingsError
from zswap_replay.trace.schema import EVENT_NAMES, Event, parent_path, parse_knob, with_ancestors
from zswap_replay.units import UNLIMITED


def test_event_codes_are_fixed() -> None:
    names = (
        "read write pageout discard settle snapshot memcg_create memcg_set memcg_offline memcg_reclaim param "
        "worker seen_reads"
    )
    assert tuple(names.split()) == EVENT_NAMES
    assert list(range(13)) == [int(event) for event in Event]


@pytest.mark.parametrize(
    ("event", "key", "text", "expected"),
    [
        (Event.MEMCG_SET, "memory.max", "max", UNLIMITED),
        (Event.MEMCG_SET, "memory.zswap.max", "12287", 12287),
        (Event.MEMCG_SET, "memory.high", "512M", 512 << 20),
        (Event.MEMCG_SET, "memory.zswap.writeback", "0", 0),
        (Event.MEMCG_RECLAIM, None, "1G", 1 << 30),
        (Event.PARAM, "enabled", "Y", 1),
        (Event.WORKER, None, "begin", "begin"),
        (Event.WORKER, None, " 17", 17),
        (Event.WORKER, "ignored", "end", "end"),
        (Event.SEEN_READS, None, "1", 1),
        (Event.PARAM, "shrinker_enabled", "off", 0),
        (Event.PARAM, "exclusive_loads", "n", 0),
        (Event.PARAM, "max_pool_percent", "100", 100),
        (Event.PARAM, "compressor", " zstd\n", "zstd"),
    ],
)
def test_knobs_parse_as_their_files_do(event: Event, key: str | None, text: str, expected: int | str) -> None:
    assert expected == parse_knob(event, key, text)


@pytest.mark.parametrize(
    ("event", "key", "text", "value"),
    [
        (Event.MEMCG_SET, "memory.zswap.writeback", "0x1", 1),
        (Event.MEMCG_SET, "memory.zswap.writeback", "+01", 1),
        (Event.MEMCG_SET, "memory.zswap.writeback", "-0", 0),
        (Event.MEMCG_SET, "memory.max", "010K", 8192),
        (Event.PARAM, "max_pool_percent", "0x14", 20),
        (Event.PARAM, "accept_threshold_percent", "+0132", 90),
    ],
)
def test_numbers_are_read_as_the_kernel_s_files_read_them(
    event: Event, key: str, text: str, value: int
) -> None:
    assert value == parse_knob(event, key, text)


@pytest.mark.parametrize(
    ("event", "key", "text", "message"),
    [
        (Event.MEMCG_SET, "memory.max", "08M", "'08M' is not a size"),
        (Event.MEMCG_SET, "memory.zswap.writeback", "-1", "'-1' is not a switch: expected 0 or 1"),
        (Event.PARAM, "max_pool_percent", "08", "'08' is not a percentage"),
        (Event.MEMCG_SET, "enabled", "1", "memcg_set has no knob 'enabled': expected memory.max"),
        (Event.PARAM, "memory.max", "1", "param has no knob 'memory.max': expected enabled"),
        (Event.SNAPSHOT, "memory.max", "1", "snapshot has no knob 'memory.max'"),
        (Event.MEMCG_SET, "memory.max", "-1", "'-1' is not a limit: expected max, for none"),
        (Event.MEMCG_SET, "memory.zswap.writeback", "y", "'y' is not a switch: expected 0 or 1"),
        (Event.MEMCG_RECLAIM, None, "max", "'max' is not a size"),
        (Event.WORKER, None, "0", "expected begin, end or a number of turns from 1"),
        (Event.WORKER, None, "start", "expected begin, end or a number of turns from 1"),
        (Event.SEEN_READS, None, "2", "is not a switch"),
        (Event.PARAM, "enabled", "2", "'2' is not a switch"),
        (Event.PARAM, "accept_threshold_percent", "101", "'101' is not a percentage"),
        (Event.PARAM, "zpool", " ", "an empty text is not a name"),
    ],
)
def test_bad_knobs(event: Event, key: str | None, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_knob(event, key, text)
    assert message in str(caught.value)


def test_parents() -> None:
    assert ["/a/b", "/a", "/", "/"] == [parent_path(path) for path in ("/a/b/c", "/a/b", "/a", "/")]


def test_a_path_with_its_ancestors_begins_at_the_top() -> None:
    assert ["/a", "/a/b", "/a/b/c"] == with_ancestors("/a/b/c")
    assert [] == with_ancestors("/")
