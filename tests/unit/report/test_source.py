from __future__ import annotations

from pathlib import Path

import pytest

from tests.sweeps import make_rows, write_sweep
from zswap_replay.report.html.source import is_parquet


def test_parquet_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    assert is_parquet(str(write_sweep(tmp_path / "s.json", make_rows())))
    (tmp_path / "r.parquet").write_text("{}")
    assert not is_parquet(str(tmp_path / "r.parquet"))
    assert not is_parquet("/dev/stdin")
    with pytest.raises(FileNotFoundError):
        is_parquet(str(tmp_path / "none"))
