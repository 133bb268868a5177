"""What a search found: plain values, as the JSON of ``tune`` holds them and every view shows them."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from zswap_replay.errors import ResultError
from zswap_replay.json_value import Value
from zswap_replay.tune.shape import check_shape

SCHEMA: Final = 1
KIND: Final = "tune"
"""What the JSON says under ``kind``, its first key, by which a file of it is known."""
_BEGIN: Final = re.compile(rf'\s*{{\s*"kind"\s*:\s*"{KIND}"')


@dataclass(frozen=True, slots=True)
class Tuned:
    """A search that came to its end; the fields are the keys of its JSON."""

    traces: list[dict[str, Any]]
    """By trace: path, sha256 (None of a long one), xxh3, events."""
    settings: dict[str, Any]
    """What all points share."""
    vary: dict[str, str]
    """By axis, what was given."""
    objectives: list[str]
    """The figures with their direction, ``derived.swap_read_bytes:min``, the weightiest first."""
    constraints: list[str]
    over: str
    """How several traces count: ``worst`` or ``mean``."""
    seed: int
    points: list[dict[str, Any]]
    """Each point that was tried, the default settings first: ``settings`` (by axis, as a flag takes it; empty for the
    default ones), ``bytes`` (of an axis that is a share, by trace), ``figures`` (by column), ``marks``, ``meets``
    (whether it meets all constraints), ``front``."""
    best: int
    """The place of the answer among the points, never 0."""
    importance: dict[str, float]
    """By axis, its share in what decides the first objective; empty where nothing can be told."""
    delays: dict[str, Any] | None
    """The answer under several shrink delays: ``delays``, and by delay ``figures`` and ``met``."""
    held_out: dict[str, Any] | None
    """Candidates on the part of the trace that did not choose: see sure.HeldOut; ``points`` are their places."""
    emit: dict[str, list[str]]
    """By form, the lines that put the answer into force."""
    versions: dict[str, str]

    @property
    def answer(self) -> dict[str, Any]:
        """The best point."""
        return self.points[self.best]

    @property
    def default(self) -> dict[str, Any]:
        """The point of the default settings."""
        return self.points[0]

    @property
    def goal(self) -> str:
        """The column of the first objective."""
        return self.objectives[0].rpartition(":")[0]

    def fault(self) -> str:
        """Say why the answer is none to act on; empty where it is one."""
        if self.answer["marks"]:
            marks = ", ".join(self.answer["marks"])
            return f"every one of the {len(self.points) - 1} points is marked {marks}: the least bad is shown"
        if not self.answer["meets"]:
            missed = ", ".join(self.constraints)
            return f"none of the {len(self.points) - 1} points meets {missed}: the nearest is shown"
        return ""

    def remark(self) -> str:
        """Say where nothing that was tried is better than the default settings; empty where something is."""
        if self.fault() or self.default["marks"] or not self.default["meets"]:
            return ""
        if self.answer["figures"] != self.default["figures"]:
            return ""
        return "the default settings come out as well in all figures: on these traces nothing that was varied decides"

    def to_apply(self) -> dict[str, list[str]]:
        """Give the lines that put the answer into force, by heading; as comments where it is none to act on."""
        if not self.fault():
            return {f"To apply it ({form})": lines for form, lines in self.emit.items()}
        return {
            f"Not to be applied as it is ({form})": [f"# {line}".rstrip() for line in lines]
            for form, lines in self.emit.items()
        }

    def render(self) -> str:
        """Render as JSON."""
        document = asdict(self)
        return json.dumps({"kind": KIND, "schema": SCHEMA, **document}, indent=2) + "\n"


def is_tuned(begin: str) -> bool:
    """Tell whether a text begins as what ``render`` made."""
    return _BEGIN.match(begin) is not None


def read(name: str, text: str) -> Tuned:
    """Read what ``render`` made; ``name`` is the file's.

    Raises ResultError: it is of another version, or has a value that no search gives.
    """
    try:
        document: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ResultError(f"{name}: found no JSON ({error}); expected what zswap-replay tune wrote") from None
    if document.get("schema") != SCHEMA:
        raise ResultError(
            f"{name}: schema: found {document.get('schema')!r}; expected {SCHEMA}, which this program reads"
        )
    names = [each.name for each in fields(Tuned)]
    value = Value.of(document)
    try:
        for key in names:
            value[key]
        check_shape(value)
    except ResultError as error:
        raise ResultError(f"{name}: {error}") from None
    return Tuned(**{key: document[key] for key in names})
