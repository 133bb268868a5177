"""Where a trace is: a file, a folder with its subfolders, or a URI of either; on this machine or elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.fs as pafs

from zswap_replay.errors import MissingPackageError, SettingsError, TraceError
from zswap_replay.files import PARQUET_SUFFIXES, is_parquet_name, shown
from zswap_replay.inputs.parquet import UnreadableError, one_line, open_local, reading
from zswap_replay.inputs.spool import path_of
from zswap_replay.units import listed

_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_NUMBERS = re.compile(r"([0-9]+)")
_GCS = re.compile(r"(gs|gcs)://", re.IGNORECASE)
_GCS_LIMIT = "retry_limit_seconds"
_URI = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*::)*[A-Za-z][A-Za-z0-9+.-]*://")
"""The beginning of a URI, which may be one of fsspec's chains: ``simplecache::https://``."""


@dataclass(frozen=True)
class Part:
    """One file of a trace."""

    name: str
    """Its name for people: the path or URI as it was given, and what a folder has below it."""
    path: str
    """Its path in the file system."""
    filesystem: pafs.FileSystem | None = None
    """Where it is; None for this machine."""
    partition: tuple[tuple[str, str | None], ...] = ()
    """The columns that the names of its folders give one value for the whole file: ``day=1``; None for a null."""

    def open(self) -> pa.NativeFile:
        """Open the file. Raises UnreadableError: it is not there, or may not be read."""
        with reading():
            if self.filesystem is not None:
                return self.filesystem.open_input_file(self.path)
            try:
                return open_local(self.path)
            except OSError as error:
                raise UnreadableError(error.strerror or one_line(error)) from None


@dataclass(frozen=True)
class Located:
    """The files of a trace, in the order in which they are read."""

    parts: list[Part]
    notes: list[str]
    """What a folder has besides, and is passed over: a line each."""
    folder: str | None = None
    """The folder of this machine that they are in, where the trace is one."""


def locate(where: str) -> Located:
    """Find the files of a trace: ``where`` is a path, a folder, a URI or, for standard input, ``-``.

    Of a folder all Parquet files are read, those of its subfolders too: the files of each folder first, then its
    subfolders, numbers in their names in the order of their values. Hidden ones (``.x``, ``_x``) are passed over.

    Raises TraceError: there is no such file or folder, or nothing to read in it. MissingPackageError: fsspec is not
    installed.
    """
    if _URI.match(where):
        return _located_elsewhere(where)
    try:
        path = path_of(where)
    except SettingsError as error:
        raise TraceError(str(error)) from None
    except OSError as error:
        raise TraceError(f"{shown(where)}: cannot be read: {error.strerror}") from None
    return _located_here(where, path)


def _located_here(name: str, path: str) -> Located:
    if not os.path.isdir(path):
        if not os.path.exists(path):
            raise TraceError(f"{shown(name)}: no such file or folder")
        return Located([Part(shown(name), path)], [])
    found: list[str] = []

    def fail(error: OSError) -> None:
        raise TraceError(f"{shown(error.filename)}: cannot be opened: {error.strerror}")

    for folder, subfolders, files in os.walk(path, onerror=fail, followlinks=True):
        subfolders[:] = [each for each in subfolders if not _leads_up(os.path.join(folder, each))]
        found.extend(os.path.join(folder, each) for each in files)
    below = [os.path.relpath(each, path) for each in found]
    return _folder(name, below, folder=path, base=path, filesystem=None)


def _leads_up(folder: str) -> bool:
    """Tell whether a folder is a link to one that it is in, and so has no end."""
    return os.path.islink(folder) and os.path.realpath(os.path.dirname(folder)).startswith(
        os.path.realpath(folder)
    )


