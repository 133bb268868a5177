"""The optional libraries that reports need."""

from __future__ import annotations

from importlib.util import find_spec

from zswap_replay.errors import SettingsError


def require(*modules: str) -> None:
    """Check that modules are installed, without importing them. Raises SettingsError: one is missing."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise SettingsError(
            f"a report needs {' and '.join(missing)}, not found here: pip install 'zswap-replay[report]'"
        )
