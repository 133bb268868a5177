"""splitmix64, the one mixer of 64-bit integers: the same bits on every machine, whatever the packages around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cython

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB

# The same as C integers.
MASK64 = cython.declare(cython.ulonglong, MASK)
FIRST = cython.declare(cython.ulonglong, _FIRST)
SECOND = cython.declare(cython.ulonglong, _SECOND)


def mix64(value: cython.ulonglong) -> cython.ulonglong:
    """Scatter a 64-bit integer: a bijection in which every bit depends on every bit, the finaliser of splitmix64."""
    z: cython.ulonglong
    if cython.compiled:
        z = (value ^ (value >> 30)) * FIRST  # what goes beyond 64 bits is lost in C
        z = (z ^ (z >> 27)) * SECOND
    else:
        z = ((value ^ (value >> 30)) * FIRST) & MASK64
        z = ((z ^ (z >> 27)) * SECOND) & MASK64
    return z ^ (z >> 31)


def stream(key: int, count: int) -> npt.NDArray[np.uint64]:
    """Give the first ``count`` 64-bit outputs of splitmix64 started at ``key``, as an array of that many uint64.

    Written out rather than taken from numpy.random, whose methods may change their streams between versions.
    """
    import numpy as np

    return mixed(np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GAMMA) + np.uint64(key & MASK))


def mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scatter each of some 64-bit integers, as ``mix64`` does one."""
    import numpy as np

    z = (values ^ (values >> np.uint64(30))) * np.uint64(_FIRST)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_SECOND)
    return z ^ (z >> np.uint64(31))


def mix64_each(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scatter each of some 64-bit integers, 0 too, which ``mixed`` leaves where it is."""
    import numpy as np

    return mixed(values + np.uint64(_GAMMA))
