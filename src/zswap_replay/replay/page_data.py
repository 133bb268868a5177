"""What the machine asks for from outside: the data of pages with codecs, or lengths that are known already."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NoReturn, cast

import numpy as np

from zswap_replay.codec.ahead import Ahead
from zswap_replay.codec.base import COMPRESSORS, ZRAM, get_codec, lengths_key, parse_spec
from zswap_replay.codec.batch import Job, Payload
from zswap_replay.codec.contents import (
    CLASSES,
    ClassTally,
    Contents,
    Verify,
)
from zswap_replay.codec.contents_once import ContentsOnce
from zswap_replay.codec.lengths_file import KnownLengths
from zswap_replay.errors import CodecError
from zswap_replay.lib.length_index import NORMAL, SAME_FILLED, ZERO_FILLED, Lengths
from zswap_replay.lib.page_table import EXPLICIT, PRESENT, SLOT, SWAPCACHE
from zswap_replay.mm.class_counts import NR_CLASS_COUNTS
from zswap_replay.mm.contents import Contents as ContentsOfModel
from zswap_replay.mm.release_changes import release_of
from zswap_replay.payload.recipe import Recipe, load_recipe
from zswap_replay.payload.source import FilePages, GeneratedPages
from zswap_replay.replay.length_memo import LengthMemo, index_of
from zswap_replay.result.result import ClassRatio
from zswap_replay.settings import Settings
from zswap_replay.trace.schema import Event
from zswap_replay.units import PAGE_SIZE, quoted

if TYPE_CHECKING:
    from zswap_replay.codec.workers import CodecWorkers
    from zswap_replay.payload.source import PageSource
    from zswap_replay.trace.batch import Batch


ONCE_ROWS = 1 << 18
"""Events from which on a page is compared once unasked; shorter replays have time to compare what each load gets."""


class UnknownContents:
    """Contents behind a file of known lengths: one that the file lacks is an error that names it.

    Where the file has nothing of a compressor, ``why`` says so, and any content is that error.
    """

    def __init__(self, path: str, why: CodecError | None = None) -> None:
        self.path = path
        self.why = why

    def _missing(self, content: int) -> NoReturn:
        if self.why is not None:
            raise self.why
        raise CodecError(f"{self.path}: no row for content {content}, which the replay stores")

    def same_filled(self, content: int) -> int:
        """Raise CodecError."""
        self._missing(content)

    def kind_and_class(self, content: int) -> int:
        """Raise CodecError."""
        self._missing(content)

    def count_same_filled(self, content: int) -> None:
        """Count nothing: no page is made."""

    def zswap_compress(self, entry: int, content: int) -> int:
        """Raise CodecError."""
        self._missing(content)

    def keep_raw(self, entry: int, content: int) -> None:
        """Raise CodecError."""
        self._missing(content)

    def zswap_decompress(self, entry: int, content: int) -> None:
        """Raise CodecError."""
        self._missing(content)

    def free(self, entry: int) -> None:
        """Raise CodecError."""
        raise CodecError(f"{self.path}: entry {entry} is not known")


_HEADER_LENGTH = 43
"""What the swap header is compressed to where that is not known: lz4's length."""


def swap_header(pages: int) -> bytes:
    """Make the first page of a swap device, as mkswap does without a label: union swap_header, include/linux/swap.h."""
    header = bytearray(PAGE_SIZE)
    header[1024:1028] = (1).to_bytes(4, "little")
    header[1028:1032] = ((pages - 1) & 0xFFFFFFFF).to_bytes(4, "little")
    header[-10:] = b"SWAPSPACE2"
    return bytes(header)


