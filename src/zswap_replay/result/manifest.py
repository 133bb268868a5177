"""What makes two results comparable: the trace, the settings, the payload and the versions behind a replay."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from zswap_replay import __version__
from zswap_replay.errors import SettingsError
from zswap_replay.json_value import Value
from zswap_replay.units import parse_rate, shortened

DIGESTS = ("sha256", "xxh3")
"""The digests of a trace's rows that a manifest may have, the one that says most first."""

_AROUND = ("zswap_replay", "python", "numpy", "pyarrow")


@dataclass(frozen=True, slots=True, repr=False)
class Manifest:
    """The inputs of one replay. Equal manifests mean equal counters."""

    trace: dict[str, object]
    """``path`` as it was given, ``events``, and of its rows ``sha256`` and ``xxh3``.

    Both are None where the replay ended before them, ``sha256`` also where there were many and nobody asked for it;
    results of versions before it have no ``xxh3``.
    Of a sample, ``sample_rate`` too, the share of the pages that it has: ``1/10``.
    """
    settings: dict[str, object]
    kernel: str
    seed: int
    recipe: dict[str, object]
    versions: dict[str, str]
    interval_ns: int = 0
    """Nanoseconds of the trace's time between two snapshots; 0 where only the trace asks for them."""
    strict: bool = False
    """Whether memcgs had to be created before they were named."""
    inputs: dict[str, str] = field(default_factory=dict)
    """By the setting that names it (``lengths``, ``payload_file``), the SHA-256 of a file that was read too."""
    lengths: dict[str, str] = field(default_factory=dict)
    """By compressor, what stands in place of the kernel's lengths; empty where all lengths are the kernel's."""
    kernel_asked: str = ""
    """The kernel as it was asked for, where that is not ``kernel``: ``6.12.9-amd64``."""
    kernel_rules: str = ""
    """Where the rules come from that the kernel is replayed by, where they are not those recorded of it."""

    def __repr__(self) -> str:
        path, compressor = shortened(str(self.trace["path"])), shortened(str(self.settings["compressor"]))
        return f"<Manifest of {path}: kernel {self.kernel}, {compressor}, seed {self.seed}>"

    @property
    def codec_versions(self) -> dict[str, str]:
        """Versions of the packages and libraries that compressed; those around them decide no counter."""
        return {name: text for name, text in self.versions.items() if name not in _AROUND}

    def as_json(self) -> dict[str, object]:
        """Return the manifest as the object that the JSON output holds."""
        return {
            "trace": self.trace,
            "settings": self.settings,
            "interval_ns": self.interval_ns,
            "strict": self.strict,
            "kernel": self.kernel,
            **({"kernel_asked": self.kernel_asked} if self.kernel_asked else {}),
            **({"kernel_rules": self.kernel_rules} if self.kernel_rules else {}),
            "seed": self.seed,
            "recipe": self.recipe,
            "versions": self.versions,
            **({"inputs": self.inputs} if self.inputs else {}),
            **({"lengths": self.lengths} if self.lengths else {}),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object] | Value) -> Manifest:
        """Return the manifest of an object that ``as_json`` made. Raises ResultError."""
        document = Value.of(document)
        trace = document["trace"]
        settings = document["settings"]
        settings["compressor"].text()
        return cls(
            trace={
                "path": trace["path"].text(),
                "sha256": _digest(trace["sha256"]),
                **({"xxh3": _digest(trace["xxh3"])} if "xxh3" in trace else {}),
                "events": trace["events"].integer(),
                **_sample_rate(trace),
            },
            settings=dict(settings.table()),
            kernel=document["kernel"].text(),
            seed=document["seed"].integer(),
            recipe=dict(document["recipe"].table()),
            versions=document["versions"].texts(),
            interval_ns=document.get("interval_ns", 0).integer(),
            strict=document.get("strict", False).flag(),
            inputs=document.get("inputs", {}).texts(),
            lengths=document.get("lengths", {}).texts(),
            kernel_asked=document.get("kernel_asked", "").text(),
            kernel_rules=document.get("kernel_rules", "").text(),
        )


def digest_title(trace: Mapping[str, object]) -> str | None:
    """Return the beginning of a trace's digest, and which one it is, for people; None where it has none."""
    name = digest_name(trace)
    return None if name is None else f"{name} {str(trace[name])[:12]}"


def digest_name(trace: Mapping[str, object]) -> str | None:
    """Return the name of the digest that says most of those that a trace has; None where it has none."""
    return next((name for name in DIGESTS if trace.get(name)), None)


def _digest(found: Value) -> str | None:
    return None if found.content is None else found.text()


def _sample_rate(trace: Value) -> dict[str, object]:
    """Read the share of the pages that a trace is a sample of, where it is one. Raises ResultError."""
    if "sample_rate" not in trace:
        return {}
    try:
        return {"sample_rate": str(parse_rate(trace["sample_rate"].text()))}
    except SettingsError:
        raise trace["sample_rate"].fault("a share of the pages, such as 1/10") from None


def versions(codec: dict[str, str]) -> dict[str, str]:
    """Return the versions of all that a counter can depend on; ``codec`` adds those of the compressors in use."""
    return {**_installed(), **codec}


@cache
def _installed() -> dict[str, str]:
    import numpy as np
    import pyarrow as pa

    return {
        "zswap_replay": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
    }
