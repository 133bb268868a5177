"""Pages that do not come back as they went in: what each command makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zswap_replay.cli.main import PROGRAM, cli, guarded
from zswap_replay.codec.base import Codec, get_codec
from zswap_replay.errors import VerificationError
from zswap_replay.replay import page_data
from zswap_replay.replay.length_memo import LengthMemo
from zswap_replay.replay.loop import replay
from zswap_replay.sweep.file import read as read_sweep
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

FAULT = "lz4: content 40 came back from the pool with other bytes"


class Corrupting:
    """A codec that gives back one page with another byte, and all others as they were."""

    def __init__(self, codec: Codec, victim: bytes) -> None:
        self.codec = codec
        self.victim = victim

    def __getattr__(self, name: str) -> Any:
        return getattr(self.codec, name)

    def decompress(self, data: bytes) -> bytes:
        page: bytes = self.codec.decompress(data)
        return page[:-1] + bytes([page[-1] ^ 1]) if page == self.victim else page


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A trace with its pages, of which lz4 spoils one and zstd none."""
    pages = [(f"{number} bottles of beer ".encode() * 300)[:PAGE_SIZE] for number in range(64)]
    (tmp_path / "pages").write_bytes(b"".join(pages))
    trace = TraceBuilder().write("/a", 0, count=64, content=0).pageout("/a", 0, count=64)
    trace.read("/a", 0, count=64).save(tmp_path / "trace.parquet")
    monkeypatch.setattr(
        page_data,
        "get_codec",
        lambda spec, kernel: (
            Corrupting(get_codec(spec, kernel), pages[40]) if spec == "lz4" else get_codec(spec, kernel)
        ),
    )
    return [str(tmp_path / "trace.parquet"), "--payload-file", str(tmp_path / "pages"), "--kernel", "6.18"]


def run(*typed: str) -> int:
    return guarded(cli, PROGRAM, list(typed))


def test_run_writes_its_results_and_ends_with_1(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.json"
    assert 1 == run("run", *arguments, "-c", "lz4", "-c", "zstd", "--format", "json", "-o", str(output))
    assert [f"zswap-replay: warning: lz4: {FAULT}"] == capsys.readouterr().err.splitlines()
    bad, good = json.loads(output.read_text())["runs"]
    assert [1, 0] == [each["snapshots"][-1]["replay"]["mismatches"] for each in (bad, good)]
    assert [1, 0] == [each["snapshots"][-1]["zswap"]["decompress_fail"] for each in (bad, good)]
    assert [FAULT] == bad["warnings"]
    assert "warnings" not in good


def test_check_ends_with_1_and_accepts_nothing(
    arguments: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = tmp_path / "expected.json"
    with monkeypatch.context() as intact:
        intact.setattr(page_data, "get_codec", get_codec)
        assert 0 == run(
            "run", *arguments, "-c", "lz4", "--format", "json", "--no-timing", "-o", str(expected)
        )
    before = expected.read_bytes()
    capsys.readouterr()
    for options in ([], ["--update"], ["--tolerance", "*=9"]):
        assert 1 == run("check", arguments[0], str(expected), *options)
        out, err = capsys.readouterr()
        assert f"zswap-replay: warning: {FAULT}" in err.splitlines()
        assert ("replay.mismatches" in out) == (options != ["--tolerance", "*=9"])
    assert before == expected.read_bytes()


def test_sweep_keeps_the_row_and_ends_with_1(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "sweep.parquet"
    assert 1 == run("sweep", *arguments, "-c", "zstd,lz4", "-j", "1", "-o", str(output))
    assert [f"zswap-replay: warning: compressor=lz4: {FAULT}"] == capsys.readouterr().err.splitlines()
    assert [0, 1] == [row["replay.mismatches"] for row in read_sweep(str(output)).rows]


@pytest.mark.parametrize("jobs", [None, 1])
def test_a_page_that_is_stored_twice_is_a_mismatch_twice(
    arguments: list[str], tmp_path: Path, jobs: int | None
) -> None:
    trace = TraceBuilder()
    for _ in range(2):
        trace.write("/a", 0, count=64, content=0).pageout("/a", 0, count=64).read("/a", 0, count=64)
    trace.save(tmp_path / "twice.parquet")
    memo = LengthMemo()
    for known in (None, memo, memo) if jobs else (None,):
        with pytest.raises(VerificationError) as failed:
            replay(
                tmp_path / "twice.parquet",
                payload_file=arguments[2],
                kernel="6.18",
                compressor="lz4",
                jobs=jobs,
                memo=known,
            )
        assert failed.value.result.end.replay["mismatches"] == 2
