"""Every command and snippet of the documents, run and held to what is shown below it.

What a command prints now is accepted with ``ZSWAP_REPLAY_ACCEPT=1 pytest tests/docs``, which writes it into documents.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks, commands, matches
from tests.docs.session import Session, accepted
from tests.paths import ROOT
from tools.reference import expand

DOCUMENTS = [ROOT / "README.md", ROOT / "traces" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
"""Those that are for users."""

MOST_UNRUN = 9
"""Blocks that no test can run, in all documents together."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_a_document_shows_what_is_printed(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    session = Session(tmp_path)
    session.run(expand(text))
    if os.environ.get("ZSWAP_REPLAY_ACCEPT") == "1" and session.printed and expand(text) == text:
        path.write_text(accepted(text, session.printed), encoding="utf-8")
    if session.faults:
        faults = "\n\n".join(session.faults)
        pytest.fail(
            f"{name_of(path)}; ZSWAP_REPLAY_ACCEPT=1 accepts what is printed\n{faults}", pytrace=False
        )


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    unrun = [
        (name_of(path), block.line, block.unrun)
        for path in DOCUMENTS
        for block in blocks(path.read_text(encoding="utf-8"))
        if block.unrun is not None
    ]
    assert len(unrun) <= MOST_UNRUN, unrun
    assert [] == [where for where in unrun if len(where[2].split()) < 4]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_a_file_that_is_shown_is_used(path: Path) -> None:
    found = blocks(path.read_text(encoding="utf-8"))
    for place, block in enumerate(found):
        if block.file is not None and block.unrun is None:
            assert any(block.file in later.text for later in found[place + 1 :]), block.file


# The runner itself


def run(tmp_path: Path, document: str) -> list[str]:
    session = Session(tmp_path)
    session.run(document)
    return session.faults


GOOD = [
    "```console\n$ echo one; echo two\none\ntwo\n$ echo 1 \\\n    2\n1 2\n```",
    "```console\n$ seq 9\n1\n...\n9\n```",
    "```console\n$ echo took 12 s\ntook ... s\n```",
    "```console\n$ false\n$ echo $?\n1\n```",
    "```sh\nseq 9   # a comment\n```",
    "```python\na = 1\nprint(a)\n```\n\n```text\n1\n```\n\n```python\nassert a == 1\n```",
    "```pycon\n>>> 1 + 1\n2\n```",
    "```python\n# a.py\nprint(2)\n```\n\n```console\n$ python a.py\n2\n```",
    "<!-- given: echo 1 > x -->\n\n```console\n$ cat x\n1\n```",
    "<!-- not run: it takes a year -->\n```console\n$ sleep 1y\n```",
]
BAD = [
    "```console\n$ echo one\ntwo\n```",
    "```console\n$ echo one\n```",
    "```console\n$ true\none\n```",
    "```console\n$ seq 9\n1\n...\n8\n```",
    "```console\n$ seq 9\n1\n...\n3\n5\n...\n```",
    "```console\n$ false\n```",
    "```console\n$ false\n$ true\n```",
    "```sh\nfalse\ntrue\n```",
    "```sh\nfalse | true\n```",
    "```python\nprint(1)\n```",
    "```python\nprint(1)\n```\n\n```text\n2\n```",
    "```python\n1 / 0\n```",
    "```pycon\n>>> 1 + 1\n3\n```",
    "<!-- given: false -->",
    "<!-- not run: of the other one -->\n\nText.\n\n```console\n$ false\n```",
    "```yaml\na: 1\n```",
    "```text\na\n```",
    "Text\n\n    false\n",
    "```\na\n```",
]


@pytest.mark.parametrize("document", GOOD)
def test_what_is_right_is_passed(document: str, tmp_path: Path) -> None:
    assert [] == run(tmp_path, document)


@pytest.mark.parametrize("document", BAD)
def test_what_is_wrong_is_found(document: str, tmp_path: Path) -> None:
    assert 1 == len(run(tmp_path, document))


def test_a_console_block_begins_with_a_command() -> None:
    with pytest.raises(ValueError, match="line 7: a console block begins with"):
        list(commands(Block("console", "one\n", 7)))


def test_elisions_are_matched_in_order() -> None:
    lines = ["a", "b", "c", "b", "d"]
    assert matches(("a", "...", "c", "...", "d"), lines)
    assert matches(("...", "b", "..."), lines)
    assert not matches(("...", "c", "...", "a", "..."), lines)
    assert not matches(("a", "b", "...", "b", "c", "b", "d"), ["a", "b", "c", "b", "d"][1:])
    assert not matches(("a", "b", "...", "b", "d"), ["a", "b", "d"])


def test_accepting_writes_what_is_printed_and_nothing_else(tmp_path: Path) -> None:
    document = "# A\n\n```console\n$ echo 1\n2\n3\n$ echo 4\n4\n$ seq 2\n```\n\nEnd.\n"
    session = Session(tmp_path)
    session.run(document)
    assert document.replace("\n2\n3\n", "\n1\n").replace("seq 2\n", "seq 2\n1\n2\n") == accepted(
        document, session.printed
    )
