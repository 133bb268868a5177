"""Check that the JSON of a search has all that its views show, each value of its kind: a file can be edited."""

from __future__ import annotations

import math
from collections.abc import Collection

from zswap_replay.errors import SettingsError
from zswap_replay.json_value import Value
from zswap_replay.units import parse_amount


def check_shape(document: Value) -> None:
    """Check a document whose keys are those of Tuned. Raises ResultError: the first value that cannot be."""
    vary = document["vary"].texts()
    for trace in document["traces"].list():
        trace["path"].text()
        trace["events"].integer()
        trace["sha256"]
    document["settings"].table()
    document["seed"].integer()
    document["over"].text()
    document["versions"].table()
    _texts(document["constraints"])
    for lines in _values(document["emit"]):
        _texts(lines)
    for share in _values(document["importance"]):
        share.number()
    columns = _check_points(document, vary)
    objectives = list(document["objectives"].list())
    if not objectives:
        raise document["objectives"].fault("at least one")
    for each in objectives:
        if each.text().rpartition(":")[0] not in columns:
            raise each.fault("a figure of the points and its direction")
    _check_delays(document["delays"])
    goal = objectives[0].text().rpartition(":")[0]
    _check_held_out(document["held_out"], goal, len(list(document["points"].list())))


def _check_points(document: Value, vary: dict[str, str]) -> Collection[str]:
    """Check the points, and return the columns of their figures."""
    points = list(document["points"].list())
    best = document["best"]
    if not 0 < best.integer() < len(points):
        raise best.fault(f"the place of one of {len(points)} points, the first of them apart")
    columns = list(points[0]["figures"].table())
    for place, point in enumerate(points):
        settings = point["settings"].texts()
        if settings.keys() != (vary.keys() if place else set()):
            raise point["settings"].fault(", ".join(vary) if place else "none, of the default settings")
        for name, value in point["settings"].items():
            if ".." in vary[name]:
                _check_amount(value)
        for sizes in _values(point["bytes"]):
            for size in sizes.list():
                size.integer()
        if point["figures"].table().keys() != set(columns):
            raise point["figures"].fault(", ".join(columns))
        for value in _values(point["figures"]):
            _number_or_none(value)
        _texts(point["marks"])
        point["meets"].flag()
        if point["front"].flag() and not place:
            raise point["front"].fault("false, of the default settings")
    return columns


def _check_amount(value: Value) -> None:
    """Check a setting of a range: an amount, or a share of a working set or of RAM."""
    text = value.text()
    share = text.removesuffix("ws").removesuffix("%")
    try:
        known = math.isfinite(float(share) if share != text else parse_amount(text))
    except (ValueError, SettingsError):
        known = False
    if not known:
        raise value.fault("a value of a range")


def _check_delays(delays: Value) -> None:
    if delays.content is None:
        return
    many = len([each.integer() for each in delays["delays"].list()])
    for values in _values(delays["figures"]):
        _numbers(values, many)
    met = delays["met"]
    if len([each.flag() for each in met.list()]) != many:
        raise met.fault(f"{many} of them")


def _check_held_out(held: Value, goal: str, points: int) -> None:
    if held.content is None:
        return
    for key in ("percent", "chosen", "better"):
        held[key].integer()
    places = list(held["points"].list())
    for place in places:
        if not 0 <= place.integer() < points:
            raise place.fault(f"the place of one of {points} points")
    _numbers(held["figures"][goal], len(places))
    _number_or_none(held["default"][goal])


def _numbers(values: Value, many: int) -> None:
    found = list(values.list())
    for value in found:
        _number_or_none(value)
    if len(found) != many:
        raise values.fault(f"{many} numbers")


def _number_or_none(value: Value) -> None:
    if value.content is not None:
        value.number()


def _values(table: Value) -> list[Value]:
    return [table[key] for key in table.table()]


def _texts(values: Value) -> None:
    for each in values.list():
        each.text()
