"""Packs recorded cases, a folder each, into a few Parquet files a kernel: ``python -m tests.conformance.pack FROM``.

FROM holds ``cases*/CASE/`` with case.json, trace.parquet, lengths.parquet and expected.jsonl, and ``access/CASE/`` with
expected.json in place of the last; ``access-mglru/CASE/`` has the same traces, and counters of its own, and so has
``access-zram/CASE/``, apart from its first rows. The packed form is described in README.md, and cases.py reads it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

RECORDED = Path(__file__).parent / "recorded"

_NUMBERS = pa.int64()
_MEMCG = ("memory.zswap.current", "zswap", "zswapped", "zswap_incomp", "zswpin", "zswpout", "zswpwb")
_ZRAM_MEMCG = (
    "memory.swap.current",
    "memory.zswap.current",
    "swap.events.max",
    "swap.events.fail",
    "zswapped",
    "swapcached",
    "zswpin",
    "zswpout",
    "zswpwb",
)
_GROUPS = ("zswap", "zram", "meminfo", "vmstat")
_STRETCH = re.compile(r"t[0-9]+\.([0-9]+)")
"""The label of a row of a stretch that was recorded page by page."""
_KEPT_OF_STRETCH = 32
"""Of the rows of such a stretch with zram one in so many is kept: those that have every counter are among them."""
_ROOT = ("7.1",)
"""Kernels whose memory.stat of the root was brought up to date before it was read; of the others it lags behind."""
_DELTA = "DELTA_BINARY_PACKED"

Row = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Pack every folder of cases below the one given."""
    source = Path(arguments[0])
    folders = sorted(path for path in source.iterdir() if path.is_dir())
    for folder in folders:
        cases = [case for case in sorted(folder.iterdir()) if (case / "case.json").exists()]
        if not cases:
            continue
        if folder.name == "access-zram":
            pack_zram_access(cases, RECORDED / "zram" / "access.json")
            continue
        if folder.name == "access-mglru":
            pack_counters(cases, source / "access", RECORDED / "access" / "mglru.json")
            continue
        kernel = json.loads((cases[0] / "case.json").read_text())["kernel"]
        special = {"access": "access", "cases-zram": "zram"}
        target = RECORDED / special.get(folder.name, kernel)
        target.mkdir(parents=True, exist_ok=True)
        pack(cases, target)
        size = sum(path.stat().st_size for path in target.iterdir())
        print(f"{target.name}: {len(cases)} cases, {size} bytes")


def pack_counters(cases: list[Path], traces: Path, target: Path) -> None:
    """Pack the counters of cases whose traces and lengths are those of the cases of the same names in ``traces``."""
    for case in cases:
        for name in ("trace.parquet", "lengths.parquet"):
            if not _read(case / name).equals(_read(traces / case.name / name)):
                raise SystemExit(f"{case / name}: expected the same as in {traces / case.name}")
    lines = ",\n".join(
        f"{json.dumps(case.name)}: {json.dumps(json.loads((case / 'expected.json').read_text())['end'])}"
        for case in cases
    )
    target.write_text(f"{{\n{lines}\n}}\n")
    print(f"{target.name}: {len(cases)} cases, {target.stat().st_size} bytes")


def pack_zram_access(cases: list[Path], target: Path) -> None:
    """Pack what is not in the zswap run of the same accesses: compressor, memory.max and the counters."""
    found = {}
    for case in cases:
        about = json.loads((case / "case.json").read_text())
        limit = next(
            row["value"] for row in _read(case / "trace.parquet").to_pylist() if row["key"] == "memory.max"
        )
        expected = json.loads((case / "expected.json").read_text())
        found[case.name] = {
            "twin": about["zswap_twin"],
            "compressor": about["compressor"],
            "disksize": about["disksize"],
            "memory.max": int(limit),
            "end": expected["end"],
        }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(about)}" for name, about in found.items())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f"{{\n{lines}\n}}\n")
    print(f"{target.name}: {len(cases)} cases, {target.stat().st_size} bytes")


def _is_kept(label: str | None) -> bool:
    """Tell whether a snapshot of a case with zram is kept: all but most rows of the stretches page by page."""
    found = _STRETCH.fullmatch(label or "")
    return found is None or int(found[1]) % _KEPT_OF_STRETCH == 0


