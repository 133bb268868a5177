"""The manual page: what the commands say, in roff that groff takes without a word."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import click
import pytest

from tests.cli.tree import LEAVES
from tests.golden import assert_golden
from tests.paths import ROOT
from tools.manpage import page
from zswap_replay.cli.main import PROGRAM

INVENTORY = [
    (name, flag)
    for name, command in LEAVES.items()
    for parameter in command.params
    if isinstance(parameter, click.Option) and not parameter.hidden
    for flag in (*parameter.opts, *parameter.secondary_opts)
]


def rendered(text: str, *options: str) -> str:
    """The page as a reader sees it, without bold and underlines."""
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    done = subprocess.run(
        ["groff", "-man", "-ww", *options],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)


def test_the_page_that_is_installed_is_that_of_the_commands() -> None:
    assert_golden(f"{PROGRAM}.1", page(), ROOT / "man")


def test_the_module_prints_the_page_the_same_in_any_width() -> None:
    for columns in ("40", "200"):
        done = subprocess.run(
            [sys.executable, "-m", "tools.manpage"],
            env={"COLUMNS": columns, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (0, "", page()) == (done.returncode, done.stderr, done.stdout)


def test_the_page_is_ascii_and_has_no_date() -> None:
    assert page().isascii()
    assert re.match(r'\.TH ZSWAP-REPLAY 1 "" "zswap-replay \d[\w.]*" "User Commands"\n', page())


@pytest.mark.parametrize("device", ["utf8", "ascii", "ps"])
def test_groff_takes_it_without_a_warning(device: str) -> None:
    assert len(rendered(page(), f"-T{device}")) > 10_000


def test_every_command_and_option_is_on_the_page() -> None:
    text = rendered(page(), "-Tascii", "-rLL=200n")
    parts = re.split(rf"^   ({PROGRAM} .*)$", text, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert [f"{PROGRAM} {name}" for name in LEAVES] == list(sections)
    flags = {
        name: re.split(r"[ ,]+", " ".join(re.findall(r"^       (-.*)$", section, re.MULTILINE)))
        for name, section in sections.items()
    }
    assert [] == [(name, flag) for name, flag in INVENTORY if flag not in flags[f"{PROGRAM} {name}"]]
    assert len(INVENTORY) > 60


def test_examples_can_be_copied_from_the_page() -> None:
    text = rendered(page(), "-Tutf8", "-rLL=200n")
    lines = [line.strip() for command in LEAVES.values() for line in (command.epilog or "").splitlines()[2:]]
    assert [] == [line for line in lines if line not in text]


def test_the_name_is_what_apropos_lists() -> None:
    assert f".SH NAME\n{PROGRAM} \\- " in page()
