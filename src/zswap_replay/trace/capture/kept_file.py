"""A file without a name for what an import keeps until it has read all: nothing is left of it, however that ends."""

from __future__ import annotations

import os
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, ClassVar, Self

from zswap_replay.errors import TraceError


class KeptFile:
    """What keeps something in such a file; a context manager, at whose end it is gone."""

    KEPT: ClassVar[str]
    """What the file holds, as an error calls it."""

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Keep the file in ``folder``, or where temporary files are. Raises TraceError: it cannot be made."""
        self._folder = os.fspath(folder) if folder is not None else None
        try:
            self._file: IO[bytes] = TemporaryFile(dir=self._folder)  # noqa: SIM115  # closed by __exit__()
        except OSError as error:
            raise self._fault(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _fault(self, error: OSError) -> TraceError:
        where = self._folder or "the folder of temporary files"
        return TraceError(f"{where}: the {self.KEPT} of a capture cannot be kept: {error.strerror}")
