"""Points on a Dask cluster. ``distributed`` is imported here, and this module only where a scheduler was named."""

from __future__ import annotations

import logging
import os
from concurrent.futures import Future
from dataclasses import replace

from zswap_replay.errors import SweepError
from zswap_replay.payload.recipe import builtin_recipes
from zswap_replay.sweep.plan import Plan
from zswap_replay.sweep.point import Outcome, Task, inspect_worker, replay_point

try:
    from distributed import Client
    from distributed.comm import get_address_host_port
except ImportError as error:
    raise SweepError(f"--scheduler needs Dask ({error}): pip install 'zswap-replay[dask]'") from None

_PATIENCE = 5
"""Seconds in which a scheduler has to answer, and to have a worker."""


class Cluster:
    """The workers of a running scheduler, as many points at a time as they have threads."""

    def __init__(self, address: str) -> None:
        """Connect to a scheduler. Raises SweepError: no scheduler there, or none that has workers."""
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what fails is said by the sweep
        try:
            get_address_host_port(address)  # the client itself hangs on an address that is none
            self._client = Client(address, timeout=_PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise SweepError(f"--scheduler {address}: no Dask scheduler answers: {error}") from None
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            self._client.close()
            raise SweepError(f"--scheduler {address}: the scheduler has no workers") from None
        self._executor = self._client.get_executor(pure=False)
        self.slots = sum(self._client.nthreads().values())

    @classmethod
    def for_plan(cls, address: str, plan: Plan) -> Cluster:
        """Connect to a cluster whose workers can all replay a plan's points.

        Raises SweepError: there is none, or a worker cannot read the trace, or has other versions than this process.
        """
        cluster = cls(address)
        try:
            cluster.check(plan)
        except BaseException:
            cluster.close()
            raise
        return cluster

    def check(self, plan: Plan) -> None:
        """Refuse a worker that would fail, or count otherwise. Raises SweepError: the first one, by address."""
        points = plan.grid.points.varying("compressor", "kernel", "lengths")
        chosen = [plan.settings[point] for point in points]
        pairs = {(each.compressor, each.kernel) for each in chosen if not each.lengths}
        compressors = tuple(sorted(pairs))
        answers = self._client.run(
            inspect_worker, _anywhere(plan.task(0, {})), compressors, on_error="return"
        )
        for worker, answer in sorted(answers.items()):
            if isinstance(answer, BaseException):
                raise SweepError(f"Dask worker {worker}: {answer}")
            for name, version in plan.manifest["versions"].items():
                if answer.get(name) != version:
                    found = answer.get(name, "no version")
                    raise SweepError(
                        f"Dask worker {worker}: found {name} {found}; expected {version}, as here"
                    )

    def submit(self, task: Task) -> Future[Outcome]:
        """Start a point on a worker of the scheduler's choice."""
        future: Future[Outcome] = self._executor.submit(replay_point, _anywhere(task))
        return future

    def close(self) -> None:
        """Drop the points that have not ended, and leave."""
        self._executor.shutdown(wait=False)
        self._client.close()


def _anywhere(task: Task) -> Task:
    """Return a task whose files are named so that a worker with another working folder finds them."""

    def whole(path: str | None) -> str | None:
        return os.path.abspath(path) if path and "://" not in path and os.path.exists(path) else path

    settings = task.settings
    recipe = settings.recipe if settings.recipe in builtin_recipes() else whole(settings.recipe)
    return replace(
        task,
        trace=whole(task.trace) or task.trace,
        shared=None,
        settings=replace(
            settings,
            recipe=recipe or settings.recipe,
            payload_file=whole(settings.payload_file),
            lengths=whole(settings.lengths),
        ),
    )