def _thinned(trace: pa.Table) -> pa.Table:
    """Leave out the snapshots that are not kept."""
    kept = [
        event != "snapshot" or _is_kept(key)
        for event, key in zip(trace["event"].to_pylist(), trace["key"].to_pylist(), strict=True)
    ]
    return trace.filter(pa.array(kept))


def pack(cases: list[Path], target: Path) -> None:
    """Pack cases of one kernel into a folder."""
    described = {case.name: json.loads((case / "case.json").read_text()) for case in cases}
    tables: dict[str, list[pa.Table]] = {"trace": [], "lengths": []}
    shared: dict[str, int] = {}
    rows: dict[str, list[Row]] = {"counters": [], "memcgs": [], "places": []}
    for case in cases:
        about = described[case.name]
        trace, zram = _read(case / "trace.parquet"), about.get("tier") == "zram"
        tables["trace"].append(_named("case", case.name, _thinned(trace) if zram else trace))
        lengths = _read(case / "lengths.parquet")
        # many cases write the same pages: a table that was there before is not kept again
        key = json.dumps(lengths.to_pydict())
        if key not in shared:
            shared[key] = len(shared)
            tables["lengths"].append(_named("table", shared[key], lengths))
        about["lengths_table"] = shared[key]
        if (case / "expected.json").exists():
            about["expected"] = json.loads((case / "expected.json").read_text())
        else:
            root = about["kernel"] in _ROOT
            for table, row in _expected(case, set(about["compare"]), root=root, zram=zram):
                rows[table].append(row)
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(about, separators=(',', ':'))}" for name, about in described.items()
    )
    (target / "cases.json").write_text(f"{{\n{lines}\n}}\n")
    for name, parts in tables.items():
        _write(pa.concat_tables(parts, promote_options="default"), target / f"{name}.parquet")
    for name, found in rows.items():
        if found:
            _write(_table(found), target / f"{name}.parquet")


def _expected(case: Path, compare: set[str], *, root: bool, zram: bool) -> Iterator[tuple[str, Row]]:
    """The rows of expected.jsonl, each with its table; of the counters, those that are to be compared."""
    with (case / "expected.jsonl").open() as file:
        lines = (json.loads(line) for line in file)
        for number, found in enumerate(each for each in lines if not zram or _is_kept(each["label"])):
            at = {"case": case.name, "snapshot": number}
            groups = {
                f"{group}.{name}": value
                for group in _GROUPS
                for name, value in found.get(group, {}).items()
                if name in compare
            }
            yield "counters", {**at, "label": found["label"], **groups}
            if "slots" in found or "slot" in found:
                continue
            if "where" in found:
                yield (
                    "places",
                    at | {"memcg": found["memcg"], "page": found["first_page"], "where": found["where"]},
                )
                continue
            memcgs = found.get("memcg", {}) | ({"/": found["root"]} if root and "root" in found else {})
            for path, values in memcgs.items():
                yield (
                    "memcgs",
                    at
                    | {"memcg": path}
                    | {key: values.get(key) for key in (_ZRAM_MEMCG if zram else _MEMCG) if key in compare},
                )


def _table(rows: list[Row]) -> pa.Table:
    """Rows as a table: numbers, and texts as dictionaries; a counter that a row lacks is null."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns: dict[str, pa.Array[Any]] = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if all(value is None for value in values):
            continue
        if isinstance(next(value for value in values if value is not None), str):
            columns[name] = pa.array(values, pa.string()).dictionary_encode()
        else:
            columns[name] = pa.array(values, _NUMBERS)
    return pa.table(columns)


def _read(path: Path) -> pa.Table:
    """A table, its texts as plain strings: dictionaries of several files do not concatenate as they are."""
    table = pq.ParquetFile(path).read()
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
    return table.replace_schema_metadata(None)


def _named(column: str, name: str | int, table: pa.Table) -> pa.Table:
    """A table with one more column in front, the same in every row."""
    return table.add_column(0, column, pa.array([name] * table.num_rows))


def _write(table: pa.Table, path: Path) -> None:
    """Write one row group, as small as it gets: differences of numbers, dictionaries of texts, no statistics."""
    numbers = {field.name: _DELTA for field in table.schema if pa.types.is_integer(field.type)}
    texts: Any = [name for name in table.column_names if name not in numbers]  # the stubs know a bool alone
    pq.write_table(
        table,
        path,
        row_group_size=max(table.num_rows, 1),
        compression="zstd",
        compression_level=19,
        use_dictionary=texts,
        column_encoding=numbers,
        write_statistics=False,
        store_schema=False,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