def _located_elsewhere(uri: str) -> Located:
    try:
        with reading():
            filesystem, path = _filesystem(uri)
            info = filesystem.get_file_info(path)
            if info.type is pafs.FileType.Directory:
                inside = filesystem.get_file_info(pafs.FileSelector(path, recursive=True))
    except UnreadableError as error:
        raise TraceError(f"{uri}: cannot be opened: {error}") from None
    if info.type is pafs.FileType.NotFound:
        raise TraceError(f"{uri}: no such file or folder")
    if isinstance(filesystem, pafs.LocalFileSystem):
        return _located_here(uri, path)
    if info.type is not pafs.FileType.Directory:
        return Located([Part(uri, path, filesystem)], [])
    base = path.rstrip("/")
    below = [each.path[len(base) :].lstrip("/") for each in inside if each.type is pafs.FileType.File]
    return _folder(uri, below, folder=None, base=base, filesystem=filesystem)


def _filesystem(uri: str) -> tuple[pafs.FileSystem, str]:
    """Find the file system of a URI: Arrow's own, or one of fsspec, which knows more of them."""
    try:
        return pafs.FileSystem.from_uri(bounded(uri))
    except (ImportError, ValueError):  # no scheme of Arrow's, or no URI as Arrow spells them; fsspec is asked
        pass
    try:
        url_to_fs: Any = import_module("fsspec.core").url_to_fs
    except ImportError:
        raise MissingPackageError(
            f"{uri}: a URI of this kind needs the package fsspec (pip install fsspec)"
        ) from None
    found, path = url_to_fs(uri.removeprefix("fsspec+"))
    handler: Any = pafs.FSSpecHandler  # abstract to the stubs alone
    return pafs.PyFileSystem(handler(found)), path


def bounded(uri: str) -> str:
    """Give a URI of Google's storage a limit of 30 s for tries, where it has none: Arrow's own is a quarter of an hour.

    >>> bounded("gs://bucket/t.parquet")
    'gs://bucket/t.parquet?retry_limit_seconds=30'
    """
    if not _GCS.match(uri) or f"{_GCS_LIMIT}=" in uri:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{_GCS_LIMIT}=30"


def _folder(
    name: str, below: list[str], *, folder: str | None, base: str, filesystem: pafs.FileSystem | None
) -> Located:
    """Choose and order the files of a folder, of which ``below`` are all paths from it on."""
    hidden = [each for each in below if any(part.startswith((".", "_")) for part in each.split("/"))]
    visible = sorted(set(below) - set(hidden), key=_natural)
    parts = [each for each in visible if is_parquet_name(each)]
    if not parts:
        raise TraceError(f"{name}: a folder without a .parquet file; expected at least one")
    notes = []
    others = [each for each in visible if not is_parquet_name(each)]
    lost = sorted(
        (each for each in hidden if each.lower().endswith(PARQUET_SUFFIXES)), key=_natural
    )  # not _SUCCESS and the like, which every writer leaves
    for what, passed_over in (("no Parquet by their names", others), ("hidden", lost)):
        if passed_over:
            notes.append(f"{name}: passed over, as {what}: {listed([shown(each) for each in passed_over])}")
    stem = name.rstrip("/") + "/"
    return Located(
        [Part(shown(stem + each), f"{base}/{each}", filesystem, tuple(_partition(each))) for each in parts],
        notes,
        folder,
    )


def _natural(path: str) -> list[tuple[int, list[tuple[int, int, str]]]]:
    """Return a key that sorts the files of a folder before its subfolders, and ``part-2`` before ``part-10``."""
    *folders, file = path.split("/")
    return [*((1, _numbered(each)) for each in folders), (0, _numbered(file))]


def _numbered(name: str) -> list[tuple[int, int, str]]:
    # (length, digits) of a number without its zeros compares as its value does, however long it is
    return [
        (len(piece.lstrip("0")), 0, piece.lstrip("0")) if piece.isdigit() else (0, 1, piece)
        for piece in _NUMBERS.split(name)
    ]


def _partition(path: str) -> Iterator[tuple[str, str | None]]:
    """Yield the columns that the folders of a path name, as Hive, Spark, DuckDB and pyarrow write them."""
    for folder in path.split("/")[:-1]:
        key, equals, value = folder.partition("=")
        if equals and key:
            yield unquote(key), None if value == _NULL_PARTITION else unquote(value)
