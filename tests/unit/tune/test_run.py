from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.unit.tune.traces import fixed, lengths, loop, percent, stores
from zswap_replay.errors import SweepError
from zswap_replay.sweep.alike import Alike
from zswap_replay.sweep.point import Outcome, Task
from zswap_replay.sweep.workers import Here, PointError, Processes
from zswap_replay.tune import result
from zswap_replay.tune.result import Tuned
from zswap_replay.tune.run import tune
from zswap_replay.tune.space import make_choices
from zswap_replay.tune.study_file import StudyFile


def search(folder: Path, study: str | None = None, jobs: int = 1, **more: object) -> Tuned:
    return tune(
        [stores(folder), loop(folder)],
        (percent(1, 90), make_choices("zpool", ("zsmalloc", "zbud"), ("zsmalloc", "zbud"))),
        fixed(lengths=lengths(folder, 1000), totalram=1000 * 4096, kernel="6.12"),
        minimize=["swap_write_bytes"],
        subject_to=["oom==0"],
        replays=14,
        jobs=jobs,
        study=study,
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tune")


@pytest.fixture(scope="module")
def whole(folder: Path) -> Tuned:
    return search(folder)


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_the_answer_does_not_depend_on_the_number_of_processes(
    folder: Path, whole: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = Processes.submit

    def without_the_files(self: Processes, task: Task) -> Future[Outcome]:
        for trace in ("stores", "loop"):  # their rows are there, for other processes too
            (folder / f"{trace}.parquet").unlink(missing_ok=True)
        return submit(self, task)

    monkeypatch.setattr(Processes, "submit", without_the_files)
    assert whole.render() == search(folder, jobs=2).render()


def test_a_search_that_was_killed_goes_on_to_the_same_answer(
    folder: Path, whole: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = folder / "killed.study"
    submitted: list[object] = []
    submit = Here.submit

    def killed(self: Here, task: object) -> object:
        submitted.append(task)
        if len(submitted) == 16:
            raise KeyboardInterrupt
        return submit(self, task)  # type: ignore[arg-type]

    def counted(self: Here, task: object) -> object:
        submitted.append(task)
        return submit(self, task)  # type: ignore[arg-type]

    monkeypatch.setattr(Alike, "find", lambda *_: None)  # so that each point is a replay
    monkeypatch.setattr(Here, "submit", killed)
    with pytest.raises(KeyboardInterrupt, match=r"points kept in .*killed\.study"):
        search(folder, str(study))
    with study.open("ab") as file:
        file.write(b'{"op_code": 4, "wor')  # as a kill leaves it
    first = len(submitted)
    assert whole.render() == search(folder, str(study)).render()
    again = len(submitted) - first
    submitted.clear()
    monkeypatch.setattr(Here, "submit", counted)
    assert whole.render() == search(folder, str(study)).render()
    assert 0 < len(submitted) < again


@pytest.mark.parametrize(
    "damage", [('"rows"', '"rwos"'), ('"op_code":4', '"op_code":99'), ('"params"', '"prams"')]
)
def test_a_study_that_was_edited_is_refused_in_one_line(tmp_path: Path, damage: tuple[str, str]) -> None:
    path = tmp_path / "s.study"
    study = StudyFile(str(path), {}, goals=1)
    study.add("point", [{"a": 1}], [1.0])
    study.close()
    text = path.read_text()
    assert damage[0] in text
    path.write_text(text.replace(*damage))
    with pytest.raises(SweepError, match=r"s\.study: found no file of a study; --force starts anew"):
        StudyFile(str(path), {}, goals=1)
    StudyFile(str(path), {}, goals=1, force=True).close()


def test_a_file_of_another_study_or_of_none_is_left_alone(folder: Path) -> None:
    other = folder / "notes.txt"
    other.write_text("no study, and no line's end")
    with pytest.raises(SweepError, match="found no file of a study; --force starts anew"):
        search(folder, str(other))
    assert "no study, and no line's end" == other.read_text()
    study = folder / "other.study"
    search(folder, str(study), hold_out=0)
    with pytest.raises(SweepError, match="holds another study: "):
        tune(
            [stores(folder)],
            (percent(1, 3),),
            minimize=["swap_write_bytes"],
            replays=2,
            jobs=1,
            study=str(study),
        )


def test_the_answer_has_all_that_is_asked_of_it(folder: Path, whole: Tuned) -> None:
    again = result.read("tune.json", whole.render())
    assert again == whole
    assert [1, 4, 16] == list(whole.delays["delays"])  # type: ignore[index]
    assert 25 == whole.held_out["percent"]  # type: ignore[index]
    assert {"max_pool_percent", "zpool"} == set(whole.importance)
    assert pytest.approx(1) == sum(whole.importance.values())
    assert whole.points[whole.best]["front"]
    assert {} == whole.default["settings"]
    assert not whole.default["front"]


def test_a_replay_that_fails_names_its_point(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submit = Here.submit
    submitted: list[Task] = []

    def failing(self: Here, task: Task) -> Future[Outcome]:
        submitted.append(task)
        if len(submitted) <= 2:  # the default settings, with each trace
            return submit(self, task)
        future: Future[Outcome] = Future()
        future.set_exception(PointError("its worker was killed", 1))
        return future

    monkeypatch.setattr(Here, "submit", failing)
    with pytest.raises(SweepError, match=r"^max_pool_percent=\d+ zpool=\w+: its worker was killed$"):
        search(folder)


def test_points_that_cannot_differ_are_replayed_once(
    folder: Path, whole: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = Here.submit
    submitted: list[Task] = []

    def counted(self: Here, task: Task) -> Future[Outcome]:
        submitted.append(task)
        return submit(self, task)

    monkeypatch.setattr(Here, "submit", counted)
    search(folder)
    some = len(submitted)
    submitted.clear()
    monkeypatch.setattr(Alike, "find", lambda *_: None)
    assert whole.render() == search(folder).render()
    assert some < len(submitted)
