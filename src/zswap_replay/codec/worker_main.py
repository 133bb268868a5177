"""A worker of the farm: a process that is sent contents and sends back their lengths."""

from __future__ import annotations

import signal
import sys
from multiprocessing.connection import Connection

import numpy as np

from zswap_replay.codec.batch import measure


def serve(connection: Connection) -> None:
    """Answer jobs until the other side is gone."""
    while True:
        try:
            job, contents = connection.recv()
            connection.send(measure(job, np.frombuffer(contents, np.uint64).tolist()))
        except (EOFError, OSError):
            return


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the replay's to say when a worker ends
    serve(Connection(int(sys.argv[1])))
