"""Least squares with weights that are not negative."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

_ENOUGH: Final = 1e-10


def nonnegative(columns: Matrix, wanted: Matrix, rounds: int = 400) -> Matrix:
    """Return weights of 0 or more with which ``columns`` sum up nearest to ``wanted``, in squares.

    The active-set method of Lawson and Hanson (Solving Least Squares Problems, 1974, chapter 23), which ends after
    ``rounds`` with the best weights so far.
    """
    gram, target = columns.T @ columns, columns.T @ wanted
    weights = np.zeros(columns.shape[1])
    active = np.zeros(columns.shape[1], np.bool_)
    least = _ENOUGH * max(float(np.abs(target).max(initial=0.0)), 1.0)
    for _ in range(rounds):
        slope = target - gram @ weights
        slope[active] = -np.inf
        if not slope.size or slope.max() <= least:
            break
        active[int(slope.argmax())] = True
        while True:
            best = np.zeros_like(weights)
            chosen = np.flatnonzero(active)
            best[chosen] = np.linalg.lstsq(gram[np.ix_(chosen, chosen)], target[chosen], rcond=None)[0]
            low = active & (best <= 0)
            if not low.any():
                weights = best
                break
            # as far towards the best as no weight becomes negative; the first that is 0 is given up
            steps = weights[low] / np.maximum(weights[low] - best[low], 1e-300)
            weights = weights + float(steps.min()) * (best - weights)
            active &= weights > _ENOUGH
            weights[~active] = 0.0
            if not active.any():
                break
    return weights
