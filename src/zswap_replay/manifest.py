"""What makes two results comparable: the trace, the settings, the payload and the versions behind a replay."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True, slots=True)
class Manifest:
    """The inputs of one replay. Equal manifests mean equal counters."""

    trace: dict[str, object]
    """``path`` as it was given, ``sha256`` of its rows (None where the replay ended before them), ``events``."""
    settings: dict[str, object]
    kernel: str
    seed: int
    recipe: dict[str, object]
    versions: dict[str, str]

    def as_json(self) -> dict[str, object]:
        """The manifest as the object that the JSON output holds."""
        return {
            "trace": self.trace,
            "settings": self.settings,
            "kernel": self.kernel,
            "seed": self.seed,
            "recipe": self.recipe,
            "versions": self.versions,
        }


def versions(codec: dict[str, str]) -> dict[str, str]:
    """Versions of all that a counter can depend on; ``codec`` adds those of the compressor in use."""
    return {
        "zswap_replay": version("zswap-replay"),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "pyarrow": version("pyarrow"),
        **codec,
    }
