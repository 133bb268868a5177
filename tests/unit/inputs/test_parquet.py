from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zswap_replay.inputs.parquet import UnreadableError, open_local, open_parquet, pandas_index, read_table
from zswap_replay.trace.reader import ColumnsError, open_trace

DAMAGE_EVERY_BYTE = """
import sys
import pyarrow as pa
from zswap_replay.errors import ZswapReplayError
from zswap_replay.trace.location import Located, Part
from zswap_replay.trace.reader import TraceReader

class Held(Part):
    def open(self):
        return pa.BufferReader(bytes(damaged))

good = open(sys.argv[1], "rb").read()
footer = int.from_bytes(good[-8:-4], "little")
refused = 0
for place in range(len(good) - 8 - footer, len(good) - 4):
    damaged = bytearray(good)
    damaged[place] ^= 1
    try:
        for _ in TraceReader(Located([Held("t", "t")], []), strict=False).batches():
            pass
    except ZswapReplayError as error:
        assert "\\n" not in str(error)
        refused += 1
print(refused, footer)
"""


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_no_damage_to_a_footer_ends_the_process(tmp_path: Path) -> None:
    """Where pyarrow looks at a column chunk of 13 of these it ends in an exception of C++."""
    path = tmp_path / "t.parquet"
    columns: dict[str, Any] = {
        "time_ns": pa.array([1, 2, 3], pa.uint64()),
        "event": ["read"] * 3,
        "memcg": ["/a"] * 3,
        "page": pa.array([1, 2, 3], pa.uint64()),
    }
    pq.write_table(pa.table(columns), path, compression="none")
    done = subprocess.run(
        [sys.executable, "-c", DAMAGE_EVERY_BYTE, str(path)], capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    refused, footer = map(int, done.stdout.split())
    assert footer / 2 < refused <= footer + 4


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t"
    pq.write_table(pa.table({"a": [1]}), path)
    whole = path.read_bytes()
    for data, said in (
        (b"", "found an empty file; expected a Parquet file"),
        (b"text", "found no Parquet; expected a Parquet file"),
        (whole[:-9], f"found a Parquet file that is cut off after {len(whole) - 9} bytes"),
        (whole[:-8] + b"\xff\xff\xff\x7fPAR1", "found a Parquet file that cannot be read: "),
    ):
        path.write_bytes(data)
        with open_local(path) as source, pytest.raises(UnreadableError, match=f"^{said}"):
            open_parquet(source)
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "none")


@pytest.mark.parametrize("row_group_size", [3, 100])
def test_texts_whose_encoding_is_no_dictionary(tmp_path: Path, row_group_size: int) -> None:
    """DELTA_BYTE_ARRAY, which some writers have as their default; a dictionary that is too large changes to it."""
    columns: dict[str, Any] = {
        "time_ns": pa.array(range(100), pa.uint64()),
        "event": ["read"] * 100,
        "memcg": [f"/a{number // 7}" for number in range(100)],
        "page": pa.array(range(100), pa.uint64()),
    }
    found = []
    for encoding in ("PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"):
        path = tmp_path / f"{encoding}.parquet"
        encodings = {"event": encoding, "memcg": encoding}
        pq.write_table(
            pa.table(columns),
            path,
            use_dictionary=False,
            column_encoding=encodings,
            row_group_size=row_group_size,
        )
        reader = open_trace(path)
        rows = [row for batch in reader.batches(30) for row in batch.page.tolist()]
        found.append((rows, reader.sha256(), read_table(path, ["memcg"]).column("memcg").to_pylist()))
    assert found[0] == found[1] == found[2]
    assert (list(range(100)), columns["memcg"]) == (found[0][0], found[0][2])


def test_pandas_index_is_known_by_its_metadata_and_by_its_name() -> None:
    schema = pa.schema([("a", pa.int64()), ("__index_level_0__", pa.int64()), ("k", pa.int64())])
    assert {"__index_level_0__"} == pandas_index(schema)
    told = b'{"index_columns": ["k", {"kind": "range"}]}'
    assert {"__index_level_0__", "k"} == pandas_index(schema.with_metadata({"pandas": told}))
    for odd in (b"no", b"[]", b'{"index_columns": 1}', b"[" * 100_000):
        assert {"__index_level_0__"} == pandas_index(schema.with_metadata({"pandas": odd}))


@pytest.mark.parametrize("name", ["event", "memcg"])
@pytest.mark.parametrize("value", [["x"], {"a": "x"}, [["x"]]])
def test_texts_that_others_are_in_are_told_by_their_type(tmp_path: Path, name: str, value: Any) -> None:
    columns: dict[str, Any] = {"time_ns": [1], "event": ["read"], "memcg": ["/a"], "page": [1]}
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns | {name: [value]}), path)
    with pytest.raises(
        ColumnsError, match=rf"column {name}: found (list|struct)<.*; expected dictionary<string>"
    ):
        open_trace(path)


@pytest.mark.parametrize(
    ("name", "told"), [(" page", "' page'"), ("", "''"), ("a\nb", r"'a\\nb'"), ("x" * 9999, "9,999")]
)
def test_an_unknown_column_whose_name_is_not_seen_is_quoted(tmp_path: Path, name: str, told: str) -> None:
    path = tmp_path / "t.parquet"
    columns: dict[str, Any] = {"time_ns": [1], "event": ["read"], "memcg": ["/a"], "page": [1]}
    pq.write_table(pa.table(columns | {name: [1]}), path)
    with pytest.raises(ColumnsError, match=f"column .*{told}.*: found an unknown column") as found:
        open_trace(path)
    assert len(str(found.value)) < 600


def test_an_encrypted_footer_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PARE" + bytes(40) + b"PARE")
    with pytest.raises(UnreadableError, match="found an encrypted Parquet file; expected one that is not"):
        read_table(path)
