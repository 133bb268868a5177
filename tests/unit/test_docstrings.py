"""The language of docstrings: a function says in the imperative what it does, and every public one says it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.paths import ROOT

_WORDS = """
Accept Account Add Advance Allocate Answer Append Apply Arrange Ask Assemble Assign Attach Balance Bind Break Bring
Build Call Cancel Catch Change Charge Chart Check Choose Clear Close Collect Combine Compare Compile Complete Compress
Compute Connect Convert Copy Count Create Cut Decide Declare Decode Decompress Delete Derive Describe Detach Disable
Do Double Download Draw Drop Enable Encode End Enqueue Enter Escape Estimate Evict Expand Explain Extend Fail Fetch
Fill Find Finish Flush Fold Forbid Forget Format Free Gather Generate Give Handle Hash Hide Ignore Import Increase
Initialize Insert Install Interleave Invalidate Isolate Join Keep Kill Lay Leave Let List Load Locate Look Make Mark
Match Measure Merge Move Name Normalize Note Notify Number Observe Offer Open Outline Parse Pick Prepare Print Protect
Put Query Queue Raise Read Reclaim Record Refuse Reject Release Remember Remove Render Reparent Replace Replay Report
Reserve Reset Resolve Restore Return Rewrite Rotate Round Run Save Say Scan Search Select Send Set Shorten Show Shrink
Skip Sort Spell Split Start Stop Store Strip Style Submit Sum Tabulate Take Tell Thin Trim Truncate Turn Uncharge Undo
Unlink Unwrap Update Use Validate Verify View Wait Walk Warn Wrap Write Yield
Begin Digest Divide Export Label Multiply Guess Judge Key Map Pack Pass Prefetch Scatter Try
Boot Capture Exit Unpack
"""
VERBS = frozenset(_WORDS.split())
"""The words that the docstring of a function may begin with; a verb that is missing is added here."""

FILES = sorted(
    path.relative_to(ROOT).as_posix() for folder in ("src", "tools") for path in (ROOT / folder).rglob("*.py")
)


def is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A property is named and described as a thing, not as a deed."""
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in function.decorator_list}
    return bool(names & {"property", "cached_property", "setter"})


def functions(tree: ast.AST, prefix: str = "", public: bool = True) -> Iterator[tuple[str, bool, str | None]]:
    """Of each function and method: its name, whether it is public, and its docstring."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from functions(node, f"{prefix}{node.name}.", public and not node.name.startswith("_"))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not is_property(node):
                yield (
                    f"{prefix}{node.name}",
                    public and not node.name.startswith("_"),
                    ast.get_docstring(node),
                )
            yield from functions(node, f"{prefix}{node.name}.", False)
        else:
            yield from functions(node, prefix, public)


def faults(source: str) -> list[str]:
    """The functions whose docstring is missing, where they are public, or does not begin with a verb."""
    found = []
    for name, public, docstring in functions(ast.parse(source)):
        if docstring:
            words = [*docstring.split(), ""]
            if words[0].rstrip(",") not in VERBS:
                found.append(f"{name}: {words[0]!r} is none of VERBS")
            elif words[1] == "of":
                found.append(f"{name}: {words[0]!r} is a noun here")
        elif public:
            found.append(f"{name}: no docstring")
    return found


@pytest.mark.parametrize("file", FILES)
def test_functions_say_in_the_imperative_what_they_do(file: str) -> None:
    assert [] == faults((ROOT / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("expected", "source"),
    [
        ([], 'def size():\n    """Return the size."""'),
        (["size: 'The' is none of VERBS"], 'def size():\n    """The size."""'),
        (["size: 'Returns' is none of VERBS"], 'def size():\n    """Returns the size."""'),
        (["count: 'Number' is a noun here"], 'def count():\n    """Number of pages."""'),
        (["size: no docstring"], "def size(): ..."),
        ([], "def _size(): ..."),
        ([], "class _Pool:\n    def size(self): ..."),
        (["Pool.size: no docstring"], "class Pool:\n    def size(self): ..."),
        ([], 'class Pool:\n    @property\n    def size(self):\n        """The size."""'),
        (["_size: 'A' is none of VERBS"], 'async def _size():\n    """A size."""'),
        (["outer: no docstring"], "if True:\n    def outer():\n        def inner(): ..."),
    ],
)
def test_faults_of_docstrings_are_found(expected: list[str], source: str) -> None:
    assert expected == faults(source)
