"""The errors that end a command with one clear line and an exit status of their own."""


class ZswapReplayError(Exception):
    """Base of every error that is the user's to mend; its text is one line made for people."""

    exit_code = 2


class TraceError(ZswapReplayError):
    """A trace that does not keep to the format, at a place that the text names."""


class SettingsError(ZswapReplayError):
    """A setting, a limit or an option whose value cannot be used."""


class RecipeError(ZswapReplayError):
    """A payload recipe that cannot be read or does not add up."""


class CodecError(ZswapReplayError):
    """A compressor that is unknown, not installed, or refuses its level."""


class ResultError(ZswapReplayError):
    """A file of results that cannot be read, at a key that the text names."""


class SchemaError(ResultError):
    """Results in a form that another version of this program writes."""


class VerificationError(ZswapReplayError):
    """A page that did not come back from the pool as it went in."""

    exit_code = 1
