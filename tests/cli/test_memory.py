from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.memories import PAGE, Load, core, pages, process_with, text, write
from zswap_replay.cli.main import PROGRAM, cli, guarded
from zswap_replay.codec.lengths_file import read_lengths
from zswap_replay.trace.builder import TraceBuilder


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command; its status, its output, and what it says on standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = guarded(cli, PROGRAM, list(arguments))
        printed = capsys.readouterr()
        return status, printed.out, printed.err.removeprefix("zswap-replay: ").removesuffix("\n")

    return run


Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def image(tmp_path: Path) -> str:
    return write(tmp_path / "image", b"".join(pages(60)))


MEASURE = ("memory", "measure", "-c", "zstd", "-c", "lz4", "--jobs", "1")


def test_figures_are_for_people_and_for_programs(image: str, ran: Ran) -> None:
    status, out, err = ran(*MEASURE, image)
    assert (0, "") == (status, err)
    lines = [line.split() for line in out.splitlines()]
    head = out.partition("\n\n")[0].split()  # a long name is wrapped
    assert [f"{image}:", "raw", "file,", "60", "pages", "(240.0", "KiB)"] == head
    assert ["zero", "10", "16.7", "%"] in lines
    assert ["stored", "pages", "30", "30"] in lines
    status, out, _ = ran(*MEASURE, image, "--format", "json")
    told = json.loads(out)
    assert (60, 10, 10, 9) == (told["pages"], told["zero"], told["same_filled"], told["duplicates"])
    assert 1 / 6 == told["shares"]["zero"]
    zstd = told["compressors"]["zstd"]
    assert (30, 10, 10) == (zstd["stored"], zstd["incompressible"], zstd["above_2990"])
    assert 30 == sum(each["pages"] for each in zstd["histogram"])
    assert 40 == sum(each["pages"] for each in told["entropy"])


def test_a_sample_says_how_sure_it_is(image: str, ran: Ran) -> None:
    _, out, _ = ran(*MEASURE, image, "--sample", "1/2")
    assert "sample of 1/2: " in out
    assert "±" in next(line for line in out.splitlines() if line.startswith("ratio in zsmalloc"))


def test_a_file_of_lengths_is_written_once(image: str, tmp_path: Path, ran: Ran) -> None:
    path = tmp_path / "lengths.parquet"
    assert 0 == ran(*MEASURE, image, "-o", str(path), "--blur", "64")[0]
    assert {"zstd", "lz4"} == set(read_lengths(path).tables)
    first = path.read_bytes()
    status, out, err = ran(*MEASURE, image, "-o", str(path))
    assert (2, "", f"{path}: is there already; --force overwrites it") == (status, out, err)
    assert first == path.read_bytes()
    status, _, err = ran(*MEASURE, image, "-o", image, "-f")
    assert (2, f"{image}: is an input of this command; expected another file to write to") == (status, err)
    assert 60 * PAGE == os.path.getsize(image)
    assert 0 == ran(*MEASURE, image, "-o", str(path), "-f")[0]
    assert first != path.read_bytes()


