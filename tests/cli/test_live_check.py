"""``zswap-replay live-check`` and ``trace import capture``: what they print, their status, and what they write."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests import captures
from tests.captures import MINI, RECORDED, Kernel, trace_pipe
from zswap_replay.cli.main import PROGRAM, cli, guarded

LOST = RECORDED / "lost-events.txt.xz"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """The status, and what is printed on standard output and on standard error."""
    status = guarded(cli, PROGRAM, [str(each) for each in arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_capture_that_is_equal_says_so_last(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "live-check", MINI)
    assert (0, "") == (status, err)
    lines = out.splitlines()
    assert f"{MINI}: Linux 6.12.117+deb12-amd64, replayed as 6.12" == lines[0]
    assert "  zswpout          0 =  445 =  531 =      531 =   593 =  593 =" in lines
    assert "equal 174 of 174" == lines[-1]
    assert "what differs" not in out


def test_what_differs_is_told_and_is_the_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = json.loads((MINI.parent / "mini.counters.json").read_text(encoding="utf-8"))
    saved[2]["vmstat"]["zswpin"] += 1000
    saved[-1]["zswap"]["stored_pages"] = 3
    other = tmp_path / "other.json"
    other.write_text(json.dumps(saved), encoding="utf-8")
    status, out, _ = run(capsys, "live-check", MINI, "--counters", other)
    assert 1 == status
    assert "equal 172 of 174" == out.splitlines()[-1]
    assert "1,090 ! 90" in out
    status, out, _ = run(capsys, "live-check", MINI, "--counters", other, "--format", "json")
    assert 1 == status
    assert json.loads(out) == {
        "equal": 172,
        "compared": 174,
        "differences": [
            {"snapshot": "db", "name": "vmstat zswpin", "captured": 1090, "replayed": 90},
            {"snapshot": "end", "name": "zswap stored_pages", "captured": 3, "replayed": 0},
        ],
    }


def test_events_that_are_missing_are_said_and_are_the_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = "warning: zswpout: the kernel counted 555, 45 were captured: 510 of 555 are missing"
    status, out, err = run(capsys, "live-check", LOST, "--format", "json")
    assert 1 == status
    assert missing in err
    assert 20 == json.loads(out)["compared"]
    status, out, err = run(capsys, "trace", "import", "capture", LOST, "-o", tmp_path / "t.parquet")
    assert 1 == status
    assert missing in err
    assert "3,998 events were lost" in err
    assert {"t.parquet", "t.lengths.parquet"} == {path.name for path in tmp_path.iterdir()}


def test_an_import_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "t.parquet"
    status, out, err = run(capsys, "trace", "import", "capture", MINI, "-o", output)
    said = "charged besides these pages: /t:file=116K, /t/db:file=412K, /t/web:file=612K"
    assert (0, f"zswap-replay: {said}\n") == (status, err)
    assert f"written: {output}, {tmp_path / 't.lengths.parquet'}" == out.splitlines()[-1]
    assert "stores                     824" in out
    status, _, err = run(capsys, "trace", "import", "capture", MINI, "-o", output)
    assert 2 == status
    assert "is there already; --force overwrites it" in err
    status, _, _ = run(capsys, "trace", "import", "capture", MINI, "-o", output, "-f")
    assert 0 == status


def test_a_folder_is_checked_as_its_text_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("counters.json", "env.txt"):
        shutil.copy(MINI.parent / f"mini.{name}", tmp_path / name)
    shutil.copy(MINI, tmp_path / "trace.txt.xz")
    status, out, _ = run(capsys, "live-check", tmp_path)
    assert (0, "equal 174 of 174") == (status, out.splitlines()[-1])


def test_what_a_check_cannot_do_without_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = Kernel()
    kernel.store(1)
    path = captures.write(tmp_path, trace_pipe(kernel.events), env=None)
    status, _, err = run(capsys, "live-check", path)
    assert 2 == status
    assert "expected NAME.counters.json, or --counters FILE" in err
    captures.write(tmp_path, trace_pipe(kernel.events), [captures.counters("end")], env=None)
    status, _, err = run(capsys, "live-check", path)
    assert 2 == status
    assert "expected NAME.env.txt, --env FILE or --kernel" in err
    status, _, err = run(capsys, "live-check", path, "--kernel", "6.12")
    assert 2 == status
    assert "the memory of its machine" in err
    status, _, err = run(capsys, "live-check", tmp_path / "none.txt")
    assert 2 == status
    assert "none.txt: cannot be opened: No such file or directory" in err
