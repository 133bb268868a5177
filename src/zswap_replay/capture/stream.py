"""The trace of a capture on its way to a packed file."""

from __future__ import annotations

import gzip
import os
import select
import time
import zlib
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

_READ_BYTES = 1 << 16
_LEVEL = 1
"""gzip's fastest: its cost is what counts beside a machine that is measured."""
_FLUSH_SECONDS = 1.0
"""How much of a capture is lost when its process is killed; what was flushed can be read."""


class Stream:
    """Reads ``trace_pipe`` and writes what it holds, packed, to a file of its own."""

    def __init__(self, pipe: int, path: Path) -> None:
        """Take the descriptor of the trace, which is closed at the end, and the file to make."""
        self._pipe = pipe
        self._raw: BinaryIO = open(path, "xb")  # noqa: SIM115  # it is closed at the end of this context
        self._file = gzip.GzipFile("", "wb", _LEVEL, self._raw, mtime=0)
        self._poll = select.poll()
        self._poll.register(pipe, select.POLLIN)
        self._flushed = time.monotonic()
        self.read_bytes = 0
        """Bytes of text so far."""

    @property
    def written_bytes(self) -> int:
        """Bytes of the file so far, but for what is not packed yet."""
        return self._raw.tell()

    def pump(self, seconds: float) -> None:
        """Wait so long for more, and take all that there is. Raises OSError: the file cannot be written."""
        until = time.monotonic() + seconds
        self._poll.poll(seconds * 1000)
        if not self.drain():
            # it is at its end, as a file is; or less is there than wakes a reader
            time.sleep(max(0.0, until - time.monotonic()))
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self._file.flush(zlib.Z_SYNC_FLUSH)
            self._flushed = time.monotonic()

    def drain(self) -> int:
        """Take all that there is now; return the bytes."""
        taken = 0
        while True:
            try:
                data = os.read(self._pipe, _READ_BYTES)
            except BlockingIOError:
                data = b""
            if not data:
                self.read_bytes += taken
                return taken
            self._file.write(data)
            taken += len(data)

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._pipe)
        try:
            self._file.close()
        finally:
            self._raw.close()
