"""The file of results: the JSON that ``zswap-replay run --format json`` writes, written and read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from json.encoder import encode_basestring_ascii as quoted
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


def chunks(results: Sequence[Result], *, timing: bool) -> Iterator[str]:
    """Write what render() does, in pieces: one snapshot at a time is in memory."""
    several = len(results) != 1
    if several:
        yield f'{{\n  "schema": {SCHEMA},\n  "runs": [\n    '
    for number, result in enumerate(results):
        yield from _run(result, 2 if several else 0, ",\n    " if several and number else "", timing=timing)
    yield "\n  ]\n}\n" if several else "\n"


def _run(result: Result, level: int, before: str, *, timing: bool) -> Iterator[str]:
    document = replace(result, snapshots=(result.end,)).as_json(timing=timing)
    document["cost"] = result.cost  # of all snapshots
    pad = "\n" + "  " * (level + 1)
    yield f"{before}{{"
    for number, (key, value) in enumerate(document.items()):
        yield f"{',' if number else ''}{pad}{quoted(key)}: "
        if key == "snapshots":
            for place, snapshot in enumerate(result.snapshots):
                yield f"{',' if place else '['}{pad}  {_text(snapshot.as_json(), level + 2)}"
            yield f"{pad}]"
        else:
            yield _text(value, level + 1)
    yield f"{pad[:-2]}}}"


def _text(value: object, level: int) -> str:
    """Give what json.dumps() with an indent of 2 does, and faster: it has no C for an indent."""
    pad = "\n" + "  " * (level + 1)
    if isinstance(value, dict) and value:
        items = (
            f"{quoted(key)}: {item if type(item) is int else _text(item, level + 1)}"
            for key, item in value.items()
        )
        return f"{{{pad}{f',{pad}'.join(items)}{pad[:-2]}}}"
    if isinstance(value, list | tuple) and value:
        return f"[{pad}{f',{pad}'.join(_text(item, level + 1) for item in value)}{pad[:-2]}]"
    return json.dumps(value)


def render(results: Sequence[Result], *, timing: bool) -> str:
    """Write one object for one result; for several, an object whose ``runs`` holds one such object each."""
    return "".join(chunks(results, timing=timing))