@cache
def _digest(path: str, _mtime_ns: int) -> str:
    """Return the SHA-256 of a file, found once for all replays of a process."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def spelled(compressor: str, *, any_name: bool) -> str:
    """Give a compressor its one spelling; with ``any_name`` one that is not known here keeps its own.

    Raises CodecError: no such compressor, where not any name will do, or no such level of one that is known.
    """
    try:
        if compressor.startswith(ZRAM):
            raise CodecError(
                f"no compressor {quoted(compressor)}; zram's is {ZRAM.rstrip('/')}'s comp_algorithm"
            )
        return parse_spec(compressor)
    except CodecError:
        if not any_name or compressor.partition(":")[0] in COMPRESSORS:
            raise
        return compressor


@dataclass
class PageData:
    """What pages hold and how long they are compressed: payloads and codecs, or known lengths; one set a compressor."""

    settings: Settings
    recipe: Recipe
    source: PageSource | None
    known: KnownLengths | None
    memo: LengthMemo | None = None
    contents: dict[str, Contents] = field(default_factory=dict)
    lengths: dict[str, Lengths] = field(default_factory=dict)
    looked_up: dict[str, None] = field(default_factory=dict)
    """The compressors whose lengths this replay takes from a file, in the order in which they were set."""
    once: bool = False
    """Whether a page is compared when it is first stored, and not kept: a checkpoint must have what it goes on with."""
    ahead: Ahead | None = None
    """What finds lengths before the replay comes to them."""
    mapped: bool = False
    """Whether contents were met that a payload file has no page for."""

    @classmethod
    def of(
        cls,
        settings: Settings,
        carried: dict[str, object] | None,
        memo: LengthMemo | None,
        *,
        once: bool = False,
    ) -> PageData:
        """Make the page data for some settings; ``carried`` is the recipe in the trace, which a flag overrides.

        Raises RecipeError, SettingsError, CodecError: a recipe, a payload file or a file of lengths that is unfit.
        """
        if carried is not None and settings.recipe == "default":
            recipe = Recipe.from_json(carried)
        else:
            recipe = load_recipe(settings.recipe)
        if settings.lengths:
            known, tables = (memo or LengthMemo()).file(settings.lengths)
            return cls(settings, recipe, None, known, memo, lengths=tables)
        source = (
            FilePages(settings.payload_file)
            if settings.payload_file
            else GeneratedPages(recipe, settings.seed)
        )
        return cls(settings, recipe, source, None, memo, once=once)

    def saw(self, batch: Batch, rows: int) -> None:
        """Look at the first ``rows`` rows of a batch for contents that a payload file has no page for."""
        if self.mapped or not isinstance(self.source, FilePages):
            return
        explicit = batch.has_content[:rows] != 0
        derived = ~explicit & (batch.event[:rows] == Event.WRITE)
        last = batch.content[:rows] + (np.maximum(batch.count[:rows], np.uint32(1)) - np.uint32(1))
        beyond = explicit & (batch.event[:rows] <= Event.PAGEOUT) & (last >= self.source.count())
        self.mapped = bool((derived | beyond).any())

    def saw_pages(self, flags: memoryview) -> None:
        """Look at the flags of all pages, at the end, for those that were read alone and hold derived contents."""
        if not self.mapped and isinstance(self.source, FilePages):
            touched = np.asarray(flags)
            derived = (touched & (PRESENT | SWAPCACHE | SLOT) != 0) & (touched & EXPLICIT == 0)
            self.mapped = bool(derived.any())

    def remarks(self) -> tuple[str, ...]:
        """Say what of the contents is not what the trace asks for."""
        if not self.mapped:
            return ()
        assert isinstance(self.source, FilePages)
        return (
            f"{self.settings.payload_file}: contents that it has no page for (ids from {self.source.count()} on, and "
            "all that the trace does not name) have the page of it that a hash of the content picks",
        )

    def canonical(self, compressor: str) -> str:
        """Give a compressor its one spelling; one that is known by its lengths alone may be any name.

        Raises CodecError: no such compressor, and no file of lengths.
        """
        return spelled(compressor, any_name=self.known is not None)

    def pool(self, compressor: str) -> tuple[ContentsOfModel, Lengths, Lengths | None]:
        """Give what stands behind a compressor's pool: contents, the lengths known already, and where to note others.

        Raises CodecError: the compressor's package is not installed, or the file of lengths has others alone.
        """
        if self.known is not None:
            if compressor not in self.lengths:
                try:
                    table = self.known.for_compressor(compressor)
                except CodecError as error:
                    if self._is_asked_for(compressor):
                        raise
                    # The default: the trace may set another one before it stores a page.
                    return UnknownContents(self.known.path, error), Lengths(), None
                self.lengths[compressor] = index_of(table)
            self.looked_up[compressor] = None
            return UnknownContents(self.known.path), self.lengths[compressor], None
        if compressor not in self.contents:
            self.contents[compressor] = self._contents_of(compressor)
        lengths, learned = self._lengths_of(compressor)
        if self.ahead is not None:
            self.ahead.attach(lengths, self.job(compressor))
        return self.contents[compressor], lengths, learned

    @contextmanager
    def found_ahead(self, workers: CodecWorkers | None) -> Iterator[Ahead | None]:
        """Let workers find lengths before the replay comes to them; give None where no codec is called."""
        ahead = None
        if workers is not None and self.source is not None:
            with suppress(OSError):  # without memory to share the replay finds all lengths itself
                ahead = Ahead(workers)
        if ahead is None:
            yield None
            return
        with ahead:
            self.ahead = ahead
            for compressor in self.contents:
                ahead.attach(self._lengths_of(compressor)[0], self.job(compressor))
            try:
                yield ahead
            finally:
                self.ahead = None

    def _lengths_of(self, compressor: str) -> tuple[Lengths, Lengths | None]:
        """Return the lengths of a compressor that are known, and where to note others."""
        if self.memo is None:
            return self.lengths.setdefault(compressor, Lengths()), None
        key = lengths_key(compressor, self.settings.kernel)
        # what is compared once notes lengths itself, but of pages that do not come back: each store must keep those
        return self.memo.known(key), None if self.once else self.memo.learned(key)

    def _contents_of(self, compressor: str) -> Contents:
        """Make what compresses, and keeps bytes unless a page is compared ``once``."""
        assert self.source is not None
        codec = get_codec(compressor, self.settings.kernel)
        verify = cast("Verify", self.settings.verify)  # Settings takes no other
        if not self.once:
            return Contents(self.source, codec, verify)
        if self.memo is None:
            found = self.lengths.setdefault(compressor, Lengths())
        else:
            found = self.memo.learned(lengths_key(compressor, self.settings.kernel))
        return ContentsOnce(self.source, codec, verify, found, self.is_asked_once)

    @property
    def is_asked_once(self) -> bool:
        """Whether the model, where it asks for a content's kind, goes on to its length: nothing stands in between."""
        return not release_of(self.settings.kernel).zeromap

    def _is_asked_for(self, compressor: str) -> bool:
        """Tell whether a compressor is more than the default, in place of which the trace may set another."""
        settings = self.settings
        if "compressor" in settings.fixed or (compressor.startswith(ZRAM) and settings.comp_algorithm):
            return True
        return compressor.removeprefix(ZRAM) != self.canonical(settings.compressor)

    def header_length(self, compressor: str, pages: int) -> int:
        """Return what zram compresses the header of a swap device of ``pages`` pages to, in bytes."""
        if self.known is not None and self.known.header is not None:
            table = self.lengths.get(compressor)
            at = -1 if table is None else table.find(self.known.header)
            if table is not None and at >= 0:
                return table.length_at(at)
        try:
            data = get_codec(compressor, self.settings.kernel).compress(swap_header(pages))
        except CodecError:
            data = None
        return _HEADER_LENGTH if data is None else len(data)

    def job(self, compressor: str, *, all_kinds: bool = False) -> Job:
        """Describe to a worker the lengths that this replay needs, or with ``all_kinds`` one under any release."""
        settings = self.settings
        payload = Payload(json.dumps(self.recipe.as_json()), settings.seed, settings.payload_file)
        kinds: tuple[int, ...] = (NORMAL, ZERO_FILLED, SAME_FILLED)
        if not all_kinds:
            kinds = (NORMAL, SAME_FILLED) if release_of(settings.kernel).zeromap else (NORMAL,)
        return Job(payload, compressor, cast("Verify", settings.verify), kinds, settings.kernel)

    def versions(self) -> dict[str, str]:
        """Collect the versions of the codecs in use, by package and library."""
        found: dict[str, str] = {}
        for contents in self.contents.values():
            found.update(contents.codec.versions())
        return found

    def mismatches(self) -> int:
        """Count the pages that did not come back from the pool as they went in."""
        return sum(contents.mismatches for contents in self.contents.values())

    def faults(self) -> tuple[str, ...]:
        """Say which contents did not come back as they went in, a line each."""
        return tuple(contents.fault for contents in self.contents.values() if contents.mismatches)

    def deviations(self) -> dict[str, str]:
        """Say why lengths are not the kernel's, by compressor; those with the kernel's are left out."""
        if self.known is not None:
            told = {name: self.known.deviation(name, self.settings.kernel) for name in self.looked_up}
            return {name: text for name, text in told.items() if text is not None}
        found = {name: contents.codec.deviation() for name, contents in self.contents.items()}
        return {name: text for name, text in found.items() if text is not None}

    def inputs(self) -> dict[str, str]:
        """Digest the files that the settings name: SHA-256 by the setting's name."""
        named = {"payload_file": self.settings.payload_file, "lengths": self.settings.lengths}
        return {name: _digest(path, os.stat(path).st_mtime_ns) for name, path in named.items() if path}

    def class_ratios(self, *known: memoryview) -> tuple[ClassRatio, ...]:
        """Sum what the compressors reached on each payload class.

        ``known`` are the counts of pages whose length was known, ClassCounts.counts, of zswap and of zram.
        """
        rows = [row for contents in self.contents.values() for row in contents.class_ratios()]
        tallies = np.sum([np.asarray(each) for each in known], axis=0).reshape(-1, NR_CLASS_COUNTS).tolist()
        for name, (stored, same_filled, refused, size) in zip(CLASSES, tallies, strict=False):
            if name and stored | same_filled | refused:
                rows.append(ClassTally(name, stored, same_filled, refused, size))
        return tuple(
            ClassRatio(
                name,
                stored=sum(row.stored for row in rows if row.name == name),
                same_filled=sum(row.same_filled for row in rows if row.name == name),
                refused=sum(row.refused for row in rows if row.name == name),
                bytes_out=sum(row.bytes_out for row in rows if row.name == name),
            )
            for name in sorted({row.name for row in rows})
        )
