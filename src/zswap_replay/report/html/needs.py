"""The libraries that a part of the reports needs beyond those that are always there."""

from __future__ import annotations

from importlib.util import find_spec

from zswap_replay.errors import SettingsError


def require(*modules: str) -> None:
    """Raises SettingsError, with what to install, where a module is missing. Imports none of them."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise SettingsError(
            f"a report needs {' and '.join(missing)}, not found here: pip install 'zswap-replay[report]'"
        )
