"""The version of the program, the one place where it stands: what importlib.metadata reads takes 20 ms to import."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
