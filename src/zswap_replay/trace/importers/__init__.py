"""Importers: traces made from the output of other programs, one module each."""

from typing import Final

IMPORTERS: Final = ("lackey",)
"""The importers by name. The importer ``x`` is ``import_x`` of the module ``x`` here; its command, ``trace import x``,
is ``x`` of the module ``cli.trace.x``."""
