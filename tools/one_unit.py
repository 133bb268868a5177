"""Turns the C of the core's modules into that of one unit, in which they call each other without a table.

Cython lets a module call another one's functions through a table that it gets when it is imported, so that no C
compiler can see what is called, nor inline it. Linked into one library they need no table: what is called here is known
where a class is final, and where a function is a module's own. Each module keeps its C, its name and its file, so that
a traceback names the same lines; only these calls, and what they call, are declared otherwise.
"""

from __future__ import annotations

import re

HIDDEN = '__attribute__((visibility("hidden")))'

_TABLE = re.compile(r"^struct __pyx_vtabstruct_(\w+) \{\n(.*?)^\};\n", re.MULTILINE | re.DOTALL)
_BASE = re.compile(r"^  struct __pyx_vtabstruct_(\w+) __pyx_base;$", re.MULTILINE)
_OVERRIDDEN = re.compile(r"^  __pyx_vtable_(\w+)\.((?:__pyx_base\.)+)(\w+) = ", re.MULTILINE)
_ENTRY = re.compile(r"^  ([^\n]*?)\(\*(\w+)\)(\([^\n]*\));$", re.MULTILINE)
_CALL = re.compile(
    r"\(\(struct __pyx_vtabstruct_(\w+) \*\)((?:[^()]|\((?:[^()]|\([^()]*\))*\))*?)->__pyx_vtab\)->(\w+)\("
)
_POINTER = re.compile(r"^static ([^\n=;]*?)\(\*(__pyx_f_\w+)\)(\([^\n]*\));", re.MULTILINE)
_OWN = re.compile(r"^static (?:CYTHON_INLINE )?([^\n=;()]*?\b(__pyx_f_\w+)\()", re.MULTILINE)


def mangled(name: str) -> str:
    """Return a dotted name as Cython writes it: each part behind its length, all but the first behind a line."""
    return "_".join(f"{len(part)}{part}" for part in name.split("."))


def joined(modules: dict[str, str]) -> dict[str, str]:
    """Return the C of each module in one unit with the others, by its dotted name, of what Cython made of it."""
    prefixes = [mangled(name) for name in modules]
    tables = {name: entries for c in modules.values() for name, entries in _TABLE.findall(c)}
    bases = {name: found[1] for name, entries in tables.items() if (found := _BASE.search(entries))}
    overridden = set()
    for c in modules.values():
        for name, climb, method in _OVERRIDDEN.findall(c):
            for _ in range(climb.count(".")):
                name = bases[name]
            overridden.add((name, method))
    called = {
        (name, method): f"__pyx_f_{prefix}_{len(name) - len(prefix) - 1}{name[len(prefix) + 1 :]}_{method}"
        for name, entries in tables.items()
        for prefix in prefixes
        if name.startswith(f"{prefix}_")
        for _, method, _ in _ENTRY.findall(entries)
        if (name, method) not in overridden
    }
    functions = tuple(f"__pyx_f_{prefix}_" for prefix in prefixes)
    used: set[str] = set()
    direct = {
        name: _direct(c, f"__pyx_f_{mangled(name)}_", called, functions, used) for name, c in modules.items()
    }
    return {name: _cold(_shown(c, used)) for name, c in direct.items()}


def _cold(c: str) -> str:
    """Tell the compiler that what notes a traceback is seldom called: it puts what leads there out of the way."""
    for function in ("__Pyx_AddTraceback", "__Pyx_WriteUnraisable"):
        c = c.replace(f"static void {function}(", f"static __attribute__((cold, noinline)) void {function}(")
    return c


def _direct(
    c: str, own: str, called: dict[tuple[str, str], str], functions: tuple[str, ...], used: set[str]
) -> str:
    """Let a module call directly what it gets from others, and add that to ``used``.

    ``own`` is what its own functions begin with, ``functions`` what those of all modules do; ``called`` has the
    function that each class and method stands for.
    """

    def declare(table: re.Match[str]) -> str:
        """Declare the functions of another module that a table would give, behind the table."""
        name, entries = table.groups()
        return table[0] + "".join(
            f"{HIDDEN} {returned}{function}{arguments};\n"
            for returned, method, arguments in _ENTRY.findall(entries)
            if (function := called.get((name, method))) and not function.startswith(own)
        )

    def call(found: re.Match[str]) -> str:
        """Call what a table would give."""
        function = called.get((found[1], found[3]))
        if function is None:
            return found[0]
        if not function.startswith(own):
            used.add(function)
        return f"{function}("

    def point(found: re.Match[str]) -> str:
        """Keep a pointer that the import fills, under another name, and declare what it points to."""
        returned, function, arguments = found.groups()
        if not function.startswith(functions):
            return found[0]
        pointers.append(function)
        return f"static {returned}(*filled{function}){arguments}; {HIDDEN} {returned}{function}{arguments};"

    pointers: list[str] = []
    c = _POINTER.sub(point, _CALL.sub(call, _TABLE.sub(declare, c)))
    for function in pointers:
        c = re.sub(rf"&{function}\b", f"&filled{function}", c)
    used.update(pointers)
    return c


def _shown(c: str, used: set[str]) -> str:
    """Let other modules see those of a module's functions that they use; the others stay its own, and inline."""
    return _OWN.sub(lambda found: f"{HIDDEN} {found[1]}" if found[2] in used else found[0], c)
