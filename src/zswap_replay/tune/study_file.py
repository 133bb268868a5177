"""The file of a study: what came of each point, kept as it is known, so that a search that was killed goes on.

It is a journal of Optuna's, which its dashboard reads. A search that goes on makes the same choices anew, and takes
from here what it need not replay: so its answer is that of one that was not killed.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Final

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import create_trial

from zswap_replay.errors import SweepError
from zswap_replay.files import naming_full_file
from zswap_replay.sweep.journal import check_same, lock

optuna.logging.set_verbosity(optuna.logging.ERROR)

_NAME: Final = "zswap-replay"
_IDENTITY: Final = "identity"
_ROWS: Final = "rows"
_BEGIN: Final = b'{"'
"""What every line of the file begins with."""


class _Held(JournalFileOpenLock):
    """The lock of a file that this process holds from beginning to end."""

    def acquire(self) -> bool:
        """Do nothing."""
        return True

    def release(self) -> None:
        """Do nothing."""


class StudyFile:
    """An open file; no other search can open it until it is closed."""

    def __init__(self, path: str, identity: Mapping[str, Any], *, goals: int, force: bool = False) -> None:
        """Open the file of a study with that number of goals, made if it is not there; with ``force`` it starts anew.

        Raises SweepError: it is of another study, or of none, or another search has it open. OSError: it cannot be
        written.
        """
        self.path = path
        self._file = _locked(path)
        try:
            _mend(self._file, path, force=force)
            with naming_full_file(path):
                self._study = _load(path, goals)
                self._begin(identity)
            self.known = _kept(self._study, path)
            """What is kept, by the label of the point."""
        except BaseException:
            self._file.close()
            raise

    def _begin(self, identity: Mapping[str, Any]) -> None:
        found = self._study.user_attrs.get(_IDENTITY)
        if found is None:
            self._study.set_user_attr(_IDENTITY, identity)
        else:
            check_same(self.path, found, identity, "study")

    def add(self, label: str, rows: Sequence[Mapping[str, Any]], values: Sequence[float]) -> None:
        """Keep what came of a point; it is on the disk when this returns."""
        kept = [dict(row) for row in rows]
        with naming_full_file(self.path):
            self._study.add_trial(
                create_trial(
                    params={"point": label},
                    distributions={"point": CategoricalDistribution((label,))},
                    values=list(values),
                    user_attrs={_ROWS: kept},
                )
            )
            os.fsync(self._file.fileno())
        self.known[label] = kept

    def close(self) -> None:
        """Leave the file to the next search."""
        self._file.close()


def _locked(path: str) -> BinaryIO:
    file = open(path, "a+b")  # noqa: SIM115 - open as long as the search runs
    lock(file, path, "search")
    return file


def _mend(file: BinaryIO, path: str, *, force: bool) -> None:
    """Cut off a last line that was not written to its end. Raises SweepError: the file is none of a study."""
    file.seek(0)
    kept = b"" if force else file.read()
    if kept and not kept.startswith(_BEGIN):
        raise _no_study(path)
    file.truncate(kept.rfind(b"\n") + 1)


def _load(path: str, goals: int) -> optuna.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Optuna calls experimental
        try:
            storage = JournalStorage(JournalFileBackend(path, lock_obj=_Held(path)))
            return optuna.create_study(
                storage=storage,
                study_name=_NAME,
                directions=["minimize"] * goals,
                load_if_exists=True,
            )
        except (ValueError, LookupError, TypeError, AttributeError, AssertionError):
            raise _no_study(path) from None


def _kept(study: optuna.Study, path: str) -> dict[str, list[dict[str, Any]]]:
    """Return what came of each point that a study has. Raises SweepError: it lacks that, as nothing here wrote it."""
    try:
        return {trial.params["point"]: trial.user_attrs[_ROWS] for trial in study.trials}
    except LookupError:
        raise _no_study(path) from None


def _no_study(path: str) -> SweepError:
    return SweepError(f"{path}: found no file of a study; --force starts anew")
