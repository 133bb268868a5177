"""Runs the blocks of a document as a reader would, in a folder of its own, and says what is not as it is shown."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import shlex
import stat
import subprocess
import sys
import traceback
from pathlib import Path
from textwrap import dedent, indent

from tests import warm
from tests.docs.blocks import GIVEN, Block, Command, blocks, commands, matches
from tests.paths import ROOT

_PROGRAMS = {
    "zswap-replay": 'exec {program} "$@"',
    "python": 'exec "{python}" "$@"',
    "python3": 'exec "{python}" "$@"',
    # valgrind is not there everywhere, and is slow: this one has "seen" a program touch twenty pages, five times each
    "valgrind": """
        awk 'BEGIN {{ for (i = 0; i < 100; i++) printf "I  0400%04x,3\\n S 1ff%05x,8\\n", i, (i % 20) * 4096 }}' >&9
    """,
}


class Session:
    """One document on its way: a folder, an environment for commands, and the names that Python blocks share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        (self.folder / "traces").mkdir()
        for trace in (ROOT / "traces").glob("*.parquet"):
            (self.folder / "traces" / trace.name).symlink_to(trace)
        for inputs in ("imports", "live"):
            (self.folder / "traces" / inputs).symlink_to(ROOT / "traces" / inputs)
        programs = folder / "bin"
        programs.mkdir()
        for name, script in _PROGRAMS.items():
            program = programs / name
            program.write_text(
                f"#!/bin/sh\n{dedent(script.format(python=sys.executable, program=shlex.join(warm.program())))}\n",
                encoding="utf-8",
            )
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
        } | {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        self.names: dict[str, object] = {}
        self.status = 0
        self.faults: list[str] = []
        self.printed: dict[Command, list[str]] = {}
        """What commands that are shown otherwise do print."""

    def run(self, document: str) -> None:
        """Run a document's blocks; ``faults`` then has a text for each that is not as it is shown."""
        found = blocks(document)
        for place, block in enumerate(found):
            after = found[place + 1] if place + 1 < len(found) else None
            before = found[place - 1] if place else None
            if block.unrun is None and not block.language.startswith("{"):
                self._block(block, before, after)

    def _block(self, block: Block, before: Block | None, after: Block | None) -> None:
        if block.file is not None:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            return
        match block.language:
            case "console":
                for command in commands(block):
                    self._command(command)
                if self.status:
                    self._fault(block, f"ends with status {self.status}, and no `$ echo $?` shows it")
            case "sh" | "given":
                done = self._bash(f"set -eo pipefail\n{block.text}")
                self.status = 0
                if done.returncode:
                    self._fault(block, f"status {done.returncode}\n{done.stdout}")
            case "python":
                shown = after.text if after and after.language == "text" and not after.unrun else None
                self._python(block, shown)
            case "pycon":
                self._doctest(block)
            case "text" if before is not None and before.language == "python":
                pass  # it was compared with what that block prints
            case language:
                self._fault(block, f"a block of {language or 'no language'} that nothing checks")

    def _bash(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def _command(self, command: Command) -> None:
        asks = command.words == "echo $?"
        if self.status and not asks:
            self.faults.append(
                f"line {command.line}: the one before ended with status {self.status}, unshown"
            )
        done = self._bash(f"(exit {self.status})\n{command.words}")
        self.status = done.returncode
        printed = done.stdout.splitlines()
        if not matches(command.shown, printed):
            self.printed[command] = printed
            shown = indent("\n".join(command.shown), "  ")
            self.faults.append(
                f"line {command.line}: $ {command.words}\nshown:\n{shown}\nprinted:\n{indent(done.stdout, '  ')}"
            )

    def _python(self, block: Block, shown: str | None) -> None:
        out = io.StringIO()
        try:
            with contextlib.chdir(self.folder), contextlib.redirect_stdout(out):
                exec(compile(block.text, f"line {block.line}", "exec"), self.names)
        except Exception:
            self._fault(block, traceback.format_exc(limit=-1))
        if not matches(tuple((shown or "").splitlines()), out.getvalue().splitlines()):
            self._fault(block, f"prints\n{indent(out.getvalue(), '  ')}")

    def _doctest(self, block: Block) -> None:
        example = doctest.DocTestParser().get_doctest(block.text, {}, "block", None, block.line - 1)
        example.globs = self.names
        runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
        report: list[str] = []
        with contextlib.chdir(self.folder):
            runner.run(example, out=report.append, clear_globs=False)
        self.faults.extend(report)

    def _fault(self, block: Block, text: str) -> None:
        kind = "given" if block.language == GIVEN else f"the {block.language} block"
        self.faults.append(f"line {block.line}: {kind}: {text}")


def accepted(document: str, printed: dict[Command, list[str]]) -> str:
    """The document with what its commands print in place of what they are shown to print."""
    lines = document.splitlines(keepends=True)
    for command in sorted(printed, key=lambda command: command.output_line, reverse=True):
        start = command.output_line - 1
        lines[start : start + len(command.shown)] = [f"{line.rstrip()}\n" for line in printed[command]]
    return "".join(lines)
