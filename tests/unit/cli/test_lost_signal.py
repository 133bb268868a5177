"""A signal that ends the program, met where a library makes another error of it."""

from __future__ import annotations

import signal

import click
import pytest

from zswap_replay import interrupts
from zswap_replay.cli.main import guarded


@click.command()
@click.option("--stopped", is_flag=True)
def fails(stopped: bool) -> None:
    try:
        if stopped:
            interrupts.raise_stopped(signal.SIGTERM, None)
    finally:
        raise ValueError("not a valid format")


def test_its_status_is_the_signals(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGALRM)
    try:
        assert 128 + signal.SIGTERM == guarded(fails, "p", ["--stopped"])
    finally:
        interrupts.forget_met()
        signal.signal(signal.SIGALRM, before)
    assert ("", "") == capfd.readouterr()
    with pytest.raises(ValueError, match="not a valid format"):
        guarded(fails, "p", [])
