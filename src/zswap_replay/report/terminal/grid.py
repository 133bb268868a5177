"""A table for people that keeps to any width and loses no figure on the way.

rich's own table shortens cells, and leaves columns out, where it is wider than the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest

from rich.cells import cell_len, get_character_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

_GAP = 2
_HANG = 2
"""Columns by which the second line of a broken name is further in than its first."""
_NAME_LEAST, _HEADING_LEAST = 16, 10
"""Columns to which names and headings are broken at most, unless one of their words is shorter."""
_MOST_PARTS = 3
"""Parts that a table is cut into where its names take more than half of the width; else its rows are stacked."""

_WORD = re.compile(r"/*[^\s_./:,-]*[\s_.:,-]*")
"""A part of a name or a text, after which it may be broken; a path is broken before its slashes."""
_INDENT = re.compile(r"[\s│├└]*")


class Grid:
    """A table without frames, as a renderable of rich: names at the left, then figures, then remarks.

    Columns whose index is in ``left`` hold text, the others right-aligned figures. The first ``keys`` columns name the
    row, and the last ``tail`` qualify it as a whole. Where the width is too small, headings, names and remarks are
    broken into lines; then the figures stand in several tables below each other, each with the names and what
    qualifies them; then each row is a stack of lines. No cell is ever shortened.
    """

    def __init__(self, *headings: str, left: Container[int] = (0,), keys: int = 1, tail: int = 0) -> None:
        self._columns = [
            _Column(Text(name, style="dim"), text=place in left) for place, name in enumerate(headings)
        ]
        self._keys = keys
        self._tail = len(self._columns) - tail

    def add_row(self, *cells: str | Text) -> None:
        """Add a row; columns without a cell stay empty, and a row without cells is an empty line."""
        for column, cell in zip_longest(self._columns, cells, fillvalue=""):
            assert isinstance(column, _Column), "more cells than columns"
            column.cells.append(Text(cell) if isinstance(cell, str) else cell)

    @property
    def natural_width(self) -> int:
        """Columns of the terminal that the table takes where nothing is broken."""
        return _width([column.natural for column in self._columns])

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(self.natural_width, _NAME_LEAST), self.natural_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines(max(options.max_width, 1)):
            line.no_wrap, line.overflow = True, "ignore"
            yield line

    def _lines(self, width: int) -> Iterator[Text]:
        if self.natural_width <= width:
            yield from _table(self._columns, [column.natural for column in self._columns])
            return
        parts = self._parts(width)
        if parts is None:
            yield from self._stacked(width)
            return
        for place, part in enumerate(parts):
            if place:
                yield Text()
            yield from _table(part, _grown(part, width))

    def _parts(self, width: int) -> list[list[_Column]] | None:
        """Put the columns into tables that fit; None where not even one figure fits beside the names."""
        keys, tail = self._columns[: self._keys], self._columns[self._tail :]
        every = [column.least for column in (*keys, *tail)]
        parts: list[list[_Column]] = []
        for column in self._columns[self._keys : self._tail]:
            if parts and _width([*every, *(each.least for each in (*parts[-1], column))]) <= width:
                parts[-1].append(column)
            elif _width([*every, column.least]) <= width:
                parts.append([column])
            else:
                return None
        if not parts or (len(parts) > _MOST_PARTS and _width(every) > width / 2):
            return None
        _rejoin(parts, width - _width([*every, 0]))
        return [[*keys, *part, *tail] for part in parts]

    def _stacked(self, width: int) -> Iterator[Text]:
        """Write each row as a line of its names, and below it a line for each figure with its heading."""
        keys, rest = self._columns[: self._keys], self._columns[self._keys :]
        figures = [column for column in rest if not column.text]
        label_width = max((cell_len(_flat(column.heading).plain) for column in figures), default=0)
        value_width = max((column.widest for column in figures), default=0)
        beside = _HANG + _GAP + value_width <= width
        label_width = max(min(label_width, width - _HANG - _GAP - value_width), 0)
        for row in range(len(self._columns[0].cells)):
            yield from broken(_title(keys, row), width)
            for column in rest:
                cell = column.cells[row]
                if not cell.plain.strip():
                    continue
                label = _flat(column.heading)
                if column.text:
                    words = Text.assemble(label, " ", cell) if label.plain else cell
                    yield from _indented(words, width)
                elif beside and label_width >= min(_HEADING_LEAST, cell_len(label.plain)):
                    columns = [_Column(label, text=True), _Column(Text(), text=False)]
                    lines = _row(columns, [label, cell], [label_width, value_width], at_bottom=False)
                    yield from (Text(" " * _HANG).append_text(line) for line in lines)
                else:
                    yield from _indented(label, width)
                    yield from _indented(cell, width)


@dataclass
class _Column:
    heading: Text
    text: bool
    cells: list[Text] = field(default_factory=list)

    @cached_property
    def widest(self) -> int:
        """Width of the widest cell."""
        return max((_natural(cell) for cell in self.cells), default=0)

    @cached_property
    def natural(self) -> int:
        """Width where nothing is broken."""
        return max(_natural(self.heading), self.widest)

    @cached_property
    def least(self) -> int:
        """Width where the heading and, in a column of text, all cells are broken; figures never are."""
        heading = min(_natural(self.heading), max(_longest_word(self.heading), 1), _HEADING_LEAST)
        if not self.text:
            return max(heading, self.widest)
        words = max((_longest_word(cell) for cell in self.cells), default=0)
        return max(heading, min(self.widest, words, _NAME_LEAST))


def broken(text: Text, width: int) -> list[Text]:
    """Break a text into lines of at most ``width`` columns, after a word of it or, where one is too long, in it."""
    if "\n" not in text.plain and cell_len(text.plain) <= width:
        return [text]
    lines: list[Text] = []
    for line in text.split("\n", allow_blank=True):
        if cell_len(line.plain) <= width:
            lines.append(line)
            continue
        indent = min(len(_INDENT.match(line.plain)[0]) + _HANG, max(width - _HEADING_LEAST, 0))  # type: ignore[index]
        start = 0
        while start < len(line.plain):
            room = width - indent if start else width
            stop = _stop(line.plain, start, max(room, 1))
            piece = line[start:stop]
            piece.rstrip()
            lines.append(Text(" " * indent).append_text(piece) if start else piece)
            start = stop + len(line.plain[stop:]) - len(line.plain[stop:].lstrip())
    return lines


def _stop(plain: str, start: int, room: int) -> int:
    """Find where a line ends that begins at ``start`` and has ``room`` columns."""
    end, used = start, 0
    while end < len(plain) and (end == start or used + get_character_cell_size(plain[end]) <= room):
        used += get_character_cell_size(plain[end])
        end += 1
    if end == len(plain) or plain[end].isspace():
        return end
    ends = [word.end() for word in _WORD.finditer(plain, start) if plain[start : word.end()].strip()]
    return max((stop for stop in ends if stop <= end), default=end)


def _table(columns: Sequence[_Column], widths: Sequence[int]) -> Iterator[Text]:
    if any(column.heading.plain for column in columns):
        yield from _row(columns, [column.heading for column in columns], widths, at_bottom=True)
    for row in range(len(columns[0].cells)):
        yield from _row(columns, [column.cells[row] for column in columns], widths, at_bottom=False)


def _row(
    columns: Sequence[_Column], cells: Sequence[Text], widths: Sequence[int], *, at_bottom: bool
) -> Iterator[Text]:
    parts = [broken(cell, width) for cell, width in zip(cells, widths, strict=True)]
    tall = max(map(len, parts))
    for line in range(tall):
        whole = Text()
        for number, (column, part, width) in enumerate(zip(columns, parts, widths, strict=True)):
            place = line - (tall - len(part)) if at_bottom else line
            piece = part[place] if 0 <= place < len(part) else Text()
            free = Text(" " * (width - cell_len(piece.plain)))
            whole.append(" " * _GAP if number else "")
            for each in (piece, free) if column.text else (free, piece):
                whole.append_text(each)
        whole.rstrip()
        yield whole


def _rejoin(parts: list[list[_Column]], width: int) -> None:
    """Move a figure to the last part where it holds remarks alone: a remark is on the figure beside it."""
    if len(parts) < 2 or len(parts[-2]) < 2 or not all(column.text for column in parts[-1]):
        return
    if _width([each.least for each in (*parts[-1], parts[-2][-1])]) <= width:
        parts[-1].insert(0, parts[-2].pop())


def _grown(columns: Sequence[_Column], width: int) -> list[int]:
    """Give away what a table leaves free: first among its columns of text, then among the headings of figures."""
    widths = [column.least for column in columns]
    free = width - _width(widths)
    for place in sorted(range(len(columns)), key=lambda place: not columns[place].text):
        more = min(free, columns[place].natural - widths[place])
        widths[place] += more
        free -= more
    return widths


def _title(keys: Sequence[_Column], row: int) -> Text:
    """Name a row in one line: its only name, or the heading and the value of each."""
    title = Text()
    separator = ""
    for column in keys:
        cell = column.cells[row]
        if cell.plain.strip():
            title.append(separator)
            named = len(keys) > 1 and column.heading.plain
            title.append_text(Text.assemble(_flat(column.heading), " ", cell) if named else cell)
            separator = ", " if named else " "
    return title


def _indented(text: Text, width: int) -> Iterator[Text]:
    indent = _HANG if width > _HEADING_LEAST else 0
    return (Text(" " * indent).append_text(line) for line in broken(text, width - indent))


def _flat(text: Text) -> Text:
    """Put the lines of a heading into one."""
    return Text(" ").join(text.split("\n")) if "\n" in text.plain else text


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _natural(text: Text) -> int:
    return max(map(cell_len, text.plain.split("\n")))


def _longest_word(text: Text) -> int:
    indent = len(_INDENT.match(text.plain)[0])  # type: ignore[index]
    return indent + max(cell_len(word.rstrip()) for word in _WORD.findall(text.plain))
