"""An access to a page that is mapped runs without Python: Cython's annotation shows no line of it in yellow."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from Cython.Compiler.Main import CompilationOptions
from Cython.Compiler.Main import compile as cythonize

import zswap_replay
from tests.paths import ROOT

SOURCE = Path(zswap_replay.__file__).parents[1]
SETUP = ROOT / "setup.py"
CORE = SOURCE / "zswap_replay"

HIT_FUNCTIONS = {
    "lib.block_table": {"first_place", "place_of", "search", "find", "find_from", "begin"},
    "lib.page_table": {
        "find",
        "index_from",
        "page_of",
        "space_of",
        "content_of",
        "set_content",
        "prefetch",
        "prefetch_flags",
        "prefetch_version",
        "prefetch_block",
    },
    "mm.memcg_uses": {"count", "next_is_due", "prefetch"},
    "machine.events": {"prefetch"},
    "machine.look_ahead": {
        "begin",
        "page_at",
        "memcg_at",
        "look",
        "find_memcg",
        "find",
        "seek",
        "find_next",
        "take",
        "ask_for_pages",
        "ask_for_uses",
    },
}
"""What the modules below the loop have for the hit path."""

LINE = re.compile(r'<pre class="cython line score-(\d+)"[^>]*>[^<]*<span class="">\s*0*(\d+)</span>')


def directives() -> dict[str, bool]:
    """The compiler directives that setup.py builds the core with."""
    for node in ast.walk(ast.parse(SETUP.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "compiler_directives":
            return dict(ast.literal_eval(node.value))
    raise AssertionError("setup.py names no compiler_directives")


def errors_of(module: str, text: str, folder: Path) -> int:
    """Compile a module of the core, with annotations beside it; return the number of errors."""
    name = module.rpartition(".")[2]
    source = folder / f"{name}.py"
    source.write_text(text, encoding="utf-8")
    options = CompilationOptions(
        language_level=3,
        include_path=[str(SOURCE)],
        annotate=True,
        compiler_directives=directives(),
        output_file=str(folder / f"{name}.c"),
    )
    return int(cythonize(str(source), options, full_module_name=f"zswap_replay.{module}").num_errors)


def annotated(module: str, text: str, folder: Path) -> dict[int, int]:
    """By line of a module of the core, how much of what it compiles to is calls into Python."""
    assert 0 == errors_of(module, text, folder)
    page = (folder / module.rpartition(".")[2]).with_suffix(".html").read_text(encoding="utf-8")
    return {int(line): int(score) for score, line in LINE.findall(page)}


def yellow(module: str, text: str, folder: Path) -> list[str]:
    """The lines of the hit path of a module that are not C alone."""
    scores, lines = annotated(module, text, folder), text.splitlines()
    path = list(hit_path(module, ast.parse(text)))
    return [lines[line - 1].strip() for line in path if is_code(lines[line - 1]) and scores[line]]


def is_code(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def hit_path(module: str, tree: ast.Module) -> Iterator[int]:
    """The numbers of the lines that a hit may come by."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    if module == "machine.machine":
        loops = {node.name: loop for node in functions for loop in node.body if isinstance(loop, ast.While)}
        (behind_hits,) = [node for node in ast.walk(loops["replay_events"]) if isinstance(node, ast.Continue)]
        yield from range(loops["replay_events"].lineno, behind_hits.lineno + 1)
        hits = loops["replay_hits"]
        assert hits.end_lineno is not None
        yield from range(hits.lineno, hits.end_lineno + 1)
        return
    found = [node for node in functions if node.name in HIT_FUNCTIONS[module]]
    assert HIT_FUNCTIONS[module] == {node.name for node in found}
    for node in found:
        for statement in node.body[1:]:  # behind the docstring
            assert statement.end_lineno is not None
            yield from range(statement.lineno, statement.end_lineno + 1)


def changed(text: str, old: str, new: str) -> str:
    assert 1 == text.count(old)
    return text.replace(old, new)


@pytest.mark.parametrize("module", ["machine.machine", *HIT_FUNCTIONS])
def test_a_hit_runs_without_python(module: str, tmp_path: Path) -> None:
    text = CORE.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    assert [] == yellow(module, text, tmp_path)


def test_a_python_object_on_the_way_of_an_event_does_not_compile(tmp_path: Path) -> None:
    text = (CORE / "machine" / "machine.py").read_text(encoding="utf-8")
    for old, new in (
        (
            "self.pages.flags[page] = flags | accessed\n",
            "self.pages.flags[page] = int(str(flags | accessed))\n",
        ),
        ("self.memory.zap_pte(page)\n", "self.memory.zap_pte(int(str(page)))\n"),
    ):
        assert 0 < errors_of("machine.machine", changed(text, old, new), tmp_path)