def test_what_is_missing_of_a_core_is_said_and_nothing_lost(tmp_path: Path, ran: Ran) -> None:
    path = tmp_path / "lengths.parquet"
    dump = core([Load(PAGE, b"".join(pages(30)))])
    status, out, err = ran(*MEASURE, write(tmp_path / "core", dump[: -9 * PAGE]), "-o", str(path))
    assert 2 == status
    assert err.startswith(f"{tmp_path}/core: found a core dump that is cut off after 84.")
    assert err.endswith("the figures are of the 21 pages that were")
    assert "\n" not in err
    assert "core: core dump, 21 pages" in out
    assert list(range(1, 22)) == read_lengths(path).for_compressor("lz4").content.tolist()


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("found a folder without pages", ["{folder}"]),
        ("found 1.0 TiB of holes", ["{folder}/sparse"]),
        ("nowhere: No such file or directory", ["{folder}/nowhere"]),
        ("process 4194305: found none of that id", ["--pid", "4194305"]),
        ("process 4194305: cannot be stopped: No such process", ["--pid", "4194305", "--stop"]),
        ("Missing argument 'SOURCE...' or option '--pid'", []),
        ("--stop is for --pid", ["--stop", "x"]),
        ("'1/0' is not a sample", ["x", "--sample", "1/0"]),
        ("no compressor 'snappy'", ["{folder}/page", "-c", "snappy"]),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    tmp_path: Path, ran: Ran, said: str, arguments: list[str]
) -> None:
    (tmp_path / "in").mkdir()
    if "sparse" in str(arguments) or "page" in str(arguments):
        write(tmp_path / "in" / "page", text(1))
        with (tmp_path / "in" / "sparse").open("wb") as file:
            file.truncate(1 << 40)
    given = [each.format(folder=tmp_path / "in") for each in arguments]
    status, out, err = ran(*MEASURE, *given, "-o", str(tmp_path / "lengths.parquet"))
    assert (2, "") == (status, out)
    assert said in err
    assert "\n" not in err
    assert ["in"] == [path.name for path in tmp_path.iterdir()]


def test_a_process_goes_on_after_it_was_stopped(image: str, tmp_path: Path, ran: Ran) -> None:
    with process_with(image) as pid:
        status, out, err = ran(*MEASURE, "--pid", str(pid), "--stop")
        assert (0, "") == (status, err)
        assert f"process {pid} (" in out
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0]
        assert "T" != state
        os.kill(pid, signal.SIGCONT)


def test_a_recipe_is_fitted_and_used(image: str, tmp_path: Path, ran: Ran) -> None:
    lengths, recipe = str(tmp_path / "mine.parquet"), str(tmp_path / "recipe.toml")
    assert 0 == ran("memory", "measure", "-c", "lz4", image, "-o", lengths)[0]
    status, out, err = ran("memory", "fit", lengths, "-o", recipe, "--parts", "3")
    assert (0, "") == (status, err)
    assert out.startswith("mine: 40 pages that no one word fills, ")
    assert (2, f"{recipe}: is there already; --force overwrites it") == ran(
        "memory", "fit", lengths, "-o", recipe
    )[::2]
    status, out, _ = ran("payload", "--recipe", recipe, "--pages", "50", "-c", "lz4")
    assert 0 == status
    assert "all" in out
    (tmp_path / "bad").write_bytes(b"PAR1")
    assert 2 == ran("memory", "fit", str(tmp_path / "bad"))[0]


def test_a_trace_gets_the_lengths_of_measured_memory(image: str, tmp_path: Path, ran: Ran) -> None:
    trace, lengths, target = (
        str(tmp_path / name) for name in ("t.parquet", "l.parquet", "T.lengths.parquet")
    )
    TraceBuilder().write("/web", 0, count=50).write("/db", 0, count=9).pageout("/web", 0, count=50).save(
        trace
    )
    assert 0 == ran("memory", "measure", "-c", "lz4", image, "-o", lengths)[0]
    annotate = ("trace", "annotate", trace, "--from", lengths, "-o", target)
    status, out, err = ran(*annotate, "--memcg", "/web")
    assert (0, "") == (status, err)
    assert f"59 contents (0 by address, 50 drawn, 9 of the recipe), 1 compressor: {target}\n" == out
    status, out, _ = ran("run", trace, "-c", "lz4", "--lengths", target, "--format", "csv")
    assert 0 == status
    assert ",vmstat,,,zswpout,pages," in out
    status, out, err = ran(*annotate, "-f", "--memcg", "/web", "--memcg", "/db")
    assert (2, "") == (status, out)
    assert err.startswith("found 1 --from and 2 --memcg; expected one --memcg for each --from")
    assert ran("trace", "annotate", trace, "--memcg", "/web", "-o", target, "-f")[0] == 2
    assert ran("trace", "annotate", trace, "--from", lengths, "-o", lengths, "-f")[2].startswith(
        f"{lengths}: is an input of this command"
    )
