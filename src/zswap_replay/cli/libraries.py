"""What libraries read in the environment of the program, where its user has not said it."""

from __future__ import annotations

import os

_PREFERRED = {
    # Arrow's own choice of an allocator keeps 20 MB more for a trace that is read batch by batch, and is no faster
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    # numpy's threads for linear algebra spin while they wait: 0.1 s of a processor for each process; `memory fit` alone
    # uses linear algebra, on small matrices
    "OPENBLAS_NUM_THREADS": "1",
}
_set: list[str] = []


def prefer() -> None:
    """Set what is not set, before the libraries are imported."""
    for name, value in _PREFERRED.items():
        if name not in os.environ:
            os.environ[name] = value
            _set.append(name)


def forget() -> None:
    """Take away what was set: a program of the user's that is started here has the environment that it would have."""
    while _set:
        os.environ.pop(_set.pop(), None)
