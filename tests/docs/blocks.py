"""The blocks of code of a Markdown document, and what stands between them for the tests alone.

A document is run from top to bottom in a folder of its own:

- ``console``: commands after ``$ ``, each with all that it prints below it; ``...`` stands for lines, or for a part of
  a line, that are left out. A command that fails is followed by ``$ echo $?``.
- ``sh``: commands that have to end well, whatever they print.
- ``python``: run as it stands; a ``text`` block right below it is what it prints.
- ``pycon``: a doctest.
- a block of any language whose first line is a comment that names a file (``# trace.py``) is that file.
- ``<!-- given: COMMANDS -->`` runs what a reader has done before, or has at home, without a word to him.
- ``<!-- not run: REASON -->`` right above a block says why no test can run it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

GIVEN = "given"

_COMMENT = re.compile(r"<!-- (given|not run): (.*?) *-->\s*", re.DOTALL)
_FILE = re.compile(r"# ([\w./-]+\.\w+)\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its language, its text and the number of its first line of text in the document, from 1 on."""

    language: str
    text: str
    line: int
    unrun: str | None = None
    """Why it is not run, where it is not."""

    @property
    def file(self) -> str | None:
        """The file that the block is, where it is one."""
        found = _FILE.match(self.text)
        return found[1] if found and self.language not in ("console", "pycon", GIVEN) else None


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a console block, with what it is shown to print."""

    words: str
    shown: tuple[str, ...]
    line: int
    """Number of its first line in the document, from 1 on."""
    output_line: int
    """Number of the line at which its output begins, or would begin."""


def blocks(document: str) -> list[Block]:
    """The blocks of a document, in its order. Indented ones have the language ``indented``."""
    found = []
    unrun = None
    for token in MarkdownIt("commonmark").parse(document):
        if token.map is None:
            continue
        line = token.map[0] + 1
        if token.type == "html_block":
            comment = _COMMENT.fullmatch(token.content)
            if comment and comment[1] == GIVEN:
                found.append(Block(GIVEN, comment[2], line))
            unrun = comment[2] if comment and comment[1] != GIVEN else None
        elif token.type == "fence":
            found.append(Block(token.info, token.content, line + 1, unrun))
            unrun = None
        elif token.type == "code_block":
            found.append(Block("indented", token.content, line, unrun))
            unrun = None
        elif token.type in ("paragraph_open", "heading_open"):
            unrun = None
    return found


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block. Raises ValueError: it begins with something else."""
    lines = block.text.splitlines()
    if not lines or not lines[0].startswith("$ "):
        raise ValueError(f"line {block.line}: a console block begins with `$ `")
    start = 0
    while start < len(lines):
        end = start + 1
        while end < len(lines) and lines[end - 1].rstrip().endswith(("\\", "|")):
            end += 1
        stop = end
        while stop < len(lines) and not lines[stop].startswith("$ "):
            stop += 1
        yield Command(
            "\n".join(lines[start:end]).removeprefix("$ "),
            tuple(lines[end:stop]),
            block.line + start,
            block.line + end,
        )
        start = stop


def matches(shown: tuple[str, ...], printed: list[str]) -> bool:
    """Whether some lines are as they are shown; blanks at their ends and empty lines around them do not count."""
    parts: list[list[str]] = [[]]
    for line in _trimmed(shown):
        if line.strip() == "...":
            parts.append([])
        else:
            parts[-1].append(line)
    lines = _trimmed(printed)
    first, *rest = parts
    if not _same(first, lines[: len(first)]):
        return False
    if not rest:
        return len(first) == len(lines)
    place = len(first)
    *middle, last = rest
    for part in middle:
        while not _same(part, lines[place : place + len(part)]):
            place += 1
            if place + len(part) > len(lines):
                return False
        place += len(part)
    end = len(lines) - len(last)
    return place <= end and _same(last, lines[end:])


def _trimmed(lines: tuple[str, ...] | list[str]) -> list[str]:
    return "\n".join(line.rstrip() for line in lines).strip("\n").split("\n") if any(lines) else []


def _same(shown: list[str], printed: list[str]) -> bool:
    return len(shown) == len(printed) and all(map(_same_line, shown, printed))


def _same_line(shown: str, printed: str) -> bool:
    return re.fullmatch(".*?".join(map(re.escape, shown.split("..."))), printed) is not None
