"""The row of an importer: what the command line and the documents are made from. Nothing here loads Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["flag", "count", "text", "choice", "time", "file"]
"""What an option takes: nothing, a number from 1, a text, one of its choices, a time, the name of a file."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option of an importer: ``--by`` is the argument ``by`` of its function."""

    flag: str
    told: str
    """The line that ``--help`` shows."""
    kind: Kind = "text"
    default: object = None
    choices: tuple[str, ...] = ()
    multiple: bool = False
    metavar: str | None = None
    least: int = 1
    """The smallest number that an option of the kind ``count`` takes."""

    @property
    def name(self) -> str:
        """The name of the argument."""
        return self.flag.lstrip("-").replace("-", "_")


@dataclass(frozen=True, slots=True)
class Importer:
    """One importer: a command of ``trace import``, and a row of the table in the documents."""

    line: str
    """The sentence that ``trace import --help`` shows."""
    text: str
    """What its own ``--help`` says besides."""
    reads: str
    """What it reads, as the documents name it."""
    options: tuple[Option, ...] = ()
    """Its options beside those that all have."""
    example: tuple[str, ...] = ()
    """Commands that its help shows."""
    module: str | None = None
    """The module of trace/importers, where several importers share one; None: the one of its own name."""
    aliases: tuple[str, ...] = ()
    """Other names that the command line takes, and does not list."""
    own_command: bool = False
    """Whether its command is written by hand: ``x`` of the module ``cli.trace.x``."""

    def place(self, name: str) -> tuple[str, str]:
        """Return the module of the importer of this name, and its function there."""
        plain = name.replace("-", "_")
        return f"zswap_replay.trace.importers.{self.module or plain}", f"import_{plain}"


STEP = Option(
    "--step-ns", "Time from one row to the next, as the input has no clock.", kind="count", default=1000
)
WINDOW = Option(
    "--window",
    "Drop accesses to the N pages touched last, but for the first write to each; 0 keeps every access.",
    kind="count",
    default=1,
    least=0,
)
PAGES_TOUCHED = Option(
    "--event",
    "What an access is where the input does not tell reads from writes.",
    kind="choice",
    default="read",
    choices=("read", "write"),
)
BY = Option(
    "--by",
    "A memcg for each process, or for each program, in which its processes keep pages of their own.",
    kind="choice",
    default="process",
    choices=("process", "program"),
)
COMM = Option("--comm", "Only the program of this name. Repeatable.", multiple=True, metavar="NAME")
PID = Option("--pid", "Only the process of this number. Repeatable.", multiple=True, metavar="PID")
COLUMN = Option(
    "--column",
    "The column of a trace that a column of the input gives: page=addr>>12, time_ns=seconds*1e9, memcg=comm. "
    "Repeatable.",
    multiple=True,
    metavar="NAME=COLUMN[OPERATION]",
)
"""Options that several importers have."""
