from __future__ import annotations

import os
from pathlib import Path

import pytest

from zswap_replay.errors import SweepError
from zswap_replay.sweep.journal import SUFFIX, Journal
from zswap_replay.sweep.table import Record

MANIFEST = {
    "trace": {"sha256": "aa"},
    "settings": {"max_pool_percent": 20, "set": []},
    "axes": {"seed": [1, 2]},
}
RECORD = Record(1, {"zswap.stored_pages": 7, "derived.reject_rate": 0.25}, {"total": 0.5}, ("nothing",))


def kept_in(folder: Path) -> str:
    output = str(folder / "sweep.parquet")
    journal = Journal(output, MANIFEST)
    journal.append(RECORD)
    journal.close()
    return output


def test_what_is_kept_is_there_for_the_next_sweep(tmp_path: Path) -> None:
    journal = Journal(kept_in(tmp_path), MANIFEST)
    assert {1: RECORD} == journal.records
    journal.discard()
    assert [] == list(tmp_path.iterdir())


def test_a_line_is_on_the_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bytes] = []
    path = tmp_path / f"sweep.parquet{SUFFIX}"
    real = os.fsync

    def fsync(number: int) -> None:
        assert os.path.samestat(os.fstat(number), os.stat(path))
        synced.append(path.read_bytes())
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    journal = Journal(str(tmp_path / "sweep.parquet"), MANIFEST)
    for lines in (1, 2):
        assert [path.read_bytes()] == synced[-1:]
        assert (lines, lines) == (len(synced), synced[-1].count(b"\n"))
        assert lines - 1 == len(journal.records)
        if lines == 1:
            journal.append(RECORD)
    journal.close()


def test_a_journal_with_nothing_in_it_leaves_no_file(tmp_path: Path) -> None:
    Journal(str(tmp_path / "sweep.parquet"), MANIFEST).close()
    assert [] == list(tmp_path.iterdir())


def test_a_point_whose_write_was_interrupted_at_its_end_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(number: int) -> None:
        raise KeyboardInterrupt

    output = str(tmp_path / "sweep.parquet")
    journal = Journal(output, MANIFEST)
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        journal.append(RECORD)
    assert 1 == journal.kept()
    journal.close()
    again = Journal(output, MANIFEST)
    assert {1: RECORD} == again.records
    again.close()


def test_force_starts_anew(tmp_path: Path) -> None:
    journal = Journal(kept_in(tmp_path), {"other": 1}, force=True)
    assert {} == journal.records
    journal.close()


@pytest.mark.parametrize(
    ("manifest", "difference"),
    [
        ({**MANIFEST, "trace": {"sha256": "bb"}}, 'trace.sha256 is "aa" there and "bb" here'),
        (
            {**MANIFEST, "settings": {"max_pool_percent": 5, "set": []}},
            "settings.max_pool_percent is 20 there and 5 here",
        ),
        ({**MANIFEST, "axes": {"seed": [1, 2, 3]}}, "axes.seed is [1, 2] there and [1, 2, 3] here"),
        ({**MANIFEST, "axes": {}}, "axes.seed is [1, 2] there and null here"),
        ({**MANIFEST, "versions": {"zstd": "1.5.6"}}, "versions"),
    ],
)
def test_the_journal_of_another_sweep_is_refused_and_kept(
    manifest: dict[str, object], difference: str, tmp_path: Path
) -> None:
    output = kept_in(tmp_path)
    before = Path(output + SUFFIX).read_bytes()
    with pytest.raises(SweepError) as caught:
        Journal(output, manifest)
    assert str(caught.value).startswith(f"{output}{SUFFIX}: holds another sweep: {difference}")
    assert str(caught.value).endswith("; --force starts anew")
    assert before == Path(output + SUFFIX).read_bytes()


@pytest.mark.parametrize("text", ["no JSON\n", "[1]\n", '{"a": 1}\n', '{"manifest": {}}\n{"point": 1}\n'])
def test_a_file_that_is_no_journal_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / f"sweep.parquet{SUFFIX}"
    path.write_text(text)
    with pytest.raises(SweepError, match="found no journal of a sweep; --force starts anew"):
        Journal(str(tmp_path / "sweep.parquet"), MANIFEST)


def test_two_sweeps_do_not_write_one_journal(tmp_path: Path) -> None:
    output = str(tmp_path / "sweep.parquet")
    journal = Journal(output, MANIFEST)
    with pytest.raises(SweepError, match="another sweep is writing it"):
        Journal(output, MANIFEST)
    journal.close()
