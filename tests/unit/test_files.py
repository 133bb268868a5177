from __future__ import annotations

import errno
import os
import re
import socket
import stat
from pathlib import Path

import pytest

from zswap_replay.errors import SettingsError
from zswap_replay.files import check_distinct, check_output, replacing


def test_a_file_that_is_finished_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old")
    with replacing(str(target)) as file:
        file.write_text("new")
        assert "old" == target.read_text()
    assert "new" == target.read_text()
    assert [target] == list(tmp_path.iterdir())


def test_an_error_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old")

    def fail_half_way() -> None:
        with replacing(str(target)) as file:
            file.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert "old" == target.read_text()
    assert [target] == list(tmp_path.iterdir())


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    with replacing(str(link)) as file:
        file.write_text("new")
    assert link.is_symlink()
    assert "new" == target.read_text()


def test_a_device_is_written_and_not_replaced() -> None:
    with replacing(os.devnull) as file:
        file.write_text("gone")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_pipe_without_a_name_is_written() -> None:
    reader, writer = os.pipe()
    with replacing(f"/dev/fd/{writer}") as file:
        file.write_text("through")
    os.close(writer)
    with open(reader, encoding="utf-8") as pipe:
        assert "through" == pipe.read()


@pytest.mark.parametrize("deleted", [False, True])
def test_a_file_that_is_open_is_written_to_where_it_is(tmp_path: Path, deleted: bool) -> None:
    link = tmp_path / "link"
    with (tmp_path / "log").open("w+", encoding="utf-8") as stream:
        link.symlink_to(f"/dev/fd/{stream.fileno()}")
        if deleted:
            (tmp_path / "log").unlink()
        stream.write("before ")
        stream.flush()
        for name in (f"/dev/fd/{stream.fileno()}", f"/proc/self/fd/{stream.fileno()}", str(link)):
            with replacing(name) as file:
                file.write_text("through ")
        stream.seek(0)
        assert "before through through through " == stream.read()
    assert [link, *([] if deleted else [tmp_path / "log"])] == sorted(tmp_path.iterdir())


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_regular_file_is_refused_where_parquet_is_written(tmp_path: Path, overwrite: bool) -> None:
    fifo, socket_path = tmp_path / "fifo", tmp_path / "socket"
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(socket_path))
        for path in (fifo, socket_path, Path(os.devnull)):
            before = os.stat(path)
            with (
                pytest.raises(SettingsError, match="found no regular file; expected one to write Parquet to"),
                replacing(path, overwrite=overwrite, regular=True),
            ):
                pytest.fail("the block must not run")
            assert os.path.samestat(before, os.stat(path))


def test_a_full_device_is_told_with_its_name(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(OSError, match="No space left") as caught, replacing(fifo):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(fifo) == caught.value.filename


def test_a_file_stays_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    with replacing(target, overwrite=False) as file:
        file.write_text("first")
    with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
        check_output(target, overwrite=False)
    assert "first" == target.read_text()


@pytest.mark.parametrize(
    "way", ["itself", "another spelling", "a link", "a hard link", "an input that is a link"]
)
def test_an_input_is_never_written_over(tmp_path: Path, way: str) -> None:
    source, link = tmp_path / "trace", tmp_path / "link"
    source.write_text("precious")
    output, read = source, source
    match way:
        case "another spelling":
            output = tmp_path / ".." / tmp_path.name / "trace"
        case "a link":
            link.symlink_to(source)
            output = link
        case "a hard link":
            os.link(source, link)
            output = link
        case "an input that is a link":
            link.symlink_to(source)
            read = link
    with (
        pytest.raises(SettingsError) as caught,
        replacing(output, inputs=["s3://none/x", tmp_path / "no", read]),
    ):
        pytest.fail("the block must not run")
    assert f"{output}: is an input of this command; expected another file to write to" == str(caught.value)
    assert "precious" == source.read_text()


def test_one_device_may_be_read_and_written() -> None:
    with replacing(os.devnull, inputs=[os.devnull]) as file:
        file.write_text("gone")


def test_two_outputs_are_two_files(tmp_path: Path) -> None:
    one, link = tmp_path / "one", tmp_path / "link"
    link.symlink_to(one)
    check_distinct(("--output", one), ("--timeline", None), ("--junit", tmp_path / "two"))
    with pytest.raises(SettingsError, match=f"{link}: --output and --timeline name the same file"):
        check_distinct(("--output", one), ("--timeline", link))


def test_a_new_file_has_the_mode_that_the_mask_leaves_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("old")
    old.chmod(0o440)
    mask = os.umask(0o027)
    try:
        for path in (new, old):
            with replacing(path) as file:
                file.write_text("new")
    finally:
        os.umask(mask)
    assert [0o640, 0o440] == [stat.S_IMODE(path.stat().st_mode) for path in (new, old)]
    assert "new" == old.read_text()


def test_names_may_be_as_long_as_the_file_system_takes_them(tmp_path: Path) -> None:
    for letter in "aé":
        name = (letter * 255).encode()[:254].decode(errors="ignore")
        with replacing(tmp_path / name) as file:
            file.write_text("new")
        assert "new" == (tmp_path / name).read_text()


def test_a_file_that_cannot_grow_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "out"
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match=re.escape(str(target))) as caught, replacing(target):
        raise full
    assert (errno.ENOSPC, str(target)) == (caught.value.errno, caught.value.filename)
    assert [] == list(tmp_path.iterdir())


def test_an_error_of_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"), replacing(tmp_path / "out"):
        (tmp_path / "elsewhere").read_text()


def test_two_files_at_a_time_beside_one_another(tmp_path: Path) -> None:
    with replacing(tmp_path / ("x" * 60 + "1")) as one, replacing(tmp_path / ("x" * 60 + "2")) as two:
        assert one != two


@pytest.mark.parametrize("name", ["none/out.json", "."])
def test_a_place_that_cannot_be_written_is_named_before_any_work(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    with pytest.raises(OSError, match=re.escape(path)), replacing(path):
        pytest.fail("the block must not run")


def test_a_name_that_is_empty_or_of_a_folder_is_refused() -> None:
    with pytest.raises(SettingsError, match="found an empty name"):
        check_output("")
    with pytest.raises(IsADirectoryError):
        check_output("folder-to-be/")
