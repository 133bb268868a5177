"""The file of results: the JSON that ``zswap-replay run --format json`` writes, written and read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from os import PathLike, fspath

from zswap_replay.errors import ResultError
from zswap_replay.files import shown
from zswap_replay.inputs.spool import path_of
from zswap_replay.json_value import Value
from zswap_replay.result.result import SCHEMA, Result


def read_results(path: str | PathLike[str]) -> tuple[Result, ...]:
    """Read the results of a file, one or, where the file has ``runs``, several, in its order; ``-`` is standard input.

    Raises ResultError: the file cannot be read, is no JSON, or lacks a key or holds a value of the wrong kind there;
    the text names the file, the key, what was found and what was expected. SchemaError, which is one: another schema.
    """
    name = shown(path)
    try:
        with open(path_of(fspath(path)), encoding="utf-8") as file:
            document = Value(json.load(file))
    except OSError as error:
        raise ResultError(f"{name}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # no JSON, or bytes that are not UTF-8
        raise ResultError(
            f"{name}: found no JSON ({error}); expected what `zswap-replay run --format json` writes"
        ) from None
    try:
        runs = list(document["runs"].list()) if "runs" in document else [document]
        if not runs:
            raise document["runs"].fault("at least one run")
        return tuple(Result.from_json(run) for run in runs)
    except ResultError as error:
        raise type(error)(f"{name}: {error}") from None


def render(results: Sequence[Result], *, timing: bool) -> str:
    """Write one object for one result; for several, an object whose ``runs`` holds one such object each."""
    runs = [result.as_json(timing=timing) for result in results]
    document = runs[0] if len(runs) == 1 else {"schema": SCHEMA, "runs": runs}
    return json.dumps(document, indent=2) + "\n"
