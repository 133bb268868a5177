"""Lengths of a trace's contents from measured memory: by address where both know it, else drawn for a memcg."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.base import lengths_key, parse_spec
from zswap_replay.codec.contents import kind_of
from zswap_replay.codec.length_table import LengthTable
from zswap_replay.codec.lengths_file import write_tables
from zswap_replay.errors import CodecError, SettingsError
from zswap_replay.lib.splitmix import mix64_each
from zswap_replay.memory.lengths import ANY, read
from zswap_replay.memory.measurement import Measurement
from zswap_replay.memory.source import ADDRESSED, SOURCE_SHIFT
from zswap_replay.replay.annotate import compressed, contents_held
from zswap_replay.replay.controls import ignore
from zswap_replay.settings import Settings
from zswap_replay.units import listed


@dataclass(frozen=True, slots=True)
class Donor:
    """A file of lengths, and the memcg whose pages, with those of its descendants, get them."""

    file: str
    memcg: str


@dataclass(frozen=True, slots=True)
class AnnotatedFrom:
    """What was written: contents by the way in which their lengths were found, compressors, and the release."""

    by_address: int
    drawn: int
    made: int
    """Contents of memcgs for which there is no file, which the recipe made."""
    compressors: tuple[str, ...]
    kernel: str

    @property
    def contents(self) -> int:
        """All contents."""
        return self.by_address + self.drawn + self.made


def annotate_from(
    trace: str,
    output: Path,
    donors: Sequence[Donor],
    settings: Settings,
    compressors: Sequence[str],
    *,
    kernel: str | None = None,
    strict: bool = False,
    jobs: int = 1,
    notes: Callable[[str], None] | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> AnnotatedFrom:
    """Write lengths of all that the pages of a trace ever hold to a file for ``--lengths``, out of measured ones.

    A content is held first by a page of some memcg; the donor with the longest path that holds for that memcg gives the
    lengths. Where it is measured memory with virtual addresses and has one of the number of that page, they are those
    of the page there, else those of a page that a hash of the content draws: equal inputs give equal lengths. A memcg
    without a donor has pages of the recipe of ``settings``.

    Of no ``compressors`` those are taken that all files have. ``kernel`` is checked against that of the files, which
    is taken where it is None.

    Raises what ``annotate`` raises. CodecError: a file lacks a compressor, or is of another release. SettingsError: a
    memcg has two donors, or no page of the trace.
    """
    told, notes = progress or ignore, notes or ignore
    _check_memcgs(donors)
    found = {donor.file: read(donor.file) for donor in donors}
    specs = _compressors(found, compressors)
    release = _kernel(found, specs, kernel)
    held = contents_held(trace, replace(settings, kernel=release), strict=strict, notes=notes, progress=told)
    chosen = np.array([_donor_of(path, donors) for path in held.paths], np.int32)[held.path]
    for number, donor in enumerate(donors):
        if not (chosen == number).any():
            raise SettingsError(
                f"--memcg {donor.memcg}: no page of the trace gets its lengths; its memcgs are "
                f"{listed(sorted({held.paths[path] for path in np.unique(held.path).tolist()}))}"
            )
    kind = np.zeros(held.contents.size, np.uint8)
    length = {spec: np.zeros(held.contents.size, np.int32) for spec in specs}
    by_address = drawn = 0
    for number, donor in enumerate(donors):
        mine = np.flatnonzero(chosen == number)
        measured = found[donor.file]
        row, known = _rows(measured, held.contents[mine], held.page[mine])
        kind[mine] = measured.kind[row]
        for spec in specs:
            length[spec][mine] = _lengths(measured, spec)[row]
        by_address += int(np.count_nonzero(known))
        drawn += int(np.count_nonzero(~known))
    rest = np.flatnonzero(chosen < 0)
    if rest.size:
        contents = held.contents[rest]
        kind[rest] = [kind_of(held.source.same_filled(content)) for content in contents.tolist()]
        for spec, values in compressed(held, contents, specs, jobs, notes, told).items():
            length[spec][rest] = values
    tables = {spec: LengthTable(held.contents, values, kind) for spec, values in length.items()}
    write_tables(output, tables, release)
    return AnnotatedFrom(by_address, drawn, rest.size, tuple(specs), release)


def _check_memcgs(donors: Sequence[Donor]) -> None:
    seen = set()
    for donor in donors:
        if not donor.memcg.startswith("/") or (donor.memcg != "/" and donor.memcg.endswith("/")):
            raise SettingsError(f"--memcg {donor.memcg!r}: expected a path from the root, such as /web")
        if donor.memcg in seen:
            raise SettingsError(f"--memcg {donor.memcg} is given twice")
        seen.add(donor.memcg)


def _compressors(found: Mapping[str, Measurement], wanted: Sequence[str]) -> list[str]:
    """Return the compressors that are asked for, or those that all files have. Raises CodecError."""
    if wanted:
        specs = list(dict.fromkeys(_spelled(name) for name in wanted))
    else:
        first, *others = (list(measured.length) for measured in found.values())
        specs = [
            name for name in first if name != ANY and all(name in each or ANY in each for each in others)
        ]
        if not specs:
            raise CodecError(
                f"{', '.join(found)}: found no compressor that each of them names; expected one, or -c for files "
                "that name none"
            )
    for file, measured in found.items():
        for spec in specs:
            if spec not in measured.length and ANY not in measured.length:
                raise CodecError(
                    f"{file}: found no lengths of {spec}; expected one of {', '.join(measured.length)}"
                )
    return specs


def _spelled(name: str) -> str:
    try:
        return parse_spec(name)
    except CodecError:
        return name  # lengths may be of a compressor that only the kernel has


def _kernel(found: Mapping[str, Measurement], specs: Sequence[str], wanted: str | None) -> str:
    """Return the release of the lengths. Raises CodecError: files are of releases that have other ones."""
    kernel = wanted or next(iter(found.values())).kernel
    for file, measured in found.items():
        for spec in specs:
            try:
                same = lengths_key(spec, kernel) == lengths_key(spec, measured.kernel)
            except CodecError:
                continue
            if not same:
                raise CodecError(
                    f"{file}: found lengths of {spec} as {measured.kernel} has them; expected those of {kernel} "
                    f"(memory measure --kernel {kernel})"
                )
    return kernel


def _donor_of(path: str, donors: Sequence[Donor]) -> int:
    """Return the number of the donor for a memcg, -1 for none: that with the longest path that is its own or above."""
    holds = [
        number
        for number, donor in enumerate(donors)
        if path == donor.memcg or path.startswith(donor.memcg.rstrip("/") + "/")
    ]
    return max(holds, key=lambda number: len(donors[number].memcg), default=-1)


def _rows(
    measured: Measurement, contents: npt.NDArray[np.uint64], pages: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the row of a measurement for each content, and whether it was found by the address of its page."""
    every = measured.content.size
    row = ((mix64_each(contents) >> np.uint64(32)) * np.uint64(every) >> np.uint64(32)).astype(np.int64)
    known = np.zeros(contents.size, np.bool_)
    for number, source in enumerate(measured.sources):
        if source.kind not in ADDRESSED:
            continue
        place = pages + np.uint64(number << SOURCE_SHIFT)
        at = np.minimum(np.searchsorted(measured.content, place), every - 1)
        here = (measured.content[at] == place) & (pages < np.uint64(1 << SOURCE_SHIFT)) & ~known
        row[here] = at[here]
        known |= here
    return row, known


def _lengths(measured: Measurement, spec: str) -> npt.NDArray[np.int32]:
    return measured.length[spec] if spec in measured.length else measured.length[ANY]
