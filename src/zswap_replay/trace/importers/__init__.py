"""Importers: traces made from the output of other programs, one module each."""

from collections.abc import Mapping
from typing import Final

IMPORTERS: Final[Mapping[str, str]] = {
    "capture": "Import a capture of a live kernel's zswap.",
    "lackey": "Import the output of valgrind's lackey.",
}
"""Each importer with the line that ``trace import --help`` shows.

The importer ``x`` is ``import_x`` of the module ``x`` here; its command, ``trace import x``, is ``x`` of the module
``cli.trace.x``.
"""
