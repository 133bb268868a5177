"""Fit a recipe: a mixture of parts whose pages compress, under every compressor, as measured ones do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.base import Codec, get_codec
from zswap_replay.errors import CodecError
from zswap_replay.lib.length_index import SAME_FILLED as SAME_KIND
from zswap_replay.lib.length_index import ZERO_FILLED
from zswap_replay.memory.fitted import PLACES, Fitted, Nearness
from zswap_replay.memory.least_squares import Matrix, nonnegative
from zswap_replay.memory.measurement import Measurement, footprints
from zswap_replay.memory.parts import Lengths, candidates, full_length, lengths_of, narrower
from zswap_replay.payload.classes import CLASS_NAMES, SAME_FILLED, ZERO
from zswap_replay.payload.recipe import ClassShare, Duplicates, Recipe
from zswap_replay.units import PAGE_SIZE

_TRIED: Final = (4, 16)
"""Pages of each candidate, where few were measured and where many were: a tenth of those."""
_CHOSEN: Final = (32, 192)
"""Pages of each part that is left, as many as were measured; and again, of other ones, to see how near it comes."""
_STEP: Final = 32
"""Bytes from one point of a distribution to the next, where it is fitted."""
_ROOM_WEIGHT: Final = 12.0
"""Weight of what pages take of a pool, on which ratios depend, against that of a point of a distribution."""
_FINAL_WEIGHT: Final = 100.0
"""The same in the end, when parts are chosen."""
_ZOOMS: Final = 2
"""How often the ranges of the parts that were chosen are tried in quarters."""
_LEAST: Final = 0.002
"""Share of the pages that no one word fills below which a part is left out."""
_LEAST_TWINS: Final = 256
"""Distinct pages that duplicates are drawn from: of fewer, what a few of them hold would decide ratios."""


def fit(
    measured: Measurement,
    name: str,
    *,
    parts: int = 24,
    notes: Callable[[str], None],
    progress: Callable[[int, int | None, str], None],
) -> Fitted:
    """Make a recipe of at most ``parts`` parts that no one word fills.

    A compressor that cannot be run here is left out, and ``notes`` is told. ``progress`` is told the pages made, those
    that there will be, and ``pages``. Equal measurements give equal recipes.

    Raises CodecError: none of the compressors can be run here.
    """
    codecs = _codecs(measured, notes)
    normal = {codec.name: measured.normal(codec.name) for codec in codecs}
    pages = next(iter(normal.values())).size
    if not pages:
        mixture: list[ClassShare] = []
        near: tuple[Nearness, ...] = tuple(Nearness(codec.name, 0.0, None, None) for codec in codecs)
    else:
        mixture, near = _mixture(normal, codecs, parts, progress)
    every = measured.content.size
    zero, same = (np.count_nonzero(measured.kind == kind) / every for kind in (ZERO_FILLED, SAME_KIND))
    shares = [ClassShare(ZERO, float(zero)), ClassShare(SAME_FILLED, float(same))]
    shares += [replace(part, share=part.share * pages / every) for part in mixture]
    return Fitted(Recipe(name, _rounded(shares), _duplicates(measured, pages)), pages, near)


def _codecs(measured: Measurement, notes: Callable[[str], None]) -> list[Codec]:
    found, why = [], ""
    for spec in measured.length:
        try:
            found.append(get_codec(spec, measured.kernel))
        except CodecError as error:
            why = f"{spec} is not fitted: {error}"
            if len(measured.length) > 1:
                notes(why)
    if not found:
        raise CodecError(why)
    return found


def _mixture(
    normal: Lengths, codecs: Sequence[Codec], most: int, progress: Callable[[int, int | None, str], None]
) -> tuple[list[ClassShare], tuple[Nearness, ...]]:
    measured = next(iter(normal.values())).size
    most = min(most, measured)
    few, many = _between(measured // 10, _TRIED), _between(measured, _CHOSEN)
    tried = candidates()
    every = few * (len(tried) + _ZOOMS * 8 * most) + 2 * many * most
    made = 0

    def told(pages: int) -> None:
        nonlocal made
        made += pages
        progress(min(made, every), every, "pages")

    left: list[ClassShare] = []
    for zoom in range(_ZOOMS + 1):
        columns = np.stack([_column(lengths_of(part, codecs, few, zoom, told)) for part in tried], axis=1)
        left = [tried[at] for at in _fewest(columns, _column(normal), most)]
        tried = list(dict.fromkeys(fine for part in left for fine in narrower(part)))
    finer = [lengths_of(part, codecs, many, _ZOOMS + 1, told) for part in left]
    weights = nonnegative(
        np.stack([_column(lengths, _FINAL_WEIGHT) for lengths in finer], axis=1),
        _column(normal, _FINAL_WEIGHT),
    )
    weights /= weights.sum()
    mixture = [
        replace(part, share=float(weight)) for part, weight in zip(left, weights, strict=True) if weight > 0
    ]
    fresh = [lengths_of(part, codecs, many, _ZOOMS + 2, told) for part in mixture]
    return mixture, tuple(_nearness(codec.name, normal, mixture, fresh) for codec in codecs)


def _between(pages: int, bounds: tuple[int, int]) -> int:
    return min(max(pages, bounds[0]), bounds[1])


def _column(lengths: Lengths, weight: float = _ROOM_WEIGHT) -> Matrix:
    """Return what a fit is held to: distributions, the shares that are stored, and what those take of a pool."""
    rows = []
    points = np.arange(_STEP, PAGE_SIZE + 1, _STEP)
    for values in lengths.values():
        ordered = np.sort(full_length(values))
        rows.append(np.searchsorted(ordered, points, side="right") / values.size)
        stored = np.count_nonzero(values) / values.size
        room = float(footprints()[values].sum()) / values.size / PAGE_SIZE
        rows.append(weight * np.array([stored, room]))
    rows.append(np.array([weight]))  # shares add up to 1
    return np.concatenate(rows)


def _fewest(columns: Matrix, wanted: Matrix, most: int) -> npt.NDArray[np.int64]:
    """Choose columns: those with a weight worth a line, and of these at most so many, the least ones given up."""
    left = np.arange(columns.shape[1])
    while True:
        weights = nonnegative(columns[:, left], wanted)
        kept = weights >= _LEAST
        few = np.sort(weights)[::-1]
        if np.count_nonzero(kept) > most:
            # an eighth of them at a time, so that what the others take over is seen
            room = max(most, int(np.count_nonzero(kept) * 7 / 8))
            kept &= weights >= few[room - 1]
        if kept.all() and len(left) <= most:
            return left
        left = left[kept] if kept.any() else left[weights == weights.max()][:1]


def _nearness(
    name: str, normal: Lengths, mixture: Sequence[ClassShare], fresh: Sequence[Lengths]
) -> Nearness:
    points = np.arange(PAGE_SIZE + 2)
    distance: Matrix = _distribution(normal[name], points)
    stored = room = 0.0
    for part, lengths in zip(mixture, fresh, strict=True):
        values = lengths[name]
        distance = distance - part.share * _distribution(values, points)
        stored += part.share * np.count_nonzero(values) / values.size
        room += part.share * float(footprints()[values].sum()) / values.size
    return Nearness(
        name,
        float(np.abs(distance).max()),
        _ratio(int(np.count_nonzero(normal[name])), float(footprints()[normal[name]].sum())),
        _ratio(stored, room),
    )


def _distribution(lengths: npt.NDArray[np.int32], points: npt.NDArray[np.int64]) -> Matrix:
    found: Matrix = np.searchsorted(np.sort(full_length(lengths)), points, side="right") / lengths.size
    return found


def _ratio(stored: float, room: float) -> float | None:
    return float(stored * PAGE_SIZE / room) if room else None


def _rounded(shares: Sequence[ClassShare]) -> tuple[ClassShare, ...]:
    """Round shares so that they add up to 1, and put parts of a class side by side, the largest first."""
    found = [replace(part, share=round(part.share, PLACES)) for part in shares]
    rest = 1 - sum(part.share for part in found)
    largest = max(range(len(found)), key=lambda at: found[at].share)
    found[largest] = replace(found[largest], share=round(found[largest].share + rest, PLACES))
    order = {name: place for place, name in enumerate(CLASS_NAMES)}
    kept = [part for part in found if part.share > 0]
    return tuple(sorted(kept, key=lambda part: (order[part.name], -part.share, part.filled, part.spread)))


def _duplicates(measured: Measurement, pages: int) -> Duplicates:
    """Say which share of pages has twins, and of how many distinct ones."""
    if not measured.twins or not pages:
        return Duplicates()
    share = round(min(measured.twins / pages, 1.0), PLACES)
    return Duplicates(share, max(measured.twin_groups, _LEAST_TWINS))
