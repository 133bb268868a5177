"""The warm program goes on whatever one of those that ask it does."""

from __future__ import annotations

import socket
import subprocess

import pytest

from tests import warm


@pytest.mark.parametrize(
    "said", [b"", b"\x00", b"\x00\x00\x00\x09", b"\x00\x00\x00\x02{}", b"\x00\x00\x00\x02{]"]
)
def test_a_client_that_leaves_too_early_does_no_harm(said: bytes) -> None:
    program = warm.program()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(program[-1])
        if said:
            socket.send_fds(client, [said], [0, 1, 2])
    done = subprocess.run([*program, "--version"], capture_output=True, text=True, timeout=60, check=False)
    assert (0, True) == (done.returncode, done.stdout.startswith("zswap-replay "))
