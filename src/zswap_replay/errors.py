"""The errors that end a command, each with one line for people and an exit status."""

from typing import Any


class ZswapReplayError(Exception):
    """The base of all errors that a user can mend; the text is one line for people."""

    exit_code = 2


class TraceError(ZswapReplayError):
    """A trace that cannot be read or written, or breaks the format; the text names the file and the place."""


class SettingsError(ZswapReplayError):
    """A setting, a limit or an option whose value cannot be used."""


class RecipeError(ZswapReplayError):
    """A payload recipe that cannot be read or does not add up."""


class CodecError(ZswapReplayError):
    """A compressor that is unknown, not installed, or refuses its level."""


class MemorySourceError(ZswapReplayError):
    """A process, a dump or an image whose pages cannot be measured; the text names it."""


class CostError(ZswapReplayError):
    """A cost profile that cannot be read, or lacks what is to be costed; the text names the file and the key."""


class ResultError(ZswapReplayError):
    """A file of results that cannot be read; the text names the key."""


class SchemaError(ResultError):
    """Results in a format of another version of this program."""


class SweepError(ZswapReplayError):
    """A sweep that cannot begin, or cannot go on from what an earlier one left."""


class Stopped(KeyboardInterrupt):
    """A signal that asks the program to end: what Ctrl-C undoes and keeps, this does too."""

    def __init__(self, exit_code: int) -> None:
        super().__init__()
        self.exit_code = exit_code


class Interrupted(KeyboardInterrupt):
    """Work that was interrupted, and keeps something; the text says what."""

    def __init__(self, kept: str, stop: KeyboardInterrupt) -> None:
        """Take what is kept, and what interrupted: Ctrl-C, or a signal that asks the program to end."""
        super().__init__(f"interrupted: {kept}")
        self.exit_code = stop.exit_code if isinstance(stop, Stopped) else 130


class VerificationError(ZswapReplayError):
    """Pages that did not come back from the pool as they went in; the text names compressor and contents."""

    exit_code = 1

    def __init__(self, text: str, result: Any = None) -> None:
        super().__init__(text)
        self.result = result
        """What was replayed all the same, a result.Result, where ``replay()`` raises this; None elsewhere."""


class CheckpointError(ZswapReplayError):
    """A checkpoint that cannot be read, or of another trace, settings or version; the text names what differs."""


class SelfCheckError(ZswapReplayError):
    """Sums that are not what was counted again: a fault of this program, and no result."""

    exit_code = 1


class MissingPackageError(ZswapReplayError, ImportError):
    """An optional package that is not installed."""
