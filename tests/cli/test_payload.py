from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zswap_replay.cli.payload import payload
from zswap_replay.errors import CodecError, RecipeError, SettingsError, ZswapReplayError
from zswap_replay.payload.recipe import load_recipe
from zswap_replay.payload.source import FilePages, GeneratedPages


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(payload, arguments)


def error_of(*arguments: str) -> BaseException | None:
    return invoke(*arguments).exception


def test_the_pages_are_written_in_the_order_of_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "pages.bin"
    result = invoke("--recipe", "server", "--seed", "5", "--pages", "40", "-o", str(path))
    assert 0 == result.exit_code
    source = GeneratedPages(load_recipe("server"), 5)
    read = FilePages(path)
    assert [source.page(i) for i in range(40)] == [read.page(i) for i in range(40)]
    assert 40 * 4096 == path.stat().st_size


def test_classes_and_ratios_are_shown() -> None:
    result = invoke("--pages", "500", "-c", "lz4", "-c", "zstd")
    shown = "\n".join(line.rstrip() for line in result.output.splitlines())
    assert GOLDEN == shown.strip() + "\n"


GOLDEN = """\
class      pages  lz4 ratio  lz4 pool  lz4 refused  zstd ratio  zstd pool  zstd refused
code          65       1.42      1.39            0        1.90       1.86             0
half-zero     65       1.96      1.87            0        1.97       1.87             0
integers       2       1.43      1.41            0        2.50       2.46             0
json         141       2.49      2.44            0        4.25       4.16             0
pointers     106       1.35      1.33            0        1.82       1.77             0
random        13          -         -           13           -          -            13
text          40       1.25      1.22            0        1.85       1.81             0
zero          68          -         -            0           -          -             0

all          500       1.69      1.66           13        2.32       2.25            13
"""


def test_without_a_compressor_pages_are_counted_alone() -> None:
    lines = invoke("--recipe", "incompressible", "--pages", "100").output.split()
    assert ["class", "pages"] == lines[:2]
    assert ["all", "100"] == lines[-2:]


def test_a_file_is_replaced_only_when_told_to(tmp_path: Path) -> None:
    path = tmp_path / "pages.bin"
    path.write_bytes(b"mine")
    error = error_of("--pages", "1", "-o", str(path))
    assert isinstance(error, SettingsError)
    assert f"{path}: is there already; --force overwrites it" == str(error)
    assert b"mine" == path.read_bytes()
    assert 0 == invoke("--pages", "1", "-o", str(path), "-f").exit_code
    assert 4096 == path.stat().st_size


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [(RecipeError, ("--recipe", "nothing")), (CodecError, ("-c", "snappy")), (CodecError, ("-c", "zstd:99"))],
)
def test_errors_are_left_to_the_one_who_prints_them(
    tmp_path: Path, kind: type[ZswapReplayError], arguments: tuple[str, ...]
) -> None:
    path = tmp_path / "pages.bin"
    assert isinstance(error_of(*arguments, "-o", str(path)), kind)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [("--pages", "0"), ("--seed", "-1"), ("--seed", str(1 << 64))])
def test_numbers_out_of_range_are_usage_errors(arguments: tuple[str, ...]) -> None:
    assert 2 == invoke(*arguments).exit_code


def test_importing_the_command_imports_nothing_heavy() -> None:
    script = (
        "import sys, zswap_replay.cli.payload;"
        "print(*sorted({'numpy', 'pyarrow', 'rich', 'zstandard', 'lz4'} & set(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout
    assert printed == "\n"
