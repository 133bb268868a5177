"""Which errors of libraries count as a lack of memory."""

from __future__ import annotations

import resource
from resource import RLIM_INFINITY

import pytest

from zswap_replay.cli import main

NO_ERROR_MADE = SystemError("error return without exception set")


@pytest.mark.parametrize(
    ("limit", "error", "lacks"),
    [
        (1 << 30, NO_ERROR_MADE, True),
        (RLIM_INFINITY, NO_ERROR_MADE, False),
        (1 << 30, SystemError("bad argument to internal function"), False),
        (RLIM_INFINITY, MemoryError(), True),
        (RLIM_INFINITY, ImportError("libarrow.so: failed to map segment from shared object"), True),
        (1 << 30, ImportError("libarrow.so: cannot open shared object file"), False),
    ],
)
def test_an_error_that_no_memory_explains(
    limit: int, error: Exception, lacks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, RLIM_INFINITY))
    assert lacks == main._lacks_memory(error)
