"""What is fuzzed: each target takes bytes, and gives a result or one clear error."""

from __future__ import annotations

import io
import json
import lzma
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from importlib import resources
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.factories import make_result
from tests.imports import RECORDED
from tests.pressure import any_events, lengths_file, lived
from tests.strategies import Row, as_table
from tests.sweeps import make_sweep
from zswap_replay.codec.lengths_file import read_lengths
from zswap_replay.compare.tolerance import Tolerance
from zswap_replay.errors import SettingsError, ZswapReplayError
from zswap_replay.payload.recipe import builtin_recipes, load_recipe
from zswap_replay.replay.loop import replay
from zswap_replay.result.file import read_results, render
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.sweep.file import KEY
from zswap_replay.sweep.file import read as read_sweep
from zswap_replay.sweep.file import write as write_sweep
from zswap_replay.trace.events import EVENT_CODES, MEMCG_KNOBS, PARAMS, Event, parse_knob
from zswap_replay.trace.importers import IMPORTERS
from zswap_replay.trace.importers import run as run_importer
from zswap_replay.trace.importers.lackey import import_lackey
from zswap_replay.trace.info import describe
from zswap_replay.trace.reader import open_trace
from zswap_replay.units import parse_duration, parse_limit, parse_share, parse_size

Target = Callable[[bytes], object]

IMPORTED = [name for name in IMPORTERS if name not in ("capture", "lackey")]
"""The importers that are tried together, by the numbers that inputs begin with."""

_FOLDER = tempfile.TemporaryDirectory()


def _file(data: bytes, name: str) -> str:
    path = Path(_FOLDER.name) / name
    path.write_bytes(data)
    return str(path)


def pressed_rows(random: Random, count: int) -> list[Row]:
    """The rows of a good trace."""
    return list(islice(lived(any_events(random)), count))


def read_trace(data: bytes) -> object:
    """Read what may be a trace, to its end."""
    return describe(open_trace(_file(data, "trace.parquet")))


_VALUES: dict[str, tuple[Any, ...]] = {
    "time_ns": (None, 0, 1, 5, -1, 2.0, 2.5, float("nan"), "7", (1 << 63) - 1),
    "event": (None, *EVENT_CODES, "reed", "", 3, b"read"),
    "memcg": (None, "/", "/a", "/a/b", "a", "/a/", "//", "/a/..", 5, b"/a", b"\xff"),
    "page": (None, 0, 1, 2, 40, -1, 1.0, 1.5, "9", (1 << 63) - 1),
    "count": (None, 1, 2, 30, 0, -1, 1.0, float("inf"), "2"),
    "node": (None, 0, 1, 64, 300, -1, 0.0),
    "content": (None, 0, 10_000, 20_000, -1, 1.0, (1 << 63) - 1),
    "key": (None, *MEMCG_KNOBS, *PARAMS, "label", "memory.min", "", 4),
    "value": (None, "0", "1", "max", "64K", "1G", "y", "150", "-1", "lz4", "zbud", "gzip", "0x10", "1e3", 7),
    "x_note": (None, "any"),
    "pid": (None, 1),
}


def _column(values: list[Any]) -> pa.Array[Any]:
    """An array of the values, of the first type that takes them all; of texts where none does."""
    try:
        made: pa.Array[Any] = pa.array(values)
        return made
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else str(value) for value in values])


def replay_table(data: bytes) -> object:
    """Replay a table whose columns and cells the bytes pick: most are what a trace has, some are not."""
    taken = iter(data)
    random = Random(data)

    def pick(choices: Sequence[Any]) -> Any:
        byte = next(taken, None)
        return random.choice(choices) if byte is None else choices[byte % len(choices)]

    names = [name for name in _VALUES if pick(range(8)) or name in ("time_ns", "event")]
    if pick(range(8)):
        names = [name for name in names if name != "pid"]
    good = pick((0, 1, 1, 1))
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(pressed_rows(Random(data[:4]), pick(range(1, 40)))):
        kept = {"time_ns": number * pick((1, 1, 1000)), **row}
        if not good and not pick(range(20)):
            name = pick(names)
            kept[name] = pick(_VALUES[name])
        rows.append({name: kept.get(name) for name in names})
    columns = {name: _column([row[name] for row in rows]) for name in names}
    path = str(Path(_FOLDER.name) / "table.parquet")
    pq.write_table(
        pa.table(columns), path, row_group_size=pick((1000, 1, 7)), use_dictionary=bool(pick((1, 0)))
    )
    return replay(
        path, lengths=lengths_file(), kernel=pick(("6.6", "patch-v4", "6.8", "6.12", "6.18")), nodes=2
    )


def import_text(data: bytes) -> object:
    """Import what valgrind might have printed."""
    source = _file(data, "lackey.txt")
    output = Path(_FOLDER.name) / "imported.parquet"
    import_lackey(source, str(output), overwrite=True)
    return describe(open_trace(str(output)))


def import_any(data: bytes) -> object:
    """Import what any of the programs might have printed; the first byte says which."""
    name = IMPORTED[data[0] % len(IMPORTED)] if data else IMPORTED[0]
    output = Path(_FOLDER.name) / "imported.parquet"
    options = {"sample": 10**6, "aggr": 10**7} if name == "damon" else {}
    run_importer(name, io.BytesIO(data[1:]), str(output), overwrite=True, **options)
    return describe(open_trace(str(output)))


def read_result(data: bytes) -> object:
    """Read what may be a file of results, and write it again."""
    return render(read_results(_file(data, "result.json")), timing=True)


