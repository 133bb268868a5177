from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from zswap_replay.errors import SettingsError
from zswap_replay.inputs.spool import path_of, spooled


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_file_is_read_where_it_is(tmp_path: Path) -> None:
    assert str(tmp_path / "t") == path_of(str(tmp_path / "t"))


def test_a_pipe_is_read_once_and_kept(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"x" * 100_000))
    writer.start()
    path = path_of(str(pipe))
    writer.join()
    assert b"x" * 100_000 == Path(path).read_bytes() == Path(path_of(str(pipe))).read_bytes()
    assert [pipe] == list(tmp_path.iterdir())


def test_standard_input_is_read_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (b"one", b"other"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert data == Path(path_of("-")).read_bytes() == Path(path_of("-")).read_bytes()


def test_standard_input_that_is_a_file_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "t"
    file.write_bytes(b"data")
    with file.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert os.path.samefile(file, path_of("-"))


def test_no_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for stdin, said in ((None, "is closed"), (Terminal(), "is a terminal")):
        monkeypatch.setattr("sys.stdin", stdin)
        with pytest.raises(SettingsError, match=f"^-: standard input {said}; expected a file or a pipe"):
            path_of("-")


def test_a_short_pipe_that_there_is_no_room_for_names_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: open("/dev/full", "w+b"))  # noqa: SIM115
    with pytest.raises(SettingsError, match="no room for what is read from a pipe: No space left on device"):
        spooled(io.BytesIO(b"few"))
