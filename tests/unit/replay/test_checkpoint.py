"""Checkpoints: a replay that goes on from one ends as one that was never stopped."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZipFile

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.many_memcgs import many_memcgs, pressed
from tests.measured_here import MeasuredHere
from tests.pressure import any_events, lived, save, tight
from zswap_replay.codec.workers import CodecWorkers
from zswap_replay.errors import CheckpointError, Interrupted, SettingsError
from zswap_replay.machine import compiled
from zswap_replay.replay import checkpoint as checkpoints
from zswap_replay.replay import page_data
from zswap_replay.replay.checkpoint import Checkpoint, Checkpoints, Every
from zswap_replay.replay.loop import replay
from zswap_replay.settings import Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

needs_core = pytest.mark.skipif(not compiled(), reason="checkpoints are of the compiled core")
KERNELS = ("6.6", "patch-v4", "6.8", "6.10", "6.12", "6.18", "7.1")


def trace(
    folder: Path,
    name: str = "t.parquet",
    *,
    rows: int = 400,
    seed: int = 5,
    start: int = 0,
    step: int = 150_000,
    **options: Any,
) -> str:
    made = []
    for number, row in enumerate(lived(any_events(Random(seed)))):
        if number == rows:
            break
        made.append({"time_ns": start + step * number, **row})
    return save(str(folder), made, name, **options)


def stopped(path: str, file: Path, settings: Settings, events: int, **options: Any) -> None:
    """Leave a checkpoint behind, written after so many events."""
    replay(path, replace(settings, max_events=events), checkpoint=file, **options)


def document(result: Any) -> Any:
    plain = result.as_json(timing=False)
    return json.dumps(plain, sort_keys=True)


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@needs_core
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("reclaim", ["k", "lru", "mglru"])
def test_a_replay_goes_on_to_the_same_counters(tmp_path: Path, kernel: str, reclaim: str) -> None:
    path = trace(tmp_path)
    settings = tight(kernel, reclaim=reclaim)
    whole = document(replay(path, settings, interval_ns=2_000_000))
    for events in (137, 400):
        stopped(path, tmp_path / "c", settings, events, interval_ns=2_000_000)
        gone_on = replay(path, settings, interval_ns=2_000_000, resume=tmp_path / "c", self_check=150)
        assert whole == document(gone_on)


@needs_core
def test_a_replay_of_many_memcgs_goes_on_to_the_same_counters(tmp_path: Path) -> None:
    """Also right behind a memcg that came anew, when the order of reclaim is old."""
    path, settings = many_memcgs(tmp_path), pressed(tmp_path, "6.12")
    whole = document(replay(path, settings))
    kinds = pq.read_table(path, columns=["event"])["event"].to_pylist()
    created = [row for row, kind in enumerate(kinds) if kind == "memcg_create" and row > 200]
    for events in (1300, created[3] + 1, created[9] + 1):
        stopped(path, tmp_path / "c", settings, events)
        assert whole == document(replay(path, settings, resume=tmp_path / "c", self_check=150))


@needs_core
@pytest.mark.parametrize("reclaim", ["k", "mglru"])
def test_what_is_summed_up_over_time_goes_on_too(tmp_path: Path, reclaim: str) -> None:
    """The clock starts late, and pages stay for so long that sums take more than 64 bits."""
    path = trace(tmp_path, start=1 << 60, step=10**15)
    settings = tight("6.12", reclaim=reclaim, page_cluster=3)
    whole = replay(path, settings, interval_ns=10**16, self_check=100)
    stopped(path, tmp_path / "c", settings, 300, interval_ns=10**16)
    written = Checkpoint.read(tmp_path / "c").document
    (held,) = (each["state"] for each in written["machine"]["objects"] if each["class"] == "mm.held.Held")
    assert max(each for each in held if isinstance(each, int)) > 1 << 64
    assert written["shortages"]
    gone_on = replay(path, settings, interval_ns=10**16, resume=tmp_path / "c")
    assert whole.over_time == gone_on.over_time
    assert whole.warnings == gone_on.warnings
    assert document(whole) == document(gone_on)


@needs_core
@pytest.mark.parametrize("kernel", ["patch-v4", "6.18"])
@pytest.mark.parametrize("lengths", ["found on the way", "found ahead"])
def test_so_does_one_whose_pages_are_compressed(
    tmp_path: Path, kernel: str, lengths: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = trace(tmp_path, rows=200)
    monkeypatch.setattr(page_data, "Ahead", MeasuredHere)
    settings = tight(kernel, lengths=None, compressor="lz4", warmup=30)
    whole = document(replay(path, settings))
    with CodecWorkers(1, pytest.fail) as workers:
        more: dict[str, Any] = {"workers": workers, "batch_rows": 7} if lengths == "found ahead" else {}
        for events in (20, 30, 120):
            stopped(path, tmp_path / "c", settings, events, **more)
            assert whole == document(replay(path, settings, resume=tmp_path / "c", **more))


@needs_core
@pytest.mark.parametrize("events", [1, 2, 3, 20])
def test_so_does_one_whose_trace_sets_zram_up(tmp_path: Path, events: int) -> None:
    """Before ``disksize`` the device has no compressor: the one of the settings is gone."""
    made = TraceBuilder().param("zram.comp_algorithm", "lz4").param("zram.disksize", "16M")
    made.param("zram.swapon", "").memcg_create("/a").memcg_set("/a", "memory.max", 20 * PAGE_SIZE)
    for page in (*range(40), *range(40)):
        made.write("/a", page)
    made.save(tmp_path / "t.parquet")
    path, settings = str(tmp_path / "t.parquet"), Settings(kernel="6.12", tier="zram")
    whole = document(replay(path, settings))
    stopped(path, tmp_path / "c", settings, events)
    assert whole == document(replay(path, settings, resume=tmp_path / "c", self_check=5))


@needs_core
def test_checkpoints_on_the_way_change_nothing_and_each_can_be_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, settings = trace(tmp_path, row_group_rows=90), tight("6.12")
    whole = document(replay(path, settings))
    kept: list[bytes] = []
    write = Checkpoints.write

    def keep(self: Checkpoints, *arguments: Any) -> None:
        write(self, *arguments)
        kept.append(Path(self.path).read_bytes())

    monkeypatch.setattr(Checkpoints, "write", keep)
    every = Checkpoints(tmp_path / "c", Every(events=70))
    assert whole == document(replay(path, settings, checkpoint=every))
    assert len(kept) >= 4
    for number, data in enumerate(kept):
        (tmp_path / str(number)).write_bytes(data)
        assert whole == document(replay(path, settings, resume=tmp_path / str(number), batch_rows=13))
    assert {"c", "t.parquet"} == {file.name for file in tmp_path.iterdir()} - set(map(str, range(len(kept))))


@needs_core
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"max_pool_percent": 5}, "settings.max_pool_percent is 4 there and 5 here"),
        ({"kernel": "6.18"}, 'settings.kernel is "6.12" there and "6.18" here'),
        ({"max_events": 100}, "more than max_events, 100"),
    ],
)
def test_it_is_of_one_replay_alone(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    path, settings = trace(tmp_path), tight("6.12")
    stopped(path, tmp_path / "c", settings, 200)
    with pytest.raises(CheckpointError, match=told):
        replay(path, replace(settings, **change), resume=tmp_path / "c")


@needs_core
@pytest.mark.parametrize(
    ("seed", "rows", "told"), [(6, 400, "the first 200 rows differ"), (5, 150, "this one has 150")]
)
def test_and_of_one_trace(tmp_path: Path, seed: int, rows: int, told: str) -> None:
    settings = tight("6.12")
    stopped(trace(tmp_path), tmp_path / "c", settings, 200)
    other = trace(tmp_path, "other.parquet", seed=seed, rows=rows)
    with pytest.raises(CheckpointError, match=told):
        replay(other, settings, resume=tmp_path / "c")


@needs_core
@pytest.mark.parametrize(
    "damage", ["cut", "text", "empty", "missing", "flipped", "other", "number", "layout"]
)
def test_a_damaged_one_is_one_clear_error(tmp_path: Path, damage: str) -> None:
    path, settings, file = trace(tmp_path), tight("6.12"), tmp_path / "c"
    stopped(path, file, settings, 200)
    data = bytearray(file.read_bytes())
    if damage == "missing":
        file.unlink()
    elif damage in ("other", "number", "layout"):
        with np.load(file) as archive:
            arrays = dict(archive)
        state = json.loads(arrays["document"].tobytes())
        if damage == "other":
            state["format"] = "checkpoint 0"
        elif damage == "layout":
            state["machine"]["objects"][0]["layout"] += 1
        else:
            state["machine"]["objects"][0]["state"].pop()
        arrays["document"] = np.frombuffer(json.dumps(state).encode(), np.uint8)
        with file.open("wb") as stream:
            np.savez(stream, **arrays)
    else:
        if damage == "flipped":
            with ZipFile(file) as archive_file:
                largest = max(archive_file.infolist(), key=lambda member: member.compress_size)
            data[largest.header_offset + largest.compress_size // 2 + 100] ^= 255
        file.write_bytes(
            {"cut": bytes(data[:5000]), "text": b"PAR1", "empty": b"", "flipped": bytes(data)}[damage]
        )
    said = "its layout is that of another version" if damage == "layout" else "c: "
    with pytest.raises(CheckpointError, match=said) as raised:
        replay(path, settings, resume=file)
    assert 1 == len(str(raised.value).splitlines())


@needs_core
def test_a_state_that_does_not_add_up_is_refused(tmp_path: Path) -> None:
    path, settings, file = trace(tmp_path), tight("6.12"), tmp_path / "c"
    stopped(path, file, settings, 200)
    with np.load(file) as archive:
        arrays = dict(archive)
    for array in arrays.values():
        if "resident" in (array.dtype.names or ()):
            array["resident"][0] += 1
    with file.open("wb") as stream:
        np.savez(stream, **arrays)
    with pytest.raises(CheckpointError, match="does not add up"):
        replay(path, settings, resume=file)


def test_an_interpreted_core_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "compiled", lambda: False)
    with pytest.raises(SettingsError, match="interpreted"):
        Checkpoints(tmp_path / "c")
    with pytest.raises(SettingsError, match="interpreted"):
        Checkpoint.read(tmp_path / "c")


@needs_core
def test_a_signal_waits_until_all_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raised inside numpy it would come out as another error."""

    def interrupted(*arguments: Any, **options: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        savez(*arguments, **options)

    savez = np.savez
    monkeypatch.setattr(np, "savez", interrupted)
    path, file, settings = trace(tmp_path, row_group_rows=90), tmp_path / "c", tight("6.12")
    writing = Checkpoints(file, Every(events=70))
    with pytest.raises(Interrupted) as caught, writing.told():
        replay(path, settings, checkpoint=writing)
    assert 70 == writing.kept
    assert (
        f"interrupted: {file} has the first {writing.kept} events; --resume {file} goes on from there"
        == str(caught.value)
    )
    monkeypatch.undo()
    assert document(replay(path, settings)) == document(replay(path, settings, resume=file))


@needs_core
def test_an_interrupt_before_the_first_checkpoint_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt) as caught, Checkpoints(tmp_path / "c").told():
        raise KeyboardInterrupt
    assert KeyboardInterrupt is caught.type


@needs_core
def test_what_a_replay_goes_on_from_is_kept_until_it_is_written_anew(tmp_path: Path) -> None:
    path, file, settings = trace(tmp_path), tmp_path / "c", tight("6.12")
    stopped(path, file, settings, 200)
    for checkpoint, kept in ((file, 200), (tmp_path / "other", 0)):
        writing = Checkpoints(checkpoint)
        writing.begin(200, Checkpoint.read(file))
        assert kept == writing.kept


@needs_core
def test_another_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SettingsError, match=r"notes\.txt: found no checkpoint; expected one"):
        Checkpoints(tmp_path / "notes.txt")
    (tmp_path / "empty").touch()
    stopped(trace(tmp_path), tmp_path / "c", tight("6.12"), 100)
    for name in ("empty", "c", "none"):
        Checkpoints(tmp_path / name)
