"""Optuna: which points of a large space to try next, and how much each axis decides.

This module alone imports its samplers, and is imported where a space is too large to be tried whole, or has several
axes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, Trial, TrialState

from zswap_replay.tune.space import Axis, Choices, Places, Range

_LARGE: Final = 1e30
"""Stands for infinity, which Optuna does not take."""
_MISSED: Final = "missed"
_STARTED: Final = 8
"""Points that are picked at random before what came of others is looked at."""

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Sampler:
    """A study in memory: it is told what came of points, and asked for more."""

    def __init__(self, axes: tuple[Axis, ...], goals: int, seed: int) -> None:
        self._axes = axes
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=_STARTED)
        self._study = optuna.create_study(directions=["minimize"] * goals, sampler=sampler)
        self._distributions = {axis.name: _distribution(axis) for axis in axes}
        self._asked: list[Trial] = []

    def ask(self, points: int) -> list[Places]:
        """Pick points, of which some may have been tried; all must be told before more are picked."""
        self._asked = [self._study.ask(self._distributions) for _ in range(points)]
        return [tuple(int(trial.params[axis.name]) for axis in self._axes) for trial in self._asked]

    def tell_asked(self, came: Iterable[tuple[Sequence[float], Sequence[float]] | None]) -> None:
        """Tell the costs of the points that were asked for, and what they miss; None for one that was not tried."""
        for trial, each in zip(self._asked, came, strict=True):
            if each is None:
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                self._tell(trial, *each)

    def tell(self, places: Places, costs: Sequence[float], missed: Sequence[float]) -> None:
        """Tell the costs of a point that was not asked for, and by how much it misses what it has to meet."""
        self._study.enqueue_trial({axis.name: place for axis, place in zip(self._axes, places, strict=True)})
        self._tell(self._study.ask(self._distributions), costs, missed)

    def _tell(self, trial: Trial, costs: Sequence[float], missed: Sequence[float]) -> None:
        trial.set_user_attr(_MISSED, sum(missed))
        for number, value in enumerate(missed):
            trial.set_constraint(str(number), value)
        self._study.tell(trial, [min(max(cost, -_LARGE), _LARGE) for cost in costs])

    def importance(self) -> dict[str, float]:
        """Tell how much each axis decides about the first cost, as shares of 1, by Optuna's PED-ANOVA."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a target is to be small, as this one is
            found: Mapping[str, float] = get_param_importances(
                self._study, evaluator=PedAnovaImportanceEvaluator(), target=_target
            )
        whole = sum(found.values())
        return {axis.name: found[axis.name] / whole for axis in self._axes} if whole else {}


def _target(trial: FrozenTrial) -> float:
    """Give the first cost of a trial; of one that is not to be the answer, more than that of any other."""
    missed: float = trial.user_attrs[_MISSED]
    return _LARGE * (1 + missed) if missed else trial.values[0]


def _distribution(axis: Axis) -> BaseDistribution:
    if isinstance(axis, Range):
        return IntDistribution(axis.first, axis.last, log=axis.by_factors)
    assert isinstance(axis, Choices)
    choices: Any = range(axis.last + 1)
    return CategoricalDistribution(tuple(choices))
