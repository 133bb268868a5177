"""The lengths of all contents that a trace can store, found once so that later replays need no codec."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.base import parse_spec
from zswap_replay.codec.length_table import LengthTable
from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.codec.workers import CodecWorkers
from zswap_replay.errors import SettingsError, VerificationError
from zswap_replay.machine.contents_held import ContentsHeld
from zswap_replay.machine.machine import Machine
from zswap_replay.payload.source import FilePages, PageSource
from zswap_replay.replay.controls import Controls, ignore
from zswap_replay.replay.from_settings import make_machine
from zswap_replay.replay.listener import NoListener
from zswap_replay.replay.loop import Loop
from zswap_replay.replay.page_data import PageData
from zswap_replay.replay.settings_check import check_settings, filled_in
from zswap_replay.settings import Settings
from zswap_replay.trace.batch import Control
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import Event

_CREATES_AND_REMOVES = (Event.MEMCG_CREATE, Event.MEMCG_OFFLINE)


@dataclass(frozen=True, slots=True)
class Annotated:
    """What was written: the numbers of contents and of compressors."""

    contents: int
    compressors: int


class PagesAlone:
    """A core in which pages are written to and nothing else happens."""

    def __init__(self, machine: Machine) -> None:
        self.held = ContentsHeld(machine.pages, machine.paths, machine.memcgs.nr_nodes)
        self.run = self.held.run

    def advance(self, now: int) -> None:
        """Do nothing: time does not change what pages hold."""


class MemcgsAlone:
    """Controls of which only those that make and remove memcgs are used."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def ensure_memcg(self, path: int) -> None:
        """Make the memcg of a path where it is not there yet."""
        self._controls.ensure_memcg(path)

    def control(self, control: Control) -> None:
        """Make or remove a memcg; a knob is not written, but its memcg is made."""
        if control.event in _CREATES_AND_REMOVES:
            self._controls.control(control)
        elif control.event is Event.MEMCG_SET:
            self._controls.ensure_memcg(control.memcg)


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """All contents of a trace in the order of their ids: of each, the page that held it first and its memcg."""

    contents: npt.NDArray[np.uint64]
    page: npt.NDArray[np.uint64]
    path: npt.NDArray[np.int32]
    """An index into ``paths``."""
    paths: Sequence[str]
    source: PageSource
    """The pages of contents, by the settings."""
    page_data: PageData
    settings: Settings


def contents_held(
    trace: str,
    settings: Settings,
    *,
    strict: bool,
    notes: Callable[[str], None],
    progress: Callable[[int, int, str], None],
) -> Held:
    """Find all that the pages of a trace ever hold. Raises what ``replay`` raises."""
    reader = open_trace(trace, strict=strict)
    for text in reader.notes:
        notes(text)
    page_data = PageData.of(settings, reader.metadata.recipe, None)
    source = page_data.source
    if source is None:
        raise SettingsError("lengths: there is nothing to annotate where they are known")
    check_settings(page_data.settings, reader.metadata, page_data)
    settings = filled_in(page_data.settings, reader.metadata)
    assert settings.nodes is not None
    machine = make_machine(settings)
    controls = Controls(machine, reader.paths, settings, page_data, ignore)
    controls.begin()
    pages = PagesAlone(machine)
    loop = Loop(trace, settings.nodes, pages, MemcgsAlone(controls), NoListener())
    for batch in reader.batches():
        loop.take(batch, len(batch))
        progress(loop.events, reader.num_rows, "events")
    contents, number, _ = pages.held.contents.columns()
    page, path = np.asarray(pages.held.holder_page)[number], np.asarray(pages.held.holder_path)[number]
    return Held(contents, page, path, reader.paths, source, page_data, settings)


def annotate(
    trace: str,
    output: Path,
    settings: Settings,
    compressors: Sequence[str],
    *,
    strict: bool = False,
    jobs: int = 1,
    notes: Callable[[str], None] | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Annotated:
    """Write the lengths of all that the pages of a trace ever hold, under each compressor, to a file for ``--lengths``.

    That is more than one replay stores: with any limits, under any release, a replay finds its lengths in the file.
    They are those of the release in ``settings``, which the file names: zstd's differ between releases.
    Of ``settings`` what pages hold counts too: recipe, seed, payload file, verify. ``jobs`` processes compress.
    ``progress`` is told what is done, what there is in all, and what is counted: first ``events``, then ``pages``.

    Raises what ``replay`` raises. VerificationError: a page does not come back as it was.
    """
    specs = list(dict.fromkeys(parse_spec(name) for name in compressors))
    told, notes = progress or ignore, notes or ignore
    held = contents_held(
        trace, replace(settings, compressor=specs[0]), strict=strict, notes=notes, progress=told
    )
    lengths = list(compressed(held, held.contents, specs, jobs, notes, told).values())
    contents = held.contents
    fill = [held.source.same_filled(content) for content in contents.tolist()]
    write_lengths(
        output,
        np.tile(contents, len(specs)),
        np.concatenate(lengths),
        fill * len(specs),
        [spec for spec in specs for _ in range(contents.size)],
        held.settings.kernel,
    )
    return Annotated(contents.size, len(specs))


def compressed(
    held: Held,
    contents: npt.NDArray[np.uint64],
    specs: Sequence[str],
    jobs: int,
    notes: Callable[[str], None],
    progress: Callable[[int, int, str], None],
) -> dict[str, npt.NDArray[np.int32]]:
    """Make contents and find their lengths under each compressor, by its spec.

    Raises CodecError, VerificationError: a page does not come back as it was.
    """
    source = held.source
    if isinstance(source, FilePages) and contents.size and contents.max() >= source.count():
        held.page_data.mapped = True
    for text in held.page_data.remarks():
        notes(text)
    lengths = {}
    with CodecWorkers(jobs, notes) as workers:
        pages = contents.size * len(specs)
        for place, spec in enumerate(specs):
            before = contents.size * place
            order = workers.order(held.page_data.job(spec, all_kinds=True), contents)
            tables = workers.collect(order, _after(before, pages, progress))
            lengths[spec] = _complete(spec, contents.size, tables)
    return lengths


def _after(before: int, pages: int, told: Callable[[int, int, str], None]) -> Callable[[int], None]:
    """Return what is told the pages of one compressor that are done, where those ``before`` it are."""
    return lambda done: told(before + done, pages, "pages")


def _complete(spec: str, size: int, tables: list[LengthTable]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return the lengths of all contents, in their order."""
    table = LengthTable.joined(tables)
    if table.content.size != size:
        raise VerificationError(f"{spec}: {size - table.content.size} pages did not come back as they were")
    lengths: np.ndarray[tuple[int], np.dtype[np.int32]] = table.length[np.argsort(table.content)]
    return lengths
