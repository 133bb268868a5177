"""Folders that stand for the ``proc`` and ``sys`` of a machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

NEW = {
    "enabled": "Y",
    "compressor": "lz4",
    "zpool": "zbud",
    "max_pool_percent": "25",
    "accept_threshold_percent": "80",
    "shrinker_enabled": "Y",
}
"""The parameters of a kernel from 6.10 to 6.17."""

OLD = {
    **NEW,
    "exclusive_loads": "Y",
    "same_filled_pages_enabled": "N",
    "non_same_filled_pages_enabled": "Y",
}
"""The parameters of a kernel of 6.8."""


def make_host(
    root: Path,
    uname: str,
    params: Mapping[str, str] | None = None,
    *,
    page_cluster: str | None = "3",
    lru_gen: str | None = "0x0007",
    more: Mapping[str, str] | None = None,
) -> Path:
    """Make the files that are read of a machine below a folder, ``more`` among them, and return it."""
    files = {"proc/sys/kernel/osrelease": uname}
    files |= {f"sys/module/zswap/parameters/{name}": text for name, text in (params or {}).items()}
    if page_cluster is not None:
        files["proc/sys/vm/page-cluster"] = page_cluster
    if lru_gen is not None:
        files["sys/kernel/mm/lru_gen/enabled"] = lru_gen
    for name, text in (files | dict(more or {})).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    return root
