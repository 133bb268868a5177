"""``zswap-replay explain``: both formats, standard input, and its mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.paths import TRACES
from zswap_replay.cli.main import PROGRAM, cli, guarded

STORY = str(TRACES / "story.parquet")


def called(*arguments: str) -> int:
    return guarded(cli, PROGRAM, list(arguments))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("explain") / "both.json"
    assert 0 == called("run", STORY, "-q", "-c", "zstd", "-c", "lz4", "--format", "json", "-o", str(file))
    return str(file)


def test_text_has_a_heading_for_each_of_several_results(
    made: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == called("explain", made)
    out = capsys.readouterr().out
    assert out.startswith("zstd:\n- Of 1,860 accesses 200 found their page out;")
    assert "\n\nlz4:\n- " in out
    assert max(map(len, out.splitlines())) <= 100


def test_json_is_a_list_of_sentences_with_their_counters(
    made: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.json"
    assert 0 == called("explain", made, "--format", "json", "-o", str(file))
    assert not capsys.readouterr().out
    sentences = json.loads(file.read_text())
    assert {"zstd", "lz4"} == {sentence["result"] for sentence in sentences}
    (first, *_) = [sentence for sentence in sentences if sentence["about"] == "writeback"]
    assert "700 entries were written back" in first["text"]
    assert 700 == first["counters"]["zswap.written_back_pages"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [("{}", "schema"), ("no", "found no JSON"), (None, "No such file")],
)
def test_what_is_no_result_is_one_line(
    content: str | None, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "result.json"
    if content is not None:
        file.write_text(content)
    assert 2 == called("explain", str(file))
    out, err = capsys.readouterr()
    assert not out
    assert 1 == err.count("\n")
    assert expected in err
