"""A signal that ends the program, met where a library makes another error of it."""

from __future__ import annotations

import signal

import click
import pytest

from zswap_replay.cli.main import guarded
from zswap_replay.errors import CheckpointError
from zswap_replay.replay import interrupts


def failing(error: Exception) -> click.Command:
    @click.command()
    @click.option("--stopped", is_flag=True)
    def fails(stopped: bool) -> None:
        try:
            if stopped:
                interrupts.raise_stopped(signal.SIGTERM, None)
        finally:
            raise error

    return fails


@pytest.mark.parametrize(
    "error", [ValueError("not a valid format"), CheckpointError("c: damaged"), OSError(5, "broken", "c")]
)
def test_its_status_is_the_signals(error: Exception, capfd: pytest.CaptureFixture[str]) -> None:
    fails = failing(error)
    before = signal.getsignal(signal.SIGALRM)
    try:
        assert 128 + signal.SIGTERM == guarded(fails, "p", ["--stopped"])
    finally:
        interrupts.forget_met()
        signal.signal(signal.SIGALRM, before)
    assert ("", "") == capfd.readouterr()
    if isinstance(error, ValueError):
        with pytest.raises(ValueError, match="not a valid format"):
            guarded(fails, "p", [])
    else:
        assert 2 == guarded(fails, "p", [])
        assert "p: c: " in capfd.readouterr().err