def read_sweep_file(data: bytes) -> object:
    """Read the file of a sweep whose metadata the bytes are."""
    path = str(Path(_FOLDER.name) / "sweep.parquet")
    pq.write_table(_sweep_table().replace_schema_metadata({KEY: data}), path)
    return read_sweep(path)


@cache
def _sweep_table() -> pa.Table:
    path = Path(_FOLDER.name) / "good.parquet"
    write_sweep(path, make_sweep())
    return pq.ParquetFile(path).read()


def read_recipe(data: bytes) -> object:
    """Read what may be a recipe."""
    return load_recipe(_file(data, "recipe.toml"))


def read_lengths_file(data: bytes) -> object:
    """Read what may be a file of lengths."""
    return read_lengths(_file(data, "lengths.parquet"))


def parse_tolerance(data: bytes) -> object:
    """Parse what may be a tolerance."""
    return Tolerance.parse(data.decode("utf-8", "surrogateescape"))


def parse_settings(data: bytes) -> object:
    """Parse what may be a setting, in each way in which settings are given."""
    text = data.decode("utf-8", "surrogateescape")
    parsers: list[Callable[[str], object]] = [
        KnobWrite.parse,
        parse_size,
        parse_limit,
        parse_duration,
        parse_share,
    ]
    parsers += [
        partial(parse_knob, event, key)
        for event, keys in ((Event.MEMCG_SET, MEMCG_KNOBS), (Event.PARAM, PARAMS))
        for key in keys
    ]
    for parse in parsers:
        with suppress(SettingsError):
            parse(text)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return Settings.from_json(document) if isinstance(document, dict) else None


TARGETS: dict[str, Target] = {
    "trace": read_trace,
    "table": replay_table,
    "lackey": import_text,
    "imports": import_any,
    "result": read_result,
    "sweep": read_sweep_file,
    "recipe": read_recipe,
    "lengths": read_lengths_file,
    "tolerance": parse_tolerance,
    "settings": parse_settings,
}
"""By name, what takes bytes."""


def one_clear_error(target: Target, data: bytes) -> str | None:
    """Give a target its bytes; return the error if there is one. Raises what is none of ours, and AssertionError."""
    caught: ZswapReplayError | None = None
    try:
        target(data)
    except ZswapReplayError as error:
        caught = error
    if caught is None:
        return None
    assert str(caught).strip(), f"{type(caught).__name__} without a text"
    assert len(str(caught).splitlines()) == 1, f"more than one line: {str(caught)!r}"
    return str(caught)


@cache
def seeds(name: str) -> tuple[bytes, ...]:
    """What a target's fuzzing begins with: good input, made here, and what is kept in corpus/."""
    made: dict[str, Callable[[], list[bytes]]] = {
        "trace": lambda: [_parquet_trace()],
        "table": lambda: [bytes([number] * 60) for number in (1, 3, 7, 60)],
        "lackey": lambda: [b"I  04000000,3\n S 1ffefffe20,8\n L 1ffefffe20,8\n M 0421d5ac,4\n", b"==1== x\n"],
        "imports": lambda: [bytes([at]) + text for at, text in enumerate(_printed())],
        "result": lambda: [render([make_result()], timing=True).encode()],
        "sweep": lambda: [_sweep_table().schema.metadata[KEY]],
        "recipe": lambda: [_recipe_text(recipe) for recipe in builtin_recipes()],
        "lengths": lambda: [Path(lengths_file()).read_bytes()[:4000], Path(lengths_file()).read_bytes()],
        "tolerance": lambda: [b"zswpout=5%", b"/web:zswpwb=3", b"vmstat.pswpin=1.5%", b"5%", b"*=0"],
        "settings": lambda: [
            b"/web:memory.zswap.max=64M",
            b"512M",
            b"max",
            b"50ms",
            b'{"kernel": "6.12", "set": []}',
        ],
    }
    folder = Path(__file__).parent / "corpus" / name
    kept = [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []
    return (*made[name](), *kept)


def _parquet_trace() -> bytes:
    rows = [{"time_ns": number, **row} for number, row in enumerate(pressed_rows(Random(3), 30))]
    path = Path(_FOLDER.name) / "seed.parquet"
    pq.write_table(as_table(rows), path)
    return path.read_bytes()


def _printed() -> Iterator[bytes]:
    """Input of each importer, of those that its example reads, at most 4 KB of it."""
    for name in IMPORTED:
        words = " ".join(IMPORTERS[name].example).split()
        files = [RECORDED / word for word in words if (RECORDED / word).is_file()]
        if name == "csv":
            yield b"time_ns,event,memcg,page,value\n1,memcg_create,/a,,\n2,write,/a,7,\n3,worker,,,end\n"
        elif files:
            data = files[0].read_bytes()
            yield (lzma.decompress(data) if files[0].suffix == ".xz" else data)[
                : 9000 if name == "lcs" else 4000
            ]
        else:
            yield (RECORDED / "accesses.pq").read_bytes()


def _recipe_text(name: str) -> bytes:
    return resources.files("zswap_replay.payload").joinpath("recipes", f"{name}.toml").read_bytes()


def changed(random: Random, good: tuple[bytes, ...]) -> bytes:
    """Good input with some bytes changed, cut out, or taken from other good input."""
    data = bytearray(random.choice(good))
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(data) + 1)
        match random.randrange(4):
            case 0:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                del data[at : at + random.randint(1, 20)]
            case 2:
                data[at:at] = data[: random.randint(1, 20)]
            case _:
                other = random.choice(good)
                start = random.randrange(len(other) + 1)
                data[at:at] = other[start : start + random.randint(1, 20)]
    return bytes(data)
