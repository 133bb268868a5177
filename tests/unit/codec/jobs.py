"""Jobs for codec workers, and what comes of them."""

from __future__ import annotations

import json

import numpy as np

from zswap_replay.codec.batch import Job, Payload
from zswap_replay.codec.contents import Verify
from zswap_replay.codec.length_table import LengthTable
from zswap_replay.lib.length_index import NORMAL, SAME_FILLED, ZERO_FILLED
from zswap_replay.mm.releases import DEFAULT_RELEASE
from zswap_replay.payload.recipe import load_recipe

PAYLOAD = Payload(json.dumps(load_recipe("default").as_json()), 7)
ALL_KINDS = (NORMAL, ZERO_FILLED, SAME_FILLED)
CONTENTS = np.arange(3000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def job(compressor: str = "lz4", verify: Verify = "all", kinds: tuple[int, ...] = ALL_KINDS) -> Job:
    """Describe a job over pages of the default recipe."""
    return Job(PAYLOAD, compressor, verify, kinds, DEFAULT_RELEASE)


def lengths(tables: list[LengthTable]) -> dict[int, tuple[int, int]]:
    """Return length and kind by content, each of which was found once."""
    table = LengthTable.joined(tables)
    rows = zip(table.content.tolist(), table.length.tolist(), table.kind.tolist(), strict=True)
    found = {content: (length, kind) for content, length, kind in rows}
    assert len(found) == len(table.content)
    return found
